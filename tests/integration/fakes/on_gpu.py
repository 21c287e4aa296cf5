"""Names the GPUs that NVML names; on one, an epoch lasts until it was looked at twice."""

import dataclasses
import time

from twinrun.contract.enums import Device

from services.machine import nvml
from tests.integration.fakes import good


def environment():
    driver, accelerators = nvml.accelerators()
    return dataclasses.replace(good.environment(), driver_version=driver, accelerators=accelerators)


class Trainer(good.Trainer):
    def train_epoch(self, epoch):
        if self.spec.device is Device.CUDA and environment().accelerators:
            import pynvml  # noqa: PLC0415 - the stand-in, where a test has put it

            enough = pynvml.looks + 2
            while pynvml.looks < enough:
                time.sleep(0.01)
        yield from super().train_epoch(epoch)

    def environment(self):
        return environment()
