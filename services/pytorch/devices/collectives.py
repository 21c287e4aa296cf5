"""Sums over the devices of a job, which torch.distributed exchanges: gloo on CPUs, else NCCL."""

import os
import socket
from pathlib import Path
from typing import Any

import torch
from torch import distributed
from twinrun.contract.enums import Device
from twinrun.contract.spec import JobSpec

from services.pytorch.layers.given import Mean


def backend(spec: JobSpec) -> str:
    """Return what exchanges the sums of a job's devices."""
    return "gloo" if spec.device is Device.CPU else "nccl"


def join(place: int, devices: int, by: str, meeting: Path) -> None:
    """Become the process of the device ``place`` of so many, once all have come.

    They meet in a file, which needs no port, and talk over the loopback alone.
    """
    loopback = next((name for _, name in socket.if_nameindex() if name.startswith("lo")), "lo")
    for library in ("GLOO", "NCCL"):
        os.environ.setdefault(f"{library}_SOCKET_IFNAME", loopback)
    store = distributed.FileStore(str(meeting), devices)
    distributed.init_process_group(by, store=store, rank=place, world_size=devices)
    distributed.all_reduce(torch.zeros(1, device="cpu" if by == "gloo" else f"cuda:{place}"))


def place() -> int:
    """Return which of a job's devices is this process's: 0 if it has but one."""
    found: int = distributed.get_rank() if distributed.is_initialized() else 0
    return found


def total(tensor: torch.Tensor) -> torch.Tensor:
    """Return the sum over the devices of what each has; without a gradient."""
    summed = tensor.detach().clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(summed)
    return summed


class _Total(torch.autograd.Function):  # type: ignore[misc] # PyTorch's is Any
    """The sum over the devices. Each one's loss depends on it, so its gradient is their sum."""

    @staticmethod
    def forward(_: Any, tensor: torch.Tensor) -> torch.Tensor:
        return total(tensor)

    @staticmethod
    def backward(_: Any, gradient: torch.Tensor) -> torch.Tensor:
        return total(gradient)


def mean(weight: float) -> Mean:
    """Return what makes the mean over a device's samples that over all devices' samples.

    ``weight``: what the former counts, of `services.model.shares.Share`.
    """
    return lambda own: _Total.apply(own * weight)
