"""What JAX's runner does not do, each in one sentence with the remedy."""

from twinrun.contract.enums import Execution, OwnWay
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data
from services.errors import Unsupported
from services.trial.code import Build

# What JAX itself has, without a library for models: how it runs a matched job already, or a
# setting that it is given. All others are defaults of Flax or Optax.
_HAS = frozenset(
    {
        OwnWay.LOSS_READ,
        OwnWay.THREADS,
        OwnWay.TF32,
        OwnWay.JIT_COMPILE,  # all is compiled by XLA
        OwnWay.DENORMALS,  # XLA makes them zero
        OwnWay.SAME_PADDING,  # XLA's puts an odd zero after the image
        OwnWay.MEMORY_LAYOUT,  # channels last
    }
)


def require_supported(spec: JobSpec, build: Build | None = None) -> None:
    """Check the code, the execution and the own ways. Raises Unsupported."""
    if spec.code is not None or build is not None:
        raise Unsupported(
            "JAX's runner trains models of layers and no user's code yet; give the job layers",
            field="code",
        )
    if spec.execution is Execution.EAGER:
        raise Unsupported(
            "JAX makes a program of each single operation where it runs op by op, which takes 19 "
            "to 43 times as long as PyTorch and measures nothing else; take execution default",
            field="execution",
        )
    if lacking := [way for way in spec.own_ways if way not in _HAS]:
        raise Unsupported(
            f"own_ways has {', '.join(lacking)}, which JAX itself has no default for: Flax and "
            "Optax have, and JAX's runner does not use them yet; leave it out",
            field="own_ways",
        )


def require_arrays(data: Data) -> None:
    """Check that the idiomatic recipe need not read files. Raises Unsupported."""
    if data.files is not None:
        raise Unsupported(
            "the images are files, and JAX has nothing of its own that reads them, nor have Flax "
            "and Grain; take recipe matched, or give the images as arrays",
            field="dataset.arrays.files",
        )
