"""Conv1d: a kernel [size, in / groups, filters] on each window of sequences [batch, time, in]."""

import keras
from twinrun.contract.layers import Conv1d


def idiomatic(layer: Conv1d, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`; other padding is a layer before it."""
    zeros = layer.padding_1d or (layer.padding,) * 2
    padded = [keras.layers.ZeroPadding1D(zeros, dtype=dtype)] if any(zeros) else []
    made = keras.layers.Conv1D(
        layer.filters,
        layer.size,
        layer.stride,
        padding="same" if layer.same else "valid",
        dilation_rate=layer.dilation,
        groups=layer.groups,
        use_bias=layer.use_bias,
        dtype=dtype,
    )
    return [*padded, made]
