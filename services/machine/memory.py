"""Memory of this process and of its children, as the kernel counts it."""

import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_CGROUP = Path("/sys/fs/cgroup")
_ROOM = 8 * 2**20  # bytes: what may be allocated between two lines of `PeakMemory.begin`


class PeakMemory:
    """The largest resident set of this process: of parts of its life, and of all of it."""

    def __init__(self, proc: Path = _PROC) -> None:
        self._proc = proc
        self._largest = 0
        self._begun = False

    def begin(self) -> None:
        """Begin a part: let the kernel forget the peak so far."""
        self._largest = max(self._largest, _status("VmHWM", self._proc) or 0)
        self._begun = self._forgotten()

    def end(self) -> int | None:
        """Return the peak of the part in bytes. None: the system keeps only that of the whole."""
        peak = _status("VmHWM", self._proc)
        self._largest = max(self._largest, peak or 0)
        return peak if self._begun else None

    def whole(self) -> int:
        """Return the peak of the process's life in bytes."""
        peak = _status("VmHWM", self._proc)  # since the last `begin`
        return max(self._largest, _maximum() if peak is None else peak)

    def _forgotten(self) -> bool:
        """Set the peak to what is resident now, by proc(5), and return whether it is that."""
        try:
            (self._proc / "self/clear_refs").write_text("5")
        except OSError:
            return False
        peak, now = _status("VmHWM", self._proc), resident_bytes(self._proc)
        return peak is not None and now is not None and peak <= now + _ROOM


def _maximum() -> int:
    """Return the peak where /proc has none. On Linux it would have that of whoever started it."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def free_bytes(proc: Path = _PROC, cgroup: Path = _CGROUP) -> int | None:
    """Return the memory that can be taken without swapping, by the kernel's own estimate.

    In a control group (version 2) with a limit, no more than that leaves. None: not reported.
    """
    with suppress(OSError):
        for line in (proc / "meminfo").read_text().splitlines():
            key, _, value = line.partition(":")
            if key == "MemAvailable":
                free = int(value.split()[0]) * 1024
                left = _left(cgroup)
                return free if left is None else min(free, left)
    return None


def _left(cgroup: Path) -> int | None:
    """Return what a control group's limit leaves; what its files have cached can be dropped."""
    with suppress(OSError, ValueError):  # no such file, or "max"
        limit = int((cgroup / "memory.max").read_text())
        taken = int((cgroup / "memory.current").read_text())
        told = (line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
        cached = next((int(value) for name, value in told if name == "inactive_file"), 0)
        return max(0, limit - taken + cached)
    return None


def resident_bytes_of(process: int, proc: Path = _PROC) -> int:
    """Return what a process has resident, and its children to themselves; 0 if it has ended."""
    own = _status("VmRSS", proc, str(process)) or 0
    children = 0
    with suppress(OSError):
        children = sum(_own(proc / c / "smaps_rollup") for c in _descendants(proc, str(process)))
    return own + children


def resident_bytes(proc: Path = _PROC) -> int | None:
    """Return the resident set of this process in bytes. None: the system does not report it."""
    return _status("VmRSS", proc)


def _status(name: str, proc: Path, process: str = "self") -> int | None:
    with suppress(OSError):
        for line in (proc / process / "status").read_text().splitlines():
            key, _, value = line.partition(":")
            if key == name:
                return int(value.split()[0]) * 1024
    return None


def children_bytes(proc: Path = _PROC) -> int | None:
    """Return at most the bytes that children, and theirs, had to themselves at their peaks.

    0: none. Only those that live. Memory that they share with this process, as a framework's code,
    counts once: here it does not. Each one's peak counts, though not all were at the same time.
    None: the system does not report it.
    """
    try:
        return sum(_peak(child, proc) for child in _descendants(proc, "self"))
    except OSError:
        return None


def _peak(process: str, proc: Path) -> int:
    """Return at most the private bytes of a process at its peak, since it began; 0 if it has ended.

    What it has to itself, and how much larger its resident set was at the peak. That is what it had
    then if it shared as much as now. What a forked one shared then and has let go counts too.
    """
    own = _own(proc / process / "smaps_rollup")
    most, now = _status("VmHWM", proc, process), _status("VmRSS", proc, process)
    return own + max(0, most - now) if own and most and now else own


def _descendants(proc: Path, process: str) -> Iterator[str]:
    """Yield the ids of a process's children, and of theirs. Raises OSError for the first.

    Not of one that still has its parent's memory, which would count twice.
    """
    for task in (proc / process / "task").iterdir():
        try:
            children = (task / "children").read_text().split()
        except OSError:
            if process == "self" and task.exists():
                raise
            continue  # it has ended meanwhile
        for child in children:
            if _shares_all(proc, process, child):
                continue
            yield child
            with suppress(OSError):
                yield from _descendants(proc, child)


def _shares_all(proc: Path, parent: str, child: str) -> bool:
    """Return whether a child has its parent's memory: `vfork`, until it runs its program.

    Its numbers are then its parent's, which may change between two looks.
    """
    before, found, after = (_sizes(proc / process) for process in (parent, child, parent))
    if not (before and found and after):
        return False
    looks = zip(before, found, after, strict=False)
    return all(min(first, last) <= now <= max(first, last) for first, now, last in looks)


def _sizes(process: Path) -> list[int]:
    """Return the sizes of its memory, of what is resident, and of its tables, as far as known."""
    names = ("VmSize:", "VmRSS:", "VmPTE:")
    with suppress(OSError):
        lines = [line.split() for line in (process / "status").read_text().splitlines()]
        return [int(words[1]) for words in lines if words and words[0] in names]
    return []


def _own(rollup: Path) -> int:
    """Return the private bytes of a process; 0 if it has ended."""
    with suppress(OSError):
        lines = (line.split() for line in rollup.read_text().splitlines())
        return sum(int(words[1]) * 1024 for words in lines if words[0].startswith("Private_"))
    return 0
