"""The defaults of Flax and Optax, for jobs that use them: by their own code.

Flax is imported only where a job asks for it: it takes as long as JAX.
"""

import inspect

from twinrun.contract.layers import BatchNorm, GroupNorm, LayerNorm, RmsNorm
from twinrun.contract.norms import Norm


def number(layer: Norm, field: str) -> float:
    """Return Flax's own of a norm's ``field``, epsilon or momentum."""
    from flax import nnx  # noqa: PLC0415

    modules: dict[type, type[nnx.Module]] = {
        BatchNorm: nnx.BatchNorm,
        LayerNorm: nnx.LayerNorm,
        GroupNorm: nnx.GroupNorm,
        RmsNorm: nnx.RMSNorm,
    }
    return float(inspect.signature(modules[type(layer)].__init__).parameters[field].default)
