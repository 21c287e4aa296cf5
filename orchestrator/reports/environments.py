"""Environments -> a table of what each framework runs on, side by side."""

from collections.abc import Callable, Mapping, Sequence

from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label, memory, number
from orchestrator.reports.plain import Table
from orchestrator.reports.rows import UNKNOWN, Row

PACKAGES = Phrase("Packages")
_BY_JOB = Phrase("set by each job")
_CPU_ONLY = Phrase("CPU only")
_MORE = Phrase("and {rest} more (--json)")


# Of all packages that are installed, those whose version may change a result or its time.
_TIMED = ("torch", "torchvision", "triton", "tensorflow", "tensorflow-cpu", "keras", "numpy")


def table(
    environments: Mapping[str, job_pb2.Environment],
    rates: Mapping[str, job_pb2.MachineMeasured] | None = None,
) -> Table:
    """``environments`` by framework, and what was measured; what none of them has is left out."""
    made = Table(box=None, pad_edge=False, show_edge=False)
    made.add_column("", overflow="fold")
    for name in environments:
        made.add_column(label(name), overflow="fold")
    for row in rows(list(environments.values())):
        made.add_row(row.name, *row.values)
    for title, rate in _RATES.items() if rates else ():
        made.add_row(say(title), *map(rate, (rates or {}).values()))
    return made


def rows(environments: Sequence[job_pb2.Environment | None]) -> list[Row]:
    """What each tells; what none of them has is left out. None: nothing is known of one."""
    found = [
        Row(say(title), [(value(each) if each else "") or UNKNOWN for each in environments])
        for title, value in _TOLD.items()
    ]
    return [row for row in found if set(row.values) != {UNKNOWN}]


_RATES: Mapping[Phrase, Callable[[job_pb2.MachineMeasured], str]] = {
    Phrase("Matrix products"): lambda rate: f"{number(rate.operations_per_second / 1e9)} GFLOP/s",
    Phrase("Memory traffic"): lambda rate: f"{number(rate.bytes_per_second / 1e9)} GB/s",
}


def _packages(environment: job_pb2.Environment) -> str:
    told = {
        name: version
        for name, version in sorted(environment.packages.items())
        if name in _TIMED or name.startswith(("nvidia-cublas", "nvidia-cudnn"))
    }
    rest = len(environment.packages) - len(told)
    lines = [f"{name} {version}" for name, version in told.items()]
    return "\n".join([*lines, *([say(_MORE, rest=rest)] if rest else [])])


def _devices(environment: job_pb2.Environment) -> str:
    found = [f"{a.name}, {memory(a.memory_bytes)}, {a.uuid}" for a in environment.accelerators]
    return "\n".join(found) or say(_CPU_ONLY)


_TOLD: Mapping[Phrase, Callable[[job_pb2.Environment], str]] = {
    Phrase("Version"): lambda e: e.framework_version,
    Phrase("Python"): lambda e: e.python_version,
    Phrase("Platform"): lambda e: e.platform,
    Phrase("CPU"): lambda e: e.cpu_model,
    Phrase("CPUs that it may use"): lambda e: str(e.available_cpus),
    Phrase("CPU set"): lambda e: e.cpu_set,
    Phrase("Threads"): lambda e: str(e.threads) if e.threads else say(_BY_JOB),
    Phrase("BLAS"): lambda e: e.blas,
    Phrase("Device"): _devices,
    Phrase("Driver"): lambda e: e.driver_version,
    Phrase("CUDA"): lambda e: e.cuda_version,
    Phrase("cuDNN"): lambda e: e.cudnn_version,
    Phrase("CPU limit"): lambda e: number(e.cpu_limit) if e.cpu_limit else "",
    Phrase("CPU governor"): lambda e: e.cpu_governor,
    Phrase("Memory"): lambda e: memory(e.memory_bytes) if e.memory_bytes else "",
    Phrase("Image"): lambda e: e.image,
    Phrase("Twinrun's commit"): lambda e: e.git_commit,
    PACKAGES: _packages,
}
