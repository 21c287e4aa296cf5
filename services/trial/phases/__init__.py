"""The phases of a trial: their wall and CPU time, and the memory that they took."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.enums import Phase
from twinrun.contract.events import Event, PhaseFinished, PhaseStarted
from twinrun.contract.memory import MemoryUsed
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data
from services.machine import memory
from services.model import optimizers
from services.model.weights import Weights
from services.trial import matched


class Phases:
    """Adds up wall and CPU time by phase; what it reads of the memory is read beside the clock."""

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._seconds: dict[Phase, tuple[float, float]] = {}
        self._memory = memory.PeakMemory()
        self._peaks: dict[Phase, int | None] = {}
        self._started = memory.resident_bytes()
        self._built: int | None = None
        self._children: int | None = None

    @contextmanager
    def part(self, phase: Phase) -> Iterator[None]:
        if phase not in self._seconds:
            self._emit(PhaseStarted(phase))
        wall, cpu = self._seconds.get(phase, (0.0, 0.0))
        self._memory.begin()
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        yield
        self._seconds[phase] = (
            wall + time.perf_counter() - wall_start,
            cpu + time.process_time() - cpu_start,
        )
        peak, before = self._memory.end(), self._peaks.get(phase, 0)
        self._peaks[phase] = None if peak is None or before is None else max(peak, before)

    def seconds(self, phase: Phase) -> float:
        return self._seconds.get(phase, (0.0, 0.0))[0]

    def finish(self, phase: Phase) -> None:
        self._emit(PhaseFinished(phase, *self._seconds[phase]))
        if phase is Phase.BUILD:
            self._built = memory.resident_bytes()

    @contextmanager
    def whole(self, phase: Phase) -> Iterator[None]:
        with self.part(phase):
            yield
        self.finish(phase)

    def see_children(self) -> None:
        """Count the memory of child processes while they are there; the largest look counts."""
        if (found := memory.children_bytes()) is not None:
            self._children = max(found, self._children or 0)

    def memory_used(self, spec: JobSpec, data: Data, held: Weights) -> MemoryUsed:
        """Return what was read, and the sizes of what ``spec`` has held: ``data``, weights.

        What the optimizer keeps is as its formula has it; a framework may keep more.
        """
        trained = matched.trained(spec, data.train_images.shape[1:])
        kept = len(optimizers.starts(spec.optimizer))
        return MemoryUsed(
            started_bytes=self._started,
            built_bytes=self._built,
            train_peak_bytes=self._peaks.get(Phase.TRAIN),
            evaluate_peak_bytes=self._peaks.get(Phase.EVALUATE),
            children_bytes=self._children,
            data_bytes=sum(each.nbytes for each in _arrays(data)),
            parameter_bytes=sum(array.nbytes for array in held.values()),
            optimizer_bytes=kept * sum(held[name].nbytes for name in trained),
        )

    def peak_memory_bytes(self) -> int:
        """Return the peak of the process; in training with its children."""
        training = self._peaks.get(Phase.TRAIN)
        whole = self._memory.whole()
        # Where training's own peak is not known, the whole one stands for it.
        known = [size for size in (self._started, self._built) if size is not None]
        return max(whole, (training or whole) + (self._children or 0), *known)


def _arrays(data: Data) -> list[NDArray[np.generic]]:
    pixels = [each for each in (data.train_pixels, data.test_pixels) if each is not None]
    return [data.train_images, data.train_labels, data.test_images, data.test_labels, *pixels]
