"""TensorFlow: the trainer on a text, and the loops that a good user would write.

``python -m bench.tensorflow_text`` in TensorFlow's environment. An LSTM, and a small transformer.
"""

import numpy as np

from bench import interleave, report, workload
from bench.interleave import Variant
from bench.report import Target
from bench.tensorflow import matched
from services import tensorflow
from services.data.arrays import Data

import keras  # isort: skip - after the trainer's module, which quiets TensorFlow's import
import tensorflow as tf  # isort: skip


def recurrent() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((workload.TIME,), dtype="int32"),
            keras.layers.Embedding(workload.CODES, 16),
            keras.layers.LSTM(64, return_sequences=True),
            keras.layers.Dense(workload.CODES),
        ]
    )


class Positions(keras.layers.Layer):
    def build(self, shape: tuple[int | None, ...]) -> None:
        self.table = self.add_weight(shape=shape[1:])

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return x + self.table


def transformer() -> keras.Model:
    given = keras.Input((workload.TIME,), dtype="int32")
    x = Positions()(keras.layers.Embedding(workload.CODES, 32)(given))
    for _ in range(2):
        normed = keras.layers.LayerNormalization()(x)
        x += keras.layers.MultiHeadAttention(4, 8)(normed, normed, use_causal_mask=True)
        wide = keras.layers.Dense(128, "gelu")(keras.layers.LayerNormalization()(x))
        x += keras.layers.Dense(32)(wide)
    x = keras.layers.LayerNormalization()(x)
    return keras.Model(given, keras.layers.Dense(workload.CODES)(x))


def bare(net: keras.Model, data: Data) -> Variant:
    """Return a Keras model and Keras's Adam in one `tf.function` an epoch, with the loop in it."""
    codes = tf.constant(data.train_images.astype(np.int32))
    following = tf.constant(data.train_labels)
    optimizer = keras.optimizers.Adam(workload.LEARNING_RATE)
    optimizer.build(net.trainable_variables)
    steps = len(codes) // workload.TEXT_BATCH

    @tf.function
    def epoch(order: tf.Tensor) -> tf.Tensor:
        losses = tf.TensorArray(tf.float32, steps)
        for i in tf.range(steps):
            with tf.GradientTape() as tape:
                logits = net(tf.gather(codes, order[i]), training=True)
                of_each = tf.nn.sparse_softmax_cross_entropy_with_logits(
                    tf.gather(following, order[i]), logits
                )
                loss = tf.reduce_mean(of_each)
            gradients = tape.gradient(loss, net.trainable_variables)
            optimizer.apply(gradients, net.trainable_variables)
            losses = losses.write(i, loss)
        return losses.stack()

    generator = np.random.default_rng(0)

    def run() -> None:
        order = generator.permutation(len(codes))[: steps * workload.TEXT_BATCH]
        epoch(tf.constant(order.reshape(steps, workload.TEXT_BATCH))).numpy()

    return Variant(run)


TARGETS = (
    Target("matched, lstm", "bare tf.function, lstm", 1.05),
    Target("matched, transformer", "bare tf.function, transformer", 1.05),
)


def main() -> None:
    chosen = workload.options()
    variants = {}
    for name, model in {"lstm": recurrent, "transformer": transformer}.items():
        job, data = workload.text(chosen, workload.TEXT_MODELS[name])
        variants[f"matched, {name}"] = matched(job, data)
        variants[f"bare tf.function, {name}"] = bare(model(), data)
    interleave.measure(variants, chosen.rounds, chosen.slow_rounds)
    report.save(chosen, tensorflow.environment(chosen.threads), variants, TARGETS, "-text")


if __name__ == "__main__":
    main()
