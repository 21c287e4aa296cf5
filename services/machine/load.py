"""What the machine's CPUs do during a timed part: the trial's own load, and everyone else's.

Linux reports it in /proc; elsewhere it is unknown. Two readings take about 0.2 ms together.
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from twinrun.contract.events import Load

_PROC = Path("/proc")
_CGROUP = Path("/sys/fs/cgroup")
# In a line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal (man 5 proc).
_BUSY, _STOLEN = (0, 1, 2, 5, 6), 7
_THROTTLED = (("cpu.stat", "throttled_usec", 1e-6), ("cpu/cpu.stat", "throttled_time", 1e-9))
_UTIME = 13  # in /proc/PID/stat; system time follows, then the times of ended children


@dataclass(frozen=True, slots=True)
class Reading:
    """Seconds since some fixed time, summed over all CPUs."""

    own: float
    busy: float
    stolen: float
    throttled: float


def read(proc: Path = _PROC, cgroup: Path = _CGROUP) -> Reading | None:
    """Read the counters. Returns None if this system has none."""
    try:
        with (proc / "stat").open() as file:
            counters = [int(word) / _ticks() for word in file.readline().split()[1:]]
    except (OSError, ValueError):
        return None
    return Reading(
        own=time.process_time() + sum(_children(proc)),
        busy=sum(counters[index] for index in _BUSY),
        stolen=counters[_STOLEN],
        throttled=_throttled(cgroup),
    )


def between(before: Reading | None, after: Reading | None) -> Load | None:
    """Subtract two readings; None if one of them is missing."""
    if before is None or after is None:
        return None
    own = after.own - before.own
    return Load(
        own_cpu_seconds=own,
        # The kernel counts in ticks, so a short time may be negative.
        other_cpu_seconds=max(0.0, after.busy - before.busy - own),
        stolen_seconds=max(0.0, after.stolen - before.stolen),
        throttled_seconds=max(0.0, after.throttled - before.throttled),
        clock_hertz=clock_hertz(),
    )


def clock_hertz(proc: Path = _PROC) -> float:
    """Return the CPUs' current mean clock; 0: the system does not report it."""
    with suppress(OSError, ValueError):
        lines = (proc / "cpuinfo").read_text(errors="replace").splitlines()
        clocks = [float(line.partition(":")[2]) for line in lines if line.startswith("cpu MHz")]
        if clocks:
            return 1e6 * sum(clocks) / len(clocks)
    return 0.0


def swapped_bytes(proc: Path = _PROC) -> int:
    """Return how much of this process is swapped out."""
    with suppress(OSError, ValueError):
        for line in (proc / "self/status").read_text().splitlines():
            if line.startswith("VmSwap:"):
                return int(line.split()[1]) * 1024
    return 0


def _ticks() -> int:
    return os.sysconf("SC_CLK_TCK")


def _children(proc: Path) -> Iterator[float]:
    """Yield CPU seconds of each process that this one has started, such as a data loader's."""
    with suppress(OSError):
        for pid in (proc / f"self/task/{os.getpid()}/children").read_text().split():
            with suppress(OSError, ValueError, IndexError):
                after_name = (proc / pid / "stat").read_text().rpartition(")")[2].split()
                times = after_name[_UTIME - 2 : _UTIME + 2]
                yield sum(map(int, times)) / _ticks()


def _throttled(cgroup: Path) -> float:
    """Return the seconds for which the control group (version 2, else 1) throttled processes."""
    for name, key, unit in _THROTTLED:
        with suppress(OSError, ValueError):
            for line in (cgroup / name).read_text().splitlines():
                if line.startswith(f"{key} "):
                    return int(line.split()[1]) * unit
    return 0.0
