"""Where the time of a few steps goes, by PyTorch's own profiler."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity
from twinrun.contract.events import Operation, Profiled

from services.trial.matched import PROFILED_OPERATIONS
from services.trial.profiles import Span, of_gpu

_PER_SECOND = 1_000_000_000  # its clock counts nanoseconds


def profiled(take_steps: Callable[[], int], device: torch.device) -> Profiled:
    """Profile ``take_steps``, which returns how many it took. On a GPU only its kernels count."""
    on_gpu = device.type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
    with torch.profiler.profile(activities=activities) as profiler:
        start = time.perf_counter()
        steps = take_steps()
        wall_seconds = time.perf_counter() - start
    if on_gpu:
        return of_gpu(list(_on_gpu(profiler)), _PER_SECOND, steps, wall_seconds)
    found = sorted(
        (
            Operation(event.key, event.count, event.self_cpu_time_total / 1e6)  # from microseconds
            for event in profiler.key_averages()
        ),
        key=lambda operation: -operation.self_seconds,
    )
    total = sum(operation.self_seconds for operation in found)
    counted = calls(profiler.events() or ())
    return Profiled(tuple(found[:PROFILED_OPERATIONS]), total, steps, calls=counted)


def calls(events: Iterable[Any]) -> int:
    """Return how many call no other one: `aten::linear` only calls `aten::addmm`."""
    return sum(1 for event in events if not event.cpu_children)


def _on_gpu(profiler: torch.profiler.profile) -> Iterator[Span]:
    """Yield what ran on the GPU itself: not the operations that launched it, nor annotations."""
    for event in profiler.events() or ():
        if event.device_type == DeviceType.CUDA and not event.is_user_annotation:
            times = event.time_range  # microseconds, with decimals
            yield event.name, round(1000 * times.start), round(1000 * times.end)
