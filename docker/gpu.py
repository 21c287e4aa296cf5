"""Which GPU the containers see, if any, and how: the same one for all."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from docker.engine import ROOT, Docker, Fault, last_line
from services.frameworks import own

_BASE = "python:3.11-slim-bookworm"


_RUNTIME = {
    "runtime": "nvidia",
    "environment": {
        "NVIDIA_VISIBLE_DEVICES": "${TWINRUN_GPU:-0}",  # an index, or a UUID of `nvidia-smi -L`
        "NVIDIA_DRIVER_CAPABILITIES": "compute,utility",
    },
}
_CDI = {
    "driver": "cdi",
    "device_ids": ["nvidia.com/gpu=${TWINRUN_GPU:-0}"],
    "capabilities": ["gpu"],
}


@dataclass(frozen=True, slots=True)
class Gpu:
    """A way for containers to see a GPU: for Compose, what a runner has, and for `docker run`."""

    name: str
    runner: Mapping[str, Any]
    options: Sequence[str]


def chosen(docker: Docker, engine: Mapping[str, Any]) -> Gpu | None:
    """Return the GPU or None for the CPU. By $GPU: 0 never, 1 required, else if one answers."""
    asked = os.environ.get("GPU", "")
    if asked not in ("", "0", "1"):
        raise Fault(f"GPU is {asked!r}: give 0 or 1, or leave it out to have a GPU used if any.")
    if asked == "0":
        return None
    ways = _gpus(engine)
    if not ways:
        if asked:
            raise Fault(
                "GPU=1, but this engine has no NVIDIA runtime: install the NVIDIA Container "
                "Toolkit, run 'sudo nvidia-ctk runtime configure --runtime=docker' and restart "
                "Docker, or leave GPU out to run on the CPU."
            )
        return None
    said = ""
    for way in ways:
        image = os.environ.get("TWINRUN_BASE") or _BASE
        answer = docker.ask(
            *("run", "--rm", "--network=none", *way.options, image, "nvidia-smi", "-L")
        )
        if answer.returncode == 0 and "GPU " in answer.stdout:
            print(f"GPU: {answer.stdout.strip()}")
            return way
        said = last_line(answer.stderr or answer.stdout)
    if asked:
        raise Fault(
            "GPU=1, but no GPU answers in a container: see that 'nvidia-smi' lists one on this "
            f"machine, or leave GPU out to run on the CPU. The engine said: {said}"
        )
    print(f"The engine has an NVIDIA runtime, but no GPU answers, so it is the CPU: {said}")
    return None


def builds() -> dict[str, str]:
    """Return the builds with CUDA, by variable, of the frameworks that have one beside the usual.

    A variable that is set stays as it is.
    """
    there = [name for name in own() if (ROOT / f"requirements/{name}-cuda.txt").exists()]
    return {name.upper(): os.environ.get(name.upper()) or "cuda" for name in there}


def _gpus(engine: Mapping[str, Any]) -> list[Gpu]:
    number = os.environ.get("TWINRUN_GPU") or "0"
    found = []
    if "nvidia" in engine.get("Runtimes", {}):
        options = [
            *("--runtime=nvidia", "--env", f"NVIDIA_VISIBLE_DEVICES={number}"),
            *("--env", "NVIDIA_DRIVER_CAPABILITIES=utility"),
        ]
        found.append(Gpu("gpu", _RUNTIME, options))
    if engine.get("CDISpecDirs"):  # an engine that knows GPUs by CDI
        devices = {"deploy": {"resources": {"reservations": {"devices": [_CDI]}}}}
        found.append(Gpu("cdi", devices, [f"--device=nvidia.com/gpu={number}"]))
    return found
