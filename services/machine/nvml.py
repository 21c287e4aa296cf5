"""NVIDIA's GPUs through NVML: which ones this process sees, and what one did during training.

No CUDA context is created. Without a library, a driver or an answer, nothing is known about GPUs;
that is not an error.
"""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from twinrun.contract.events import Accelerator, AcceleratorUsed

_LOOK_SECONDS = 0.1  # between two queries
_MEMORY_V2, _MIG_ENABLED = 0x02000028, 1  # as in nvml.h
# What reduces a GPU's clock, as in nvml.h; idling and user settings do not count.
_THROTTLED = {
    0x04: "SwPowerCap",
    0x08: "HwSlowdown",
    0x20: "SwThermalSlowdown",
    0x40: "HwThermalSlowdown",
    0x80: "HwPowerBrakeSlowdown",
}


def accelerators() -> tuple[str, tuple[Accelerator, ...]]:
    """Return the driver's version and the GPUs that CUDA shows this process; "" and none without.

    They are in the order of the PCI bus, which a trial's process also makes CUDA use.
    """
    with _library() as nvml:
        if nvml is None:
            return "", ()
        driver = nvml.ask("nvmlSystemGetDriverVersion") or ""
        count = nvml.ask("nvmlDeviceGetCount") or 0
        gpus = [gpu for index in range(count) if (gpu := _gpu(nvml, index))]
    return driver, _visible(gpus, os.environ.get("CUDA_VISIBLE_DEVICES"))


class Sampler:
    """Queries one GPU periodically while it is entered, which may be several times."""

    def __init__(self, uuid: str, look_seconds: float = _LOOK_SECONDS) -> None:
        """Query nothing if ``uuid`` is empty or unknown to NVML."""
        self._uuid = uuid
        self._look_seconds = look_seconds
        self._nvml = _initialised() if uuid else None  # loaded for the life of the process
        self._handle = self._nvml and self._nvml.ask("nvmlDeviceGetHandleByUUID", uuid)
        self._samples = 0
        self._peak_memory_bytes: int | None = None
        self._throttled = 0  # NVML's reasons, a bit each
        self._most_processes = 0
        self._utilization, self._watts = _Mean(), _Mean()
        self._seconds = 0.0  # for which it was entered
        self._joules: float | None = 0.0  # None: the device does not count them

    def used(self) -> AcceleratorUsed | None:
        """Return what was measured so far. None: nothing."""
        if not self._samples:
            return None
        watts = self._watts.value
        energy = self._joules
        if energy is None and watts is not None:
            energy = watts * self._seconds
        return AcceleratorUsed(
            uuid=self._uuid,
            samples=self._samples,
            peak_memory_bytes=self._peak_memory_bytes,
            mean_utilization=self._utilization.value,
            mean_power_watts=watts,
            energy_joules=energy,
            throttled=tuple(name for bit, name in _THROTTLED.items() if self._throttled & bit),
            most_processes=self._most_processes,
        )

    def __enter__(self) -> Self:
        if self._handle is not None:
            self._ends = threading.Event()
            self._thread = threading.Thread(target=self._look_repeatedly, daemon=True)
            self._joules_before = self._counter()
            self._entered = self._looked = time.monotonic()
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._handle is None:
            return
        self._seconds += time.monotonic() - self._entered
        counter = self._counter()
        if self._joules is None or counter is None or self._joules_before is None:
            self._joules = None
        else:
            self._joules += counter - self._joules_before
        self._ends.set()
        self._thread.join()
        self._look()  # at least one query, even if it is entered briefly

    def _look_repeatedly(self) -> None:
        while not self._ends.wait(self._look_seconds):
            self._look()

    def _look(self) -> None:
        """Query once; the values count for the time since the last query."""
        before, self._looked = self._looked, time.monotonic()
        seconds = self._looked - before
        # The second version excludes the memory that the driver reserves; old drivers lack it.
        memory = self._ask("nvmlDeviceGetMemoryInfo", _MEMORY_V2)
        if memory is None:
            memory = self._ask("nvmlDeviceGetMemoryInfo")
        if memory is not None:
            self._peak_memory_bytes = max(self._peak_memory_bytes or 0, memory.used)
        if (rates := self._ask("nvmlDeviceGetUtilizationRates")) is not None:
            self._utilization.add(rates.gpu / 100, seconds)
        if (milliwatts := self._ask("nvmlDeviceGetPowerUsage")) is not None:
            self._watts.add(milliwatts / 1000, seconds)
        self._throttled |= self._ask("nvmlDeviceGetCurrentClocksThrottleReasons") or 0
        processes = self._ask("nvmlDeviceGetComputeRunningProcesses") or ()
        self._most_processes = max(self._most_processes, len(processes))
        self._samples += 1

    def _counter(self) -> float | None:
        """Return the joules since the driver was loaded."""
        millijoules = self._ask("nvmlDeviceGetTotalEnergyConsumption")
        return None if millijoules is None else millijoules / 1000

    def _ask(self, function: str, *arguments: Any) -> Any:
        return self._nvml and self._nvml.ask(function, self._handle, *arguments)


class _Mean:
    """The mean of a quantity over time."""

    def __init__(self) -> None:
        self._sum = self._seconds = 0.0

    def add(self, value: float, seconds: float) -> None:
        self._sum += value * seconds
        self._seconds += seconds

    @property
    def value(self) -> float | None:
        """None: nothing was added."""
        return self._sum / self._seconds if self._seconds else None


class _Library:
    def __init__(self, module: Any) -> None:
        self._module = module

    def ask(self, function: str, *arguments: Any) -> Any:
        """Return the function's answer; None if device, driver or library has none."""
        try:
            return getattr(self._module, function)(*arguments)
        except self._module.NVMLError:
            return None


def _initialised() -> _Library | None:
    """Load NVML. Returns None if this machine has none."""
    try:
        import pynvml  # noqa: PLC0415 - large, and not in every environment
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return _Library(pynvml)


@contextmanager
def _library() -> Iterator[_Library | None]:
    nvml = _initialised()
    try:
        yield nvml
    finally:
        if nvml is not None:
            nvml.ask("nvmlShutdown")


def _gpu(nvml: _Library, index: int) -> list[Accelerator]:
    """Return the GPU, or the MIG devices that it is divided into; none if it may not be used."""
    handle = nvml.ask("nvmlDeviceGetHandleByIndex", index)
    if handle is None:
        return []
    mode = nvml.ask("nvmlDeviceGetMigMode", handle)
    if mode is None or mode[0] != _MIG_ENABLED:
        return [_accelerator(nvml, handle)]
    slots = range(nvml.ask("nvmlDeviceGetMaxMigDeviceCount", handle) or 0)
    parts = (nvml.ask("nvmlDeviceGetMigDeviceHandleByIndex", handle, slot) for slot in slots)
    return [_accelerator(nvml, part) for part in parts if part is not None]


def _accelerator(nvml: _Library, handle: Any) -> Accelerator:
    memory = nvml.ask("nvmlDeviceGetMemoryInfo", handle)  # has none if it shares the host's
    return Accelerator(
        name=nvml.ask("nvmlDeviceGetName", handle) or "",
        uuid=nvml.ask("nvmlDeviceGetUUID", handle) or "",
        memory_bytes=0 if memory is None else memory.total,
    )


def _visible(gpus: list[list[Accelerator]], names: str | None) -> tuple[Accelerator, ...]:
    """Select as CUDA does: one part of a divided GPU, and nothing after an unknown name."""
    if names is None:
        return tuple(parts[0] for parts in gpus)
    visible = []
    for name in (name.strip() for name in names.split(",")):
        if name.isdecimal() and int(name) < len(gpus):
            visible.append(gpus[int(name)][0])
        elif name.startswith(("GPU-", "MIG-")) and (
            matching := [each for parts in gpus for each in parts if each.uuid.startswith(name)]
        ):
            visible.append(matching[0])
        else:
            break
    return tuple(visible)


def _say_card() -> None:
    """Print the card that a job on CUDA uses, the first, and its driver; nothing without one."""
    driver, cards = accelerators()
    for card in cards[:1]:
        sys.stdout.write(f"{card.name}, driver {driver}\n")


if __name__ == "__main__":
    _say_card()
