"""GlobalAveragePool1d: the mean over the positions of a sequence."""

import keras
from twinrun.contract.layers import GlobalAveragePool1d


def idiomatic(_: GlobalAveragePool1d, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    return [keras.layers.GlobalAveragePooling1D(dtype=dtype)]
