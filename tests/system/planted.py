"""TensorFlow with one thing planted that is not the job: which one, the seed says.

``python -m tests.system.planted`` is a runner on it.
"""

import sys
from dataclasses import replace

import numpy as np

from services.frameworks import FRAMEWORKS, Framework
from services.spec import Adam, Optimizer, Sgd
from services.workload import order


def environment():
    from services import tensorflow  # noqa: PLC0415 - tests read PLANTS where there is none

    return tensorflow.environment()


def one_weight(spec, data, weights):
    kernel = weights["layers.1.kernel"].copy()
    kernel[5, 3] += 1e-6
    return spec, data, {**weights, "layers.1.kernel": kernel}


def epsilon(spec, data, weights):
    return replace(spec, optimizer=Optimizer(Adam(epsilon=1e-7))), data, weights


def momentum(spec, data, weights):
    return replace(spec, optimizer=Optimizer(Sgd(momentum=0.900001), 0.01)), data, weights


def one_label(spec, data, weights):
    labels = data.train_labels.copy()
    sample = order.permutation(spec.seed, 0, len(labels))[
        spec.batch_size + 5
    ]  # in the second batch
    labels[sample] = (labels[sample] + 1) % 10
    return spec, replace(data, train_labels=labels), weights


def float32_data(spec, data, weights):
    rounded = data.train_images.astype(np.float32).astype(data.train_images.dtype)
    return spec, replace(data, train_images=rounded), weights


def as_it_is(spec, data, weights):
    return spec, data, weights


def swapped(chunks):
    chunk = chunks[0].copy()
    chunk[2, [0, 1]] = chunk[2, [1, 0]]
    return [chunk, *chunks[1:]]


def without_last(chunks):
    return chunks[:-1]


# By seed: what becomes of the trainer's arguments, and of an epoch's batches.
PLANTS = {
    "nothing": (as_it_is, list),
    "one weight off by 1e-6": (one_weight, list),
    "two samples swapped in one batch": (as_it_is, swapped),
    "epsilon 1e-7": (epsilon, list),
    "momentum 0.900001": (momentum, list),
    "one label wrong": (one_label, list),
    "last batch dropped": (as_it_is, without_last),
    "data normalised in float32": (float32_data, list),
}


def Trainer(spec, data, weights):  # noqa: N802 - called as the class is
    from services import matched, tensorflow  # noqa: PLC0415 - as above

    arguments, batches = list(PLANTS.values())[spec.seed]
    original = matched.epoch_chunks
    matched.epoch_chunks = lambda *given: batches(original(*given))
    return tensorflow.Trainer(*arguments(spec, data, weights))


if __name__ == "__main__":
    from services import server

    FRAMEWORKS["tensorflow"] = Framework("tests.system.planted", "tensorflow", 0)
    sys.exit(server.main(sys.argv[1:]))
