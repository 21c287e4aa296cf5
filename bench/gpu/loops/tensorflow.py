"""TensorFlow's bare loops: an epoch in one graph, as it is and compiled by XLA."""

from collections.abc import Callable

from bench import tensorflow, tensorflow_cnn
from bench.interleave import Variant
from services.data.arrays import Data

import tensorflow as tf  # isort: skip - after the trainer's module, which quiets its import


def product(side: int) -> Callable[[], None]:
    """Return what multiplies square matrices on the first card, and waits for it."""
    tf.config.experimental.set_memory_growth(tf.config.list_physical_devices("GPU")[0], enable=True)
    x = tf.random.uniform((side, side))

    def multiply() -> None:
        nonlocal x
        x = tf.clip_by_value(x @ x, -1, 1)
        x[0, 0].numpy()

    return multiply


def variants(data: Data, network: str, device: str) -> dict[str, Variant]:
    """Return the loops of a network, ``mlp`` or ``cnn``."""
    made = {"mlp": tensorflow.model, "cnn": tensorflow_cnn.model}[network]
    with tf.device("/GPU:0" if device == "cuda" else "/CPU:0"):
        return {
            "bare tf.function": tensorflow.one_graph(made(), data),
            "bare tf.function, XLA": tensorflow.one_graph(made(), data, xla=True),
        }
