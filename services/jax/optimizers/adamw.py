"""AdamW: after the decay, Adam's step."""

from twinrun.contract.optimizers import AdamW

from services.jax.optimizers.adam import step
from services.jax.optimizers.kinds import Usual

__all__ = ["step", "usual"]


def usual(kind: AdamW) -> Usual:
    """Implement `services.jax.optimizers.kinds.Kind`."""
    given = {"b1": kind.beta_1, "b2": kind.beta_2, "weight_decay": kind.weight_decay}
    return "amsgradw" if kind.amsgrad else "adamw", given
