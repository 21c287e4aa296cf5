"""Conv2d: a kernel [h, w, in / groups, filters] on each window of images [batch, h, w, in]."""

import keras
from twinrun.contract.layers import Conv2d


def idiomatic(layer: Conv2d, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`.

    Keras only pads by nothing or to keep the size, so any other padding is a layer before it.
    """
    zeros = layer.padding_2d or (layer.padding,) * 2
    padded = []
    if any(zeros):
        sides = zeros[:2], zeros[-2:]  # above and below, left and right
        padded = [keras.layers.ZeroPadding2D(sides, dtype=dtype)]
    made = keras.layers.Conv2D(
        layer.filters,
        layer.size_2d or layer.size,
        layer.stride_2d or layer.stride,
        padding="same" if layer.same else "valid",
        dilation_rate=layer.dilation,
        groups=layer.groups,
        use_bias=layer.use_bias,
        dtype=dtype,
    )
    return [*padded, made]
