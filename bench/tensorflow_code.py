"""TensorFlow: the trainer with a user's Keras model, and the bare loop of the same model.

``python -m bench.tensorflow_code`` in TensorFlow's environment.
"""

from bench import code, interleave, report, workload
from bench.report import Target
from bench.tensorflow import model, one_graph
from services import tensorflow

import keras  # isort: skip - after the trainer's module, which quiets TensorFlow's import


def network() -> keras.Model:
    """Return a small network of convolutions, as users write them today."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(16, 3),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(32, 3),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.25),
            keras.layers.Dense(10),
        ]
    )


TARGETS = (
    Target("matched, code", "bare tf.function", 1.05),
    Target("matched, code, convolutions", "bare tf.function, convolutions", 1.05),
)


def main() -> None:
    chosen = workload.options()
    job, small = workload.spec(chosen), workload.cnn(chosen)
    data, few = workload.load(chosen, job), workload.load(chosen, small)
    variants = {
        "matched, code": code.matched(tensorflow, job, data, model),
        "bare tf.function": one_graph(model(), data),
        "matched, code, convolutions": code.matched(tensorflow, small, few, network),
        "bare tf.function, convolutions": one_graph(network(), few),
    }
    interleave.measure(variants, chosen.rounds, chosen.slow_rounds)
    report.save(chosen, tensorflow.environment(chosen.threads), variants, TARGETS, "-code")


if __name__ == "__main__":
    main()
