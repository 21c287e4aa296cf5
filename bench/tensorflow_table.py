"""TensorFlow: the trainer on a table of float columns, and the loop that a good user would write.

``python -m bench.tensorflow_table`` in TensorFlow's environment.
"""

from bench import interleave, report, workload
from bench.report import Target
from bench.tensorflow import matched, one_graph
from services import tensorflow

import keras  # isort: skip - after the trainer's module, which quiets TensorFlow's import


def model() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((workload.TABLE_COLUMNS,)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(workload.TABLE_CLASSES),
        ]
    )


TARGETS = (Target("matched, default", "bare tf.function", 1.05),)


def main() -> None:
    chosen = workload.options()
    job, data = workload.table(chosen)
    variants = {
        "matched, default": matched(job, data),
        "bare tf.function": one_graph(model(), data),
    }
    interleave.measure(variants, chosen.rounds, chosen.slow_rounds)
    report.save(chosen, tensorflow.environment(chosen.threads), variants, TARGETS, "-table")


if __name__ == "__main__":
    main()
