"""Has no CUDA device."""

from services.errors import DeviceUnavailable
from tests.integration.fakes import good
from tests.integration.fakes.good import environment

__all__ = ["Trainer", "environment"]


class Trainer(good.Trainer):
    def __init__(self, spec, data, weights):
        if spec.seed == 0:
            raise DeviceUnavailable("cuda was asked for, and no device is visible.", device="cuda")
        super().__init__(spec, data, weights)
