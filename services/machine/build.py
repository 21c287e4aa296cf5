"""Everything that determines how a job is computed here, as one digest; and Twinrun's version."""

import functools
import hashlib
import importlib.metadata
import os
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from twinrun import contract

import services
from services.machine import host, nvml, variables

_ROOT = Path(services.__file__).parents[1]
_CODE = (_ROOT / "services", Path(contract.__file__).parent)
# CUDA's libraries outside of packages: the names of their files end in their whole versions.
_LIBRARIES = ("libcublas.so.*", "libcudart.so.*", "libcudnn.so.*")
_FOLDERS = (
    *(f"{sys.prefix}/lib", "/usr/local/cuda/lib64", "/usr/lib64"),
    *("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"),
)


@functools.cache
def version() -> str:
    """Return Twinrun's version: as installed, or else that of the tree that this code is in."""
    try:
        return importlib.metadata.version("twinrun")
    except importlib.metadata.PackageNotFoundError:
        return str(tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]["version"])


@functools.cache
def digest() -> str:
    """Hash what computes here: SHA-256, hexadecimal.

    The processor, the GPU with its driver and CUDA's libraries, installed packages and versions,
    the environment variables that change arithmetic, and Twinrun's code.
    """
    installed = sorted(
        {f"{each.name}=={each.version}" for each in importlib.metadata.distributions()}
    )
    given = [f"{name}={value}" for name, value in variables.changing_arithmetic().items()]
    parts = [host.cpu_model(), *_gpu(), *installed, *given]
    sha256 = hashlib.sha256("\n".join(parts).encode())
    for folder in _CODE:
        for path in sorted(folder.rglob("*.py")):
            sha256.update(f"\n{folder.name}/{path.relative_to(folder)}\n".encode())
            sha256.update(path.read_bytes())
    return sha256.hexdigest()


def _gpu() -> Iterator[str]:
    """Yield the card that a job on CUDA uses, the first, and what drives it; nothing without one.

    A framework's own CUDA and cuDNN are packages, or are found where the system has them.
    """
    driver, cards = nvml.accelerators()
    for card in cards[:1]:
        yield from (f"GPU {card.name}", f"driver {driver}")
        paths = filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(":"))
        for folder in map(Path, (*paths, *_FOLDERS)):
            for pattern in _LIBRARIES:
                yield from sorted(f"CUDA {path.resolve().name}" for path in folder.glob(pattern))
