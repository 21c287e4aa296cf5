"""The machine that a trial runs on, as far as no framework is needed to see it."""

import importlib.metadata
import math
import os
import platform
from collections.abc import Iterable
from pathlib import Path


def python_version() -> str:
    return platform.python_version()


def platform_name() -> str:
    """Operating system, kernel and architecture."""
    return platform.platform()


def cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name as its maker gives it, or the architecture where it gives none."""
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def available_cpus(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """CPUs that this process may use: its affinity, and its control group's quota rounded up."""
    affinity = getattr(os, "sched_getaffinity", None)  # macOS and Windows have none
    cpus = len(affinity(0)) if affinity else os.cpu_count() or 1
    quota = _quota(cgroup)
    return max(1, min(cpus, math.ceil(quota)) if quota else cpus)


def cpu_set() -> str:
    """The CPUs that this process may run on, such as 0-3,8; empty where the system does not say."""
    affinity = getattr(os, "sched_getaffinity", None)
    ranges: list[list[int]] = []
    for cpu in sorted(affinity(0)) if affinity else ():
        if ranges and cpu == ranges[-1][1] + 1:
            ranges[-1][1] = cpu
        else:
            ranges.append([cpu, cpu])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def _quota(cgroup: Path) -> float | None:
    """CPUs that the control group (version 2, else 1) grants; None without a limit."""
    try:
        if (unified := cgroup / "cpu.max").is_file():
            quota, period = unified.read_text().split()
        else:
            quota = (cgroup / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu/cpu.cfs_period_us").read_text().strip()
    except OSError:
        return None
    return None if quota in ("max", "-1") else int(quota) / int(period)


def versions(distributions: Iterable[str]) -> dict[str, str]:
    """Version of each of the ``distributions`` that is installed."""
    found = {}
    for name in distributions:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
