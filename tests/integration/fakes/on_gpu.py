"""Names the GPUs that NVML names; what it trains is slow enough to be looked at."""

import dataclasses
import time

from services import nvml
from tests.integration.fakes import good


def environment():
    driver, accelerators = nvml.accelerators()
    return dataclasses.replace(good.environment(), driver_version=driver, accelerators=accelerators)


class Trainer(good.Trainer):
    def train_epoch(self, epoch):
        time.sleep(0.3)
        yield from super().train_epoch(epoch)

    def environment(self):
        return environment()
