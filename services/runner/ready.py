"""What a job needs beside a valid spec, a GPU and data: looked for before the job is accepted.

Processes of their own look, because what they import would double the memory of the runner's own.
"""

import functools
import importlib.util
import subprocess
import sys
from pathlib import Path

from twinrun.contract.data_dir import BLOBS
from twinrun.contract.enums import Device
from twinrun.contract.spec import JobSpec

from services.data import catalog
from services.data.blobs import Blobs
from services.errors import DataUnavailable, DeviceUnavailable

_FILES = 4  # of a dataset: images and labels of two splits; of CIFAR's an archive
_SECONDS = 20.0  # until what a look has not found out is left to the job


def require(spec: JobSpec, data_dir: Path) -> None:
    """Check what the job needs. Raises DeviceUnavailable, DataUnavailable."""
    if spec.device is Device.CUDA and importlib.util.find_spec("pynvml") is not None:
        _require_gpu()
    if spec.dataset.arrays is not None:
        require_arrays(spec, data_dir)
    elif spec.dataset.name != catalog.SYNTHETIC:
        _require_data(spec.dataset.name, data_dir)


def require_arrays(spec: JobSpec, data_dir: Path) -> None:
    """Check that the arrays that the job needs were uploaded. Raises DataUnavailable."""
    if (arrays := spec.dataset.arrays) is not None:
        Blobs(data_dir / BLOBS).use(arrays.sha256, arrays.size_bytes)


@functools.cache  # only what was found: an exception is not kept
def _require_gpu() -> None:
    if _look("services.machine.nvml") == "":
        raise DeviceUnavailable(
            "device is cuda, but NVIDIA's driver shows this runner no GPU; use device cpu, or "
            "install the driver and make a GPU visible to the runner",
            device="cuda",
        )


@functools.cache
def _require_data(name: str, data_dir: Path) -> None:
    patterns = ("*-ubyte", "*-ubyte.gz")
    there = (path for pattern in patterns for path in (data_dir / name).glob(pattern))
    is_whole = len({path.name.removesuffix(".gz") for path in there}) == _FILES
    if is_whole or any((data_dir / name).glob("cifar-*-python.tar.gz")):
        return  # as nearly always; the job checks them
    if why := _look("services.data.reach", name, str(data_dir)):
        raise DataUnavailable(why, directory=str(data_dir / name))


def _look(module: str, *arguments: str) -> str | None:
    """Return what the module prints; None if it fails, or takes too long."""
    command = [sys.executable, "-m", module, *arguments]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace").strip()
