"""What earlier runs found about a machine: its noise and its peak rates.

Stored in the user's state directory, one JSON file for each machine.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from twinrun.contract.converters.specs import spec_from_proto
from twinrun.contract.events import MachineMeasured
from twinrun.contract.spec import JobSpec
from twinrun.v1 import job_pb2

from orchestrator.errors import OutputError, RunUnreadable
from orchestrator.settings.config import state_home
from orchestrator.storage.files import read_json, write_whole
from orchestrator.storage.store import MACHINE, Run
from orchestrator.trials.mappings.reading import read
from orchestrator.trials.mappings.stored import as_json, fields_of
from orchestrator.trials.spec import in_tf32


def key(environment: job_pb2.Environment) -> str:
    """Return the key of an environment's machine: its processor, its CPUs, its GPUs."""
    parts = [
        environment.cpu_model,
        environment.platform.partition("-")[0],
        str(environment.available_cpus),
        *(gpu.name for gpu in environment.accelerators),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Noise:
    """The interval of an A/A test: with how many pairs, of what, and when (ISO 8601)."""

    low: float
    high: float
    pairs: int
    workload: str
    time: str


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier runs found about a machine.

    ``noise`` by framework and `conditions`; ``rates``, a second, by `rates_of` and framework.
    """

    noise: Mapping[str, Noise] = field(default_factory=dict)
    rates: Mapping[str, Mapping[str, MachineMeasured]] = field(default_factory=dict)


def known(machine: str) -> Known:
    """Return what is stored about the machine; nothing if it is unknown or unreadable."""
    path = _path(machine)
    with suppress(RunUnreadable):
        return read(Known, read_json(path), str(path))
    return Known()


def of_run(run: Run) -> Known:
    """Return what was known when a run was made. Raises RunUnreadable."""
    return read(Known, run.known(), str(run.path / MACHINE))


def learn_noise(machine: str, of: str, noise: Noise) -> None:
    """Store a new noise in place of the old one, if the disk takes it."""
    before = known(machine)
    _keep(machine, replace(before, noise={**before.noise, of: noise}))


def keep_rates(
    rates: Mapping[str, job_pb2.MachineMeasured],
    environments: Mapping[str, job_pb2.Environment],
    specs: Mapping[str, job_pb2.JobSpec],
) -> None:
    """Store the rates that each framework measured, for later comparisons on the same machine."""
    for name, environment in environments.items():
        machine, rate = key(environment), rates[name]
        of = rates_of(spec_from_proto(specs[name]))
        measured = MachineMeasured(
            rate.operations_per_second, rate.bytes_per_second, rate.calls_per_second
        )
        before = known(machine)
        under = {**before.rates.get(of, {}), name: measured}
        _keep(machine, replace(before, rates={**before.rates, of: under}))


def _keep(machine: str, what: Known) -> None:
    with suppress(OSError, OutputError):
        _path(machine).parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps(as_json(fields_of(what)), indent=2).encode()
        write_whole(_path(machine), content)


def conditions(job: JobSpec) -> str:
    """Return what results depend on besides the framework: ``cpu float32 default 2 threads``."""
    return f"{job.device} {job.precision} {job.execution} {job.threads} threads{_devices(job)}"


def rates_of(job: JobSpec) -> str:
    """Return what the machine's rates depend on: ``cpu float32 2 threads``, ``cuda tf32 ...``."""
    products = "tf32" if in_tf32(job) else job.precision
    return f"{job.device} {products} {job.threads} threads{_devices(job)}"


def _devices(job: JobSpec) -> str:
    """Return what follows the threads; of one nothing, as in files of before."""
    return f" {job.devices} devices" if job.devices > 1 else ""


def best_rates(measured: Known, job: JobSpec) -> tuple[float, float]:
    """Return the machine's known peak operations and bytes a second; 0 if unknown."""
    rates = measured.rates.get(rates_of(job), {}).values()
    operations = max((rate.operations_per_second for rate in rates), default=0.0)
    return operations, max((rate.bytes_per_second for rate in rates), default=0.0)


def _path(machine: str) -> Path:
    return state_home() / "machines" / f"{machine}.json"
