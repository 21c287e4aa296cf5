"""Environments -> a table of what each framework runs on, side by side."""

from collections.abc import Callable, Mapping

from rich.table import Table
from twinrun.v1 import job_pb2

from orchestrator.words import label, memory

_NONE = "-"


def table(environments: Mapping[str, job_pb2.Environment]) -> Table:
    """``environments`` by framework; what none of them has is left out."""
    shown: Mapping[str, Callable[[job_pb2.Environment], str]] = {
        "Version": lambda e: e.framework_version,
        "Python": lambda e: e.python_version,
        "Platform": lambda e: e.platform,
        "CPU": lambda e: e.cpu_model,
        "CPUs that it may use": lambda e: str(e.available_cpus),
        "CPU set": lambda e: e.cpu_set,
        "Threads": lambda e: str(e.threads) if e.threads else "set by each job",
        "BLAS": lambda e: e.blas,
        "Device": _devices,
        "Driver": lambda e: e.driver_version,
        "CUDA": lambda e: e.cuda_version,
        "cuDNN": lambda e: e.cudnn_version,
        "Packages": lambda e: "\n".join(f"{n} {v}" for n, v in sorted(e.packages.items())),
    }
    made = Table(box=None, pad_edge=False, show_edge=False)
    made.add_column("")
    for name in environments:
        made.add_column(label(name), overflow="fold")
    for title, value in shown.items():
        values = [value(environment) or _NONE for environment in environments.values()]
        if set(values) != {_NONE}:
            made.add_row(title, *values)
    return made


def _devices(environment: job_pb2.Environment) -> str:
    found = [f"{a.name}, {memory(a.memory_bytes)}, {a.uuid}" for a in environment.accelerators]
    return "\n".join(found) or "CPU only"
