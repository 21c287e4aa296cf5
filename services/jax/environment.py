"""The environment of a trial on JAX."""

import jax
from jax._src.lib import cuda_versions
from twinrun.contract.events import Environment

from services.machine.environment import completed
from services.model.taken import Used


def environment(
    threads: int = 0, precision_notes: str = "", used: Used | None = None
) -> Environment:
    """Return the environment, with a trainer's settings if there is one. Starts no device."""
    return completed(
        Environment(
            framework="jax",
            framework_version=jax.__version__,
            threads=threads,
            blas=_BLAS,
            cuda_version=_version("cuda_runtime_get_version"),
            cudnn_version=_version("cudnn_get_version"),
            precision_notes=precision_notes,
            used=dict(used.values) if used else {},
            own=tuple(used.own) if used else (),
            tf32=jax.config.jax_default_matmul_precision != "highest",
        )
    )


# XLA reports no versions: both are linked into it.
_BLAS = "Eigen, oneDNN"


def _version(name: str) -> str:
    """Ask JAX's plugin for CUDA; write 12090 as 12.9, and 90203, of cuDNN, as 9.2.3."""
    try:
        number = getattr(cuda_versions, name)() if cuda_versions else 0
    except RuntimeError:  # the library cannot be loaded; a job on the CPU does without it
        number = 0
    if not number:
        return ""
    if number >= 50_000:
        return f"{number // 10_000}.{number % 10_000 // 100}.{number % 100}"
    return f"{number // 1000}.{number % 1000 // 10}"
