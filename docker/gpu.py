"""Which GPU the containers see, if any, and how."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from docker.engine import Docker, Fault, last_line

_BASE = "python:3.11-slim-bookworm"


@dataclass(frozen=True, slots=True)
class Gpu:
    """A way for containers to see a GPU: the arguments for Compose and `docker run`."""

    overlay: str
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


def _gpus(engine: Mapping[str, Any]) -> list[Gpu]:
    number = os.environ.get("TWINRUN_GPU") or "0"
    found = []
    if "nvidia" in engine.get("Runtimes", {}):
        options = [
            *("--runtime=nvidia", "--env", f"NVIDIA_VISIBLE_DEVICES={number}"),
            *("--env", "NVIDIA_DRIVER_CAPABILITIES=utility"),
        ]
        found.append(Gpu("docker/compose.gpu.yaml", options))
    if engine.get("CDISpecDirs"):
        found.append(Gpu("docker/compose.cdi.yaml", [f"--device=nvidia.com/gpu={number}"]))
    return found
