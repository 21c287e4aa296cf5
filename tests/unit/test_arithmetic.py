import numpy as np

from services import spec
from services.workload import arithmetic

RELU = spec.Activation(spec.ActivationFunction.RELU)
MLP = (spec.Flatten(), spec.Dense(128), RELU, spec.Dense(64), RELU, spec.Dense(10))


def job(kind=spec.Adam()):  # noqa: B008 - frozen
    return spec.JobSpec(spec.Dataset("mnist"), MLP, spec.Optimizer(kind), threads=1, batch_size=64)


def test_the_first_kernel_is_in_two_products_and_the_others_in_three():
    first, rest = 784 * 128, 128 * 64 + 64 * 10
    found = arithmetic.epoch_operations(job(), (28, 28, 1), 1000)
    assert found == 1000 * (2 * 2 * first + 3 * 2 * rest)


def test_the_optimizers_state_is_read_and_written_at_each_step():
    weights = {"layers.1.kernel": np.zeros((10, 10), np.float32)}
    images = 64 * 3136
    for kind, arrays in ((spec.Sgd(), 1), (spec.Sgd(0.9), 2), (spec.Adam(), 3)):
        assert arithmetic.epoch_bytes(job(kind), weights, 3136, 5) == 5 * (
            2 * arrays * 400 + images
        )
