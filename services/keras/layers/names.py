"""The arrays of Keras's layers by their names in canonical weights."""

import operator
from collections.abc import Mapping

import keras

from services.keras.layers.products import embedding
from services.keras.layers.sequences import gru, multi_head_attention, position_embedding

# Of what Keras names otherwise.
_KERAS_NAMES = {
    (keras.layers.Embedding, "table"): "embeddings",
    (embedding.Padded, "table"): "embeddings",
    (keras.layers.RMSNormalization, "gamma"): "scale",
    (keras.layers.LSTM, "kernel"): "cell.kernel",
    (keras.layers.LSTM, "recurrent_kernel"): "cell.recurrent_kernel",
    (keras.layers.LSTM, "bias"): "cell.bias",
    (gru.Gates, "kernel"): "of_input",
    (gru.Gates, "recurrent_kernel"): "of_output",
    (gru.Gates, "bias"): "first_bias",
    (gru.Gates, "recurrent_bias"): "second_bias",
    (position_embedding.Positions, "table"): "embeddings",
    **{
        (multi_head_attention.ToItself, f"{part}_kernel"): f"_{part}_dense.kernel"
        for part in ("query", "key", "value", "output")
    },
    (multi_head_attention.ToItself, "output_bias"): "_output_dense.bias",
}


def held(made: Mapping[str, keras.layers.Layer], name: str) -> keras.Variable:
    """Find the variable that is named ``<layer>.<part>`` in weights.

    ``made``: the layers of `services.keras.model.users`.
    """
    of, _, part = name.rpartition(".")
    if of in made:
        layer = made[of]
    else:  # one of a bidirectional layer's two
        of, _, way = of.rpartition(".")
        layer = getattr(made[of], f"{way}_layer")
    return operator.attrgetter(_KERAS_NAMES.get((type(layer), part), part))(layer)
