"""What TensorFlow's runner does not do, in one sentence with the remedy."""

from twinrun.contract.enums import Execution
from twinrun.contract.spec import JobSpec

from services.errors import Unsupported


def require_supported(spec: JobSpec) -> None:
    """Check the devices. Raises Unsupported: op by op the replicas of a process take turns."""
    if spec.devices > 1 and spec.execution is Execution.EAGER:
        raise Unsupported(
            f"devices is {spec.devices}, and execution is eager, where the replicas of "
            "TensorFlow's MirroredStrategy take turns; take execution default",
            field="devices",
        )
