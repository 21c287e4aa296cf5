"""AdamW: after the decay, Adam's step."""

from services.tensorflow.optimizers.adam import kernel, kernel_factors, step

__all__ = ["kernel", "kernel_factors", "step"]
