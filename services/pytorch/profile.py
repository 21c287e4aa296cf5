"""Where the time of a few steps goes, by PyTorch's own profiler."""

from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity
from twinrun.contract.events import Operation, Profiled

from services.trial.matched import PROFILED_OPERATIONS


def profiled(take_steps: Callable[[], int], device: torch.device) -> Profiled:
    """Profile ``take_steps``, which returns how many it took. On a GPU only its kernels count."""
    on_gpu = device.type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
    with torch.profiler.profile(activities=activities) as profiler:
        steps = take_steps()
    time_of = "self_device_time_total" if on_gpu else "self_cpu_time_total"  # microseconds
    found = sorted(
        (
            Operation(event.key, event.count, getattr(event, time_of) / 1e6)
            for event in profiler.key_averages()
        ),
        key=lambda operation: -operation.self_seconds,
    )
    total = sum(operation.self_seconds for operation in found)
    return Profiled(tuple(found[:PROFILED_OPERATIONS]), total, steps)
