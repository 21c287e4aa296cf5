"""Sums over the devices of a job, which torch.distributed exchanges: gloo on CPUs, else NCCL."""

import os
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from torch import distributed
from twinrun.contract.enums import Device
from twinrun.contract.group import Group
from twinrun.contract.spec import JobSpec

from services.machine import network
from services.pytorch.layers.given import Mean

_LOOPBACK = "127.0.0.1"
_MEETING = timedelta(minutes=30)  # for a machine that must first download the data


def backend(spec: JobSpec) -> str:
    """Return what exchanges the sums of a job's devices."""
    return "gloo" if spec.device is Device.CPU else "nccl"


def join(place: int, devices: int, by: str, meeting: Path | Group) -> None:
    """Become the process of the device ``place`` of so many, once all have come.

    Those of one machine meet in a file, which needs no port, and talk over the loopback alone.
    Those of several meet at the first machine, and talk by the interface that others reach.
    """
    number, host = place, _LOOPBACK
    if isinstance(meeting, Group):
        number, host = place % (devices // meeting.machines), meeting.host
    for library in ("GLOO", "NCCL"):
        os.environ.setdefault(f"{library}_SOCKET_IFNAME", network.interface(host))
    store = _store(place, devices, meeting)
    distributed.init_process_group(by, store=store, rank=place, world_size=devices)
    distributed.all_reduce(torch.zeros(1, device="cpu" if by == "gloo" else f"cuda:{number}"))


def _store(place: int, devices: int, meeting: Path | Group) -> distributed.Store:
    """Return where all meet: what the first one keeps listens at its machine's address alone."""
    if isinstance(meeting, Path):
        return distributed.FileStore(str(meeting), devices)
    host, port = meeting.meeting
    listening = None
    if place == 0:
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as bound:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            listening = bound.detach()  # which the store closes
    return distributed.TCPStore(
        *(host, port, devices, place == 0, _MEETING),
        wait_for_workers=False,
        master_listen_fd=listening,
    )


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
