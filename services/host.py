"""The machine that a trial runs on, as far as no framework is needed to see it."""

import importlib.metadata
import math
import os
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path

from services.events import Accelerator


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


def accelerators() -> tuple[str, tuple[Accelerator, ...]]:
    """NVIDIA's driver version and the GPUs that this process may see; "" and none without.

    Asks ``nvidia-smi``, so that no CUDA context is made in this process, and so that both
    frameworks tell the same. GPUs that CUDA_VISIBLE_DEVICES hides are left out.
    """
    query = ["nvidia-smi", "--query-gpu=driver_version,name,uuid,memory.total"]
    try:
        answer = subprocess.run(
            [*query, "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return "", ()
    rows = [[cell.strip() for cell in line.split(",")] for line in answer.splitlines()]
    rows = [row for row in rows if len(row) == 4]
    gpus = [Accelerator(name, uuid, _mebibytes(memory)) for _, name, uuid, memory in rows]
    return rows[0][0] if rows else "", _visible(gpus, os.environ.get("CUDA_VISIBLE_DEVICES"))


def _mebibytes(number: str) -> int:
    """Bytes; 0 where the driver says "[N/A]", as it does where memory is the host's."""
    return int(number) * 2**20 if number.isdecimal() else 0


def _visible(gpus: list[Accelerator], names: str | None) -> tuple[Accelerator, ...]:
    """The GPUs in the order in which CUDA shows them; like CUDA, ends at a name that it lacks."""
    if names is None:
        return tuple(gpus)
    visible = []
    for name in (name.strip() for name in names.split(",")):
        if name.isdecimal() and int(name) < len(gpus):
            visible.append(gpus[int(name)])
        elif name.startswith("GPU-") and (
            matching := [gpu for gpu in gpus if gpu.uuid.startswith(name)]
        ):
            visible.append(matching[0])
        else:
            break
    return tuple(visible)
