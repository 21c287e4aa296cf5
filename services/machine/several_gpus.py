"""What several GPUs did together during training, each queried as one."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self, TypeVar

from twinrun.contract.events import AcceleratorUsed

from services.machine import nvml

Number = TypeVar("Number", int, float)


class Samplers:
    """Queries each GPU of a job while it is entered, which may be several times."""

    def __init__(self, uuids: Sequence[str]) -> None:
        """Query nothing without one."""
        self._each = [nvml.Sampler(uuid) for uuid in uuids]
        self._entered = ExitStack()

    def __enter__(self) -> Self:
        for each in self._each:
            self._entered.enter_context(each)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._entered.close()

    def used(self) -> AcceleratorUsed | None:
        """Return what was measured so far, of all together. None: nothing of one of them.

        Memory, watts and joules are sums, of memory that of each one's own peak; how busy they were
        is the mean. What one does not report is not known of all. The uuid is the first one's.
        """
        known = [used for each in self._each if (used := each.used()) is not None]
        if not known or len(known) < len(self._each):
            return None
        if len(known) == 1:
            return known[0]
        busy = _sum(each.mean_utilization for each in known)
        return AcceleratorUsed(
            uuid=known[0].uuid,
            samples=min(each.samples for each in known),
            peak_memory_bytes=_sum(each.peak_memory_bytes for each in known),
            mean_utilization=None if busy is None else busy / len(known),
            mean_power_watts=_sum(each.mean_power_watts for each in known),
            energy_joules=_sum(each.energy_joules for each in known),
            throttled=tuple(dict.fromkeys(name for each in known for name in each.throttled)),
            most_processes=max(each.most_processes for each in known),
        )


def _sum(several: Iterable[Number | None]) -> Number | None:
    found = list(several)
    known = [each for each in found if each is not None]
    return sum(known) if len(known) == len(found) else None
