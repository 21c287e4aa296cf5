"""TensorFlow: the trainer on `mnist-cnn`, and the loop that a good user would write in memory.

``python -m bench.tensorflow_cnn`` in TensorFlow's environment.
"""

from dataclasses import replace

from twinrun.contract.enums import Execution

from bench import interleave, report, workload
from bench.report import Target
from bench.tensorflow import matched, one_graph
from services import tensorflow

import keras  # isort: skip - after the trainer's module, which quiets TensorFlow's import


def model() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(32, 5, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(64, 5, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10),
        ]
    )


TARGETS = (
    Target("matched, default", "bare tf.function", 1.05),
    Target("matched, compiled", "matched, default", 1.6),
)


def main() -> None:
    chosen = workload.options()
    job = workload.cnn(chosen)
    data = workload.load(chosen, job)
    variants = {
        "matched, default": matched(job, data),
        "matched, compiled": matched(replace(job, execution=Execution.COMPILED), data),
        "bare tf.function": one_graph(model(), data),
    }
    interleave.measure(variants, chosen.rounds, chosen.slow_rounds)
    report.save(chosen, tensorflow.environment(chosen.threads), variants, TARGETS, "-cnn")


if __name__ == "__main__":
    main()
