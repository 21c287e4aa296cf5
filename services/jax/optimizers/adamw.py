"""AdamW: after the decay, Adam's step."""

from services.jax.optimizers.adam import step

__all__ = ["step"]
