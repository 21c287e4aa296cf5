"""AdamW: the decay apart, it is Adam."""

from services.model.optimizers.adam import factors, starts

__all__ = ["factors", "starts"]
