"""What a job needs beside a valid spec, a GPU and data: looked for before the job is accepted.

Processes of their own look, because what they import would double the memory of the runner's own.
"""

import functools
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from twinrun.contract.data_dir import BLOBS
from twinrun.contract.enums import Device, Recipe
from twinrun.contract.spec import JobSpec
from twinrun.contract.violation import Violation

from services.data import catalog
from services.data.blobs import Blobs
from services.errors import CodeRefused, DataUnavailable, DeviceUnavailable, InvalidRequest

_FILES = 4  # of a dataset: images and labels of two splits; of CIFAR's an archive
_SECONDS = 20.0  # until what a look has not found out is left to the job


def require(spec: JobSpec, data_dir: Path) -> None:
    """Check what the job needs. Raises DeviceUnavailable, DataUnavailable."""
    if spec.device is Device.CUDA and importlib.util.find_spec("pynvml") is not None:
        _require_gpu()
    require_blobs(spec, data_dir)
    if spec.dataset.arrays is None and spec.dataset.name != catalog.SYNTHETIC:
        _require_data(spec.dataset.name, data_dir)


def require_blobs(spec: JobSpec, data_dir: Path) -> None:
    """Check that the files that the job needs were uploaded. Raises DataUnavailable."""
    for stored in spec.blobs:
        Blobs(data_dir / BLOBS).use(stored.sha256, stored.size_bytes)


class Allowed(NamedTuple):
    """What a runner does only where it was started with the option: see `options`."""

    code: bool = False
    together: bool = False


NOTHING = Allowed()


def require_code(spec: JobSpec, framework: str, *, allowed: bool, traced: bool) -> None:
    """Check a job of the user's code, which ``allowed`` permits.

    ``traced``: its tensors come later.

    Raises CodeRefused, InvalidRequest.
    """
    code = spec.code
    if code is None:
        if traced:
            raise InvalidRequest([Violation("code", "is not set; only a model of code is traced")])
        return
    of_layers = framework not in code.sources and bool(spec.layers)
    if not allowed and not of_layers:
        raise CodeRefused(
            f"This {framework} runner executes no users' code: start it with --allow-code, in "
            "containers with `make up CODE=1`. Whoever may send it jobs can then do there what it "
            "can.",
            framework=framework,
        )
    missing = {
        f"code.{framework}": framework not in code.sources and not of_layers,
        "code.files": code.files is None,
        "code.tensors": not (code.tensors or traced or spec.recipe is Recipe.IDIOMATIC),
    }
    if any(missing.values()):
        what = "is not set; it is required"
        raise InvalidRequest([Violation(name, what) for name, is_so in missing.items() if is_so])


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
