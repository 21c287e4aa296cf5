"""Conv2dTranspose: a kernel [h, w, filters, in] that spreads each pixel of [batch, h, w, in]."""

import keras
from twinrun.contract.layers import Conv2dTranspose

from services.model.layers.window import transposed


def idiomatic(layer: Conv2dTranspose, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`; what is cut off is a layer after it."""
    axes = transposed(layer)
    made = keras.layers.Conv2DTranspose(
        layer.filters,
        layer.size_2d or layer.size,
        layer.stride_2d or layer.stride,
        padding="same" if layer.same else "valid",
        # None is another rule: a whole stride of each pixel, though a smaller kernel ends before.
        output_padding=None if layer.same else [max(-axis.after, 0) for axis in axes],
        use_bias=layer.use_bias,
        dtype=dtype,
    )
    cut = [(axis.before, max(axis.after, 0)) for axis in axes]
    if layer.same or not any(map(any, cut)):
        return [made]
    return [made, keras.layers.Cropping2D(cut, dtype=dtype)]
