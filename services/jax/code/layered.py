"""A job's layers as a Flax model, for comparison with another framework's code."""

from typing import NoReturn

from twinrun.contract.spec import JobSpec

from services.errors import Unsupported


def of_layers(spec: JobSpec) -> NoReturn:
    """Refuse a job of layers whose other side is the user's code. Raises Unsupported."""
    del spec
    raise Unsupported(
        "JAX's runner builds no Flax model of the workload's layers beside another framework's "
        "code; give --code jax=FILE:FUNCTION, too",
        field="layers",
    )
