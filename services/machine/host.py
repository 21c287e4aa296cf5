"""The machine that a trial runs on, as far as it is visible without a framework."""

import ctypes
import importlib.metadata
import math
import os
import platform
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

COMMIT_VARIABLE = "TWINRUN_GIT_COMMIT"
_ROOT = Path(__file__).parents[2]
_CPUINFO = Path("/proc/cpuinfo")


def return_free_memory() -> None:
    """Return memory that was freed to the system, where the C library can be asked to.

    glibc keeps up to 64 MiB in each of its arenas, and gRPC's threads use many of these.
    """
    with suppress(AttributeError, OSError, TypeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def python_version() -> str:
    return platform.python_version()


def platform_name() -> str:
    """Return operating system, kernel and architecture."""
    return platform.platform()


def cpu_model(cpuinfo: Path = _CPUINFO) -> str:
    """Return the processor's name from its maker, or the architecture if there is none."""
    return next(_of_first_cpu("model name", cpuinfo), platform.processor() or platform.machine())


def cpu_flags(cpuinfo: Path = _CPUINFO) -> tuple[str, ...]:
    """Return instruction sets and other features by the kernel's names; empty if it has none."""
    named = [next(_of_first_cpu(name, cpuinfo), "") for name in ("flags", "Features")]
    return tuple(" ".join(named).split())


def _of_first_cpu(wanted: str, cpuinfo: Path) -> Iterator[str]:
    with suppress(OSError):
        for line in cpuinfo.read_text(errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == wanted:
                yield value.strip()


def cpu_governor(cpus: Path = Path("/sys/devices/system/cpu")) -> str:
    """Return what controls the first CPU's clock; empty if the system does not report it."""
    with suppress(OSError):
        return (cpus / "cpu0/cpufreq/scaling_governor").read_text().strip()
    return ""


def memory_bytes() -> int:
    """Return the machine's memory; 0 if the system does not report it."""
    with suppress(OSError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return 0


def git_commit() -> str:
    """Return the commit of this code, with "+changes" if it was modified; empty: not known.

    A runner asks once and passes it to its trials in the environment.
    """
    if (known := os.environ.get(COMMIT_VARIABLE)) is not None:
        return known
    if not (_ROOT / ".git").exists():
        return ""
    try:
        commit = _git("rev-parse", "HEAD")
        return f"{commit}+changes" if _git("status", "--porcelain") else commit
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", _ROOT, *arguments],  # noqa: S607 - wherever the user has it
        capture_output=True,
        text=True,
        check=True,
        timeout=5,
    )
    return done.stdout.strip()


def available_cpus(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the CPUs that this process may use: its affinity, and its quota rounded up."""
    affinity = getattr(os, "sched_getaffinity", None)  # macOS and Windows have none
    cpus = len(affinity(0)) if affinity else os.cpu_count() or 1
    quota = cpu_limit(cgroup)
    return max(1, min(cpus, math.ceil(quota)) if quota else cpus)


def cpu_set() -> str:
    """Return the CPUs that this process may run on, such as 0-3,8; empty if not reported."""
    affinity = getattr(os, "sched_getaffinity", None)
    ranges: list[list[int]] = []
    for cpu in sorted(affinity(0)) if affinity else ():
        if ranges and cpu == ranges[-1][1] + 1:
            ranges[-1][1] = cpu
        else:
            ranges.append([cpu, cpu])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def cpu_limit(cgroup: Path = Path("/sys/fs/cgroup")) -> float:
    """Return the CPUs that the control group (version 2, else 1) allows; 0 without a limit."""
    try:
        if (unified := cgroup / "cpu.max").is_file():
            quota, period = unified.read_text().split()
        else:
            quota = (cgroup / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu/cpu.cfs_period_us").read_text().strip()
    except OSError:
        return 0.0
    return 0.0 if quota in ("max", "-1") else int(quota) / int(period)


def packages() -> dict[str, str]:
    """Return every installed distribution with its version."""
    # A distribution reads its file again for each of its attributes.
    found = (each.metadata for each in importlib.metadata.distributions())
    return {each["Name"]: each["Version"] for each in found}
