"""Environments -> tables of what each framework runs on, side by side."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from twinrun.v1 import job_pb2

from orchestrator.frameworks import FRAMEWORKS
from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import memory, number
from orchestrator.reports.grid import UNKNOWN, Grid, Row, known, of_sides, row

_PROPERTY, _PACKAGE, _PACKAGES = Phrase("Property"), Phrase("Package"), Phrase("Packages")
USED = Phrase("What each side used for what the job may leave to it")
_FIELD = Phrase("Field of the job")
_ITS_OWN, _VALUE_OF_ITS_OWN = Phrase("its own"), Phrase("{value} (its own)")
_ABSENT = Phrase("absent")
_BY_JOB = Phrase("set by each job")
_CPU_ONLY = Phrase("CPU only")
_MORE = Phrase("and {rest} more (--json)")
# The installed packages whose version may change a result or its time.
_TIMED = {"numpy", *(package for each in FRAMEWORKS.values() for package in each.timed)}

Environments = Mapping[str, job_pb2.Environment | None]  # by side; None: not known


def table(
    environments: Mapping[str, job_pb2.Environment],
    rates: Mapping[str, job_pb2.MachineMeasured] | None = None,
) -> Grid:
    """Return each one's properties, the relevant packages, and measured rates."""
    grid = properties(environments)
    rows = [*grid.rows, *known([row(say(_PACKAGES), list(map(_packages, environments.values())))])]
    for title, rate in _RATES.items() if rates else ():
        rows.append(row(say(title), list(map(rate, (rates or {}).values()))))
    return Grid(grid.columns, rows)


def properties(environments: Environments) -> Grid:
    """Return properties; those that none has are left out, and differing ones are marked."""
    rows = [
        _property(say(title), [value(each) if each else None for each in environments.values()])
        for title, value in _TOLD.items()
    ]
    return Grid(of_sides(_PROPERTY, list(environments), numeric=False), known(rows))


def _property(name: str, values: Sequence[str | None]) -> Row:
    """Mark a row if two values differ, or only one has any; None: its environment is not known."""
    distinct = {value for value in values if value is not None}
    cells = [value or UNKNOWN for value in values]
    return dataclasses.replace(row(name, cells), differs=len(distinct) > 1)


def used(environments: Environments) -> Grid:
    """Return what each side used for what a spec may leave to it; none in the matched recipe."""
    known_ones = [each for each in environments.values() if each]
    fields = dict.fromkeys(field for each in known_ones for field in sorted(each.used))
    rows = [
        _property(field, [_used(each, field) if each else None for each in environments.values()])
        for field in fields
    ]
    return Grid(of_sides(_FIELD, list(environments), numeric=False), rows)


def _used(environment: job_pb2.Environment, field: str) -> str | None:
    """Return a value, and whether it is the framework's own; None: it has no such field."""
    if field not in environment.used:
        return None
    value = environment.used[field]
    if field not in environment.own:
        return value
    return say(_VALUE_OF_ITS_OWN, value=value) if value else say(_ITS_OWN)


def packages(environments: Environments) -> Grid:
    """Return the version of each package that any of them has."""
    versions = [dict(each.packages) if each else {} for each in environments.values()]
    names = sorted({name for each in versions for name in each})
    rows = [_marked(name, [each.get(name, say(_ABSENT)) for each in versions]) for name in names]
    return Grid(of_sides(_PACKAGE, list(environments), numeric=False), rows)


def _marked(name: str, values: Sequence[str]) -> Row:
    """Mark a row if two values differ; a value that only one has is no difference of versions."""
    distinct = {value for value in values if value != say(_ABSENT)}
    return dataclasses.replace(row(name, values), differs=len(distinct) > 1)


_RATES: Mapping[Phrase, Callable[[job_pb2.MachineMeasured], str]] = {
    Phrase("Matrix products"): lambda rate: f"{number(rate.operations_per_second / 1e9)} GFLOP/s",
    Phrase("Memory traffic"): lambda rate: f"{number(rate.bytes_per_second / 1e9)} GB/s",
    Phrase("To start an operation"): lambda rate: (
        f"{number(1e6 / rate.calls_per_second)} µs" if rate.calls_per_second else UNKNOWN
    ),
}


def _packages(environment: job_pb2.Environment) -> str:
    versions = {
        name: version
        for name, version in sorted(environment.packages.items())
        if name in _TIMED or name.startswith(("nvidia-cublas", "nvidia-cudnn"))
    }
    rest = len(environment.packages) - len(versions)
    lines = [f"{name} {version}" for name, version in versions.items()]
    return "\n".join([*lines, *([say(_MORE, rest=rest)] if rest else [])])


def _devices(environment: job_pb2.Environment) -> str:
    devices = [f"{a.name}, {memory(a.memory_bytes)}, {a.uuid}" for a in environment.accelerators]
    return "\n".join(devices) or say(_CPU_ONLY)


_TOLD: Mapping[Phrase, Callable[[job_pb2.Environment], str]] = {
    Phrase("Version"): lambda e: e.framework_version,
    Phrase("Python"): lambda e: e.python_version,
    Phrase("Platform"): lambda e: e.platform,
    Phrase("CPU"): lambda e: e.cpu_model,
    Phrase("CPUs available to it"): lambda e: str(e.available_cpus),
    Phrase("Physical cores of these"): lambda e: (
        str(e.physical_cores) if e.HasField("physical_cores") else ""
    ),
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
    Phrase("Environment variables"): lambda e: "\n".join(
        f"{name}={value}" for name, value in sorted(e.variables.items())
    ),
    Phrase("Image"): lambda e: e.image,
    Phrase("Twinrun's commit"): lambda e: e.git_commit,
}
