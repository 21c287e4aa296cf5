"""What is known of a machine from earlier runs: how far it parts from itself, what it can do.

Kept in the user's state directory, a JSON file for each machine.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from twinrun.contract.converters.specs import spec_from_proto
from twinrun.contract.spec import JobSpec
from twinrun.v1 import job_pb2

from orchestrator.errors import OutputError
from orchestrator.settings.config import state_home
from orchestrator.storage import store
from orchestrator.storage.files import write_whole

NOISE, RATES = "noise", "rates"


def key(environment: job_pb2.Environment) -> str:
    """Of the machine that an environment tells of: its processor, its CPUs, its GPUs."""
    parts = [
        environment.cpu_model,
        environment.platform.partition("-")[0],
        str(environment.available_cpus),
        *(gpu.name for gpu in environment.accelerators),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def known(machine: str) -> dict[str, dict[str, Any]]:
    """``noise`` and ``rates`` of the machine, each by what they are of; empty where unknown."""
    with suppress(OSError, ValueError):
        found: dict[str, dict[str, Any]] = json.loads(_path(machine).read_bytes())
        return found
    return {}


def learn(machine: str, kind: str, of: str, what: Mapping[str, Any]) -> None:
    """Keep what was found, in place of what was known; where the disk takes it."""
    found = known(machine)
    found.setdefault(kind, {})[of] = dict(what)
    with suppress(OSError, OutputError):
        _path(machine).parent.mkdir(parents=True, exist_ok=True)
        write_whole(_path(machine), json.dumps(found, indent=2).encode())


def keep_rates(
    rates: Mapping[str, job_pb2.MachineMeasured],
    environments: Mapping[str, job_pb2.Environment],
    spec: job_pb2.JobSpec,
) -> None:
    """Keep what each framework measured, for later comparisons on the same machine."""
    of = rates_of(spec_from_proto(spec))
    for name, environment in environments.items():
        machine = key(environment)
        before = known(machine).get(RATES, {}).get(of, {})
        learn(machine, RATES, of, {**before, name: store.to_mapping(rates[name])})


def conditions(job: JobSpec) -> str:
    """What its figures depend on beside the framework: ``cpu float32 default 2 threads``."""
    return f"{job.device} {job.precision} {job.execution} {job.threads} threads"


def rates_of(job: JobSpec) -> str:
    """What the machine's rates depend on: ``cpu float32 2 threads``."""
    return f"{job.device} {job.precision} {job.threads} threads"


def best_rates(known: Mapping[str, Mapping[str, Any]], job: JobSpec) -> tuple[float, float]:
    """Operations and bytes a second that the machine is known to reach; 0 where unknown."""
    found = known.get(RATES, {}).get(rates_of(job), {}).values()
    names = ("operations_per_second", "bytes_per_second")
    operations, moved = (max((rate[name] for rate in found), default=0.0) for name in names)
    return operations, moved


def _path(machine: str) -> Path:
    return state_home() / "machines" / f"{machine}.json"
