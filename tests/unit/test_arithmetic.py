import dataclasses

from twinrun.contract.enums import ActivationFunction, Precision
from twinrun.contract.layers import Activation, BatchNorm, Dense, Flatten
from twinrun.contract.optimizers import Adam, Optimizer, Sgd
from twinrun.contract.spec import Dataset, JobSpec

from services.model import arithmetic
from services.model.weights import initial

RELU = Activation(ActivationFunction.RELU)
MLP = (Flatten(), Dense(128), RELU, Dense(64), RELU, Dense(10))


def job(kind=Adam()):  # noqa: B008 - frozen
    return JobSpec(Dataset("mnist"), MLP, Optimizer(kind), threads=1, batch_size=64)


def test_the_first_kernel_is_in_two_products_and_the_others_in_three():
    first, rest = 784 * 128, 128 * 64 + 64 * 10
    found = arithmetic.epoch_operations(job(), (28, 28, 1), 1000)
    assert found == 1000 * (2 * 2 * first + 3 * 2 * rest)


def test_the_optimizers_state_is_read_and_written_at_each_step_and_what_is_kept_too():
    model = (Flatten(), Dense(10, use_bias=False), BatchNorm())
    weights = initial(model, (2, 5, 1), 0, Precision.FLOAT32)
    images = 64 * 3136
    for kind, arrays in ((Sgd(), 1), (Sgd(0.9), 2), (Adam(), 3)):
        asked = dataclasses.replace(job(kind), layers=model)
        trained, kept = (10 * 10 + 10 + 10) * 4, (10 + 10) * 4
        assert arithmetic.epoch_bytes(asked, (2, 5, 1), weights, 3136, 5) == 5 * (
            2 * (arrays * trained + kept) + images
        )
