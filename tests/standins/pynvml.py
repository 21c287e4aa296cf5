"""Stands in for NVML, as its own module does: two GPUs with different abilities.

The first tells everything, and with STANDIN_MIG is divided into two; its energy grows each time
that it is asked for. The second, whose memory is the host's, counts no energy and tells neither its
memory nor its utilisation. What a GPU lacks raises. STANDIN_NO_DRIVER: NVML cannot be initialised.
"""

import itertools
import os
from types import SimpleNamespace


class NVMLError(Exception):
    pass


class Gpu:
    def __init__(self, **abilities):
        self.abilities = {"mig": [0, 0], **abilities}

    def __getitem__(self, name):
        if name not in self.abilities:
            raise NVMLError("Not Supported")
        found = self.abilities[name]
        return found() if callable(found) else found


def memory(used):
    return SimpleNamespace(total=85_520_809_984, used=used)


PARTS = [Gpu(name=f"NVIDIA H100 MIG {n}", uuid=f"MIG-{n}", memory=memory(10**9)) for n in (1, 2)]
H100 = Gpu(
    name="NVIDIA H100",
    uuid="GPU-aa",
    memory=memory(2_000_000_000),
    memory_v2=memory(1_500_000_000),
    utilization=SimpleNamespace(gpu=80, memory=30),
    milliwatts=300_000,
    throttle_reasons=0x01 | 0x20,  # idle a moment ago, and too warm
    processes=[SimpleNamespace(pid=1), SimpleNamespace(pid=2)],
    millijoules=itertools.count(0, 310_000).__next__,  # 310 J from one reading to the next
    mig=lambda: [int("STANDIN_MIG" in os.environ)] * 2,
    parts=[None, *PARTS, None],
)
GB10 = Gpu(name="NVIDIA GB10", uuid="GPU-bb", milliwatts=50_000)
GPUS = [H100, GB10]


looks = 0  # at the last of what a look asks for


def nvmlInit():
    if "STANDIN_NO_DRIVER" in os.environ:
        raise NVMLError("Driver Not Loaded")


def nvmlShutdown():
    pass


def nvmlSystemGetDriverVersion():
    return "580.1"


def nvmlDeviceGetCount():
    return len(GPUS)


def nvmlDeviceGetHandleByIndex(index):
    return GPUS[index]


def nvmlDeviceGetHandleByUUID(uuid):
    for gpu in (*GPUS, *PARTS):
        if gpu["uuid"] == uuid:
            return gpu
    raise NVMLError("Not Found")


def nvmlDeviceGetName(gpu):
    return gpu["name"]


def nvmlDeviceGetUUID(gpu):
    return gpu["uuid"]


def nvmlDeviceGetMemoryInfo(gpu, version=None):
    return gpu["memory_v2" if version else "memory"]


def nvmlDeviceGetUtilizationRates(gpu):
    return gpu["utilization"]


def nvmlDeviceGetPowerUsage(gpu):
    return gpu["milliwatts"]


def nvmlDeviceGetTotalEnergyConsumption(gpu):
    return gpu["millijoules"]


def nvmlDeviceGetCurrentClocksThrottleReasons(gpu):
    return gpu["throttle_reasons"]


def nvmlDeviceGetComputeRunningProcesses(gpu):
    global looks  # noqa: PLW0603 - as a module has its state
    looks += 1
    return gpu["processes"]


def nvmlDeviceGetMigMode(gpu):
    return gpu["mig"]


def nvmlDeviceGetMaxMigDeviceCount(gpu):
    return len(gpu["parts"])


def nvmlDeviceGetMigDeviceHandleByIndex(gpu, index):
    if gpu["parts"][index] is None:
        raise NVMLError("Not Found")
    return gpu["parts"][index]
