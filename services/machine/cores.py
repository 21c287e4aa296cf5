"""Processor cores, as opposed to the hardware threads that the system calls CPUs."""

import os
import subprocess
import sys
from pathlib import Path

from services.machine import host

_CPUS = Path("/sys/devices/system/cpu")
# Which CPUs are threads of the same core: the second is the name before Linux 5.2.
_SHARING = ("core_cpus_list", "thread_siblings_list")


def physical_cores(cpus: Path = _CPUS) -> int | None:
    """Return the cores that this process may use, by its affinity and its quota.

    None: the system does not report it. What a virtual machine's hypervisor says is taken as it is.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    found = _by_sysctl() if affinity is None else _of(cpus, affinity(0))
    return None if found is None else min(found, host.available_cpus())


def _of(cpus: Path, allowed: set[int]) -> int | None:
    """Return how many cores the ``allowed`` CPUs are threads of."""
    cores = {_threads(cpus / f"cpu{number}" / "topology") for number in allowed}
    return None if None in cores else len(cores)


def _threads(topology: Path) -> str | None:
    for name in _SHARING:
        try:
            return (topology / name).read_text().strip() or None
        except OSError:
            continue
    return None


def _by_sysctl() -> int | None:
    """Ask macOS, which lets a process use every core."""
    if sys.platform != "darwin":
        return None
    try:
        asked = ["/usr/sbin/sysctl", "-n", "hw.physicalcpu"]
        told = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=5)
        return int(told.stdout) or None
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
