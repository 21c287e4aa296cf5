"""TensorFlow: the trainer on the layers of `resnet20-cifar10`, and the loop of a good user.

``python -m bench.tensorflow_resnet`` in TensorFlow's environment.
"""

import itertools

from bench import interleave, report, workload
from bench.report import Target
from bench.tensorflow import matched, one_graph
from services import tensorflow

import keras  # isort: skip - after the trainer's module, which quiets TensorFlow's import


def convolved(
    x: keras.KerasTensor, filters: int, stride: int = 1, size: int = 3
) -> keras.KerasTensor:
    convolution = keras.layers.Conv2D(filters, size, stride, padding="same", use_bias=False)
    return keras.layers.BatchNormalization()(convolution(x))


def model() -> keras.Model:
    relu = keras.activations.relu
    given = keras.Input((workload.SIDE, workload.SIDE, 3))
    x = relu(convolved(given, workload.STAGES[0]))
    for filters, block in itertools.product(workload.STAGES, range(3)):
        stride = 2 if filters > workload.STAGES[0] and block == 0 else 1
        beside = convolved(x, filters, stride, size=1) if stride > 1 else x
        x = relu(convolved(relu(convolved(x, filters, stride)), filters) + beside)
    pooled = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(given, keras.layers.Dense(10)(pooled))


TARGETS = (Target("matched, default", "bare tf.function", 1.05),)


def main() -> None:
    chosen = workload.options()
    job, data = workload.resnet(chosen)
    variants = {
        "matched, default": matched(job, data),
        "bare tf.function": one_graph(model(), data),
    }
    interleave.measure(variants, chosen.rounds, chosen.slow_rounds)
    report.save(chosen, tensorflow.environment(chosen.threads), variants, TARGETS, "-resnet")


if __name__ == "__main__":
    main()
