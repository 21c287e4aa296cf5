"""Has runners measure what their machine can do, and keeps it."""

import uuid
from collections.abc import Mapping

from twinrun.v1 import job_pb2

from orchestrator import machine, store
from orchestrator.client import Client
from orchestrator.errors import JobFailed
from orchestrator.language import Phrase, english
from orchestrator.schedule import raise_unless_succeeded

_NO_RATES = Phrase("{framework}: the job {job_id} reported no rates.")


def measure(client: Client, spec: job_pb2.JobSpec) -> job_pb2.MachineMeasured:
    """With the device, precision and threads of ``spec``. Raises JobFailed."""
    submitted = client.measure(spec, uuid.uuid4().hex)
    events = list(client.watch(submitted.job_id))
    raise_unless_succeeded(client.job(submitted.job_id), client.framework)
    found = [event.machine_measured for event in events if event.HasField("machine_measured")]
    if not found:
        raise JobFailed(english(_NO_RATES, framework=client.framework, job_id=submitted.job_id))
    return found[-1]


def keep(
    rates: Mapping[str, job_pb2.MachineMeasured],
    environments: Mapping[str, job_pb2.Environment],
    spec: job_pb2.JobSpec,
) -> None:
    """What each framework measured, for later comparisons on the same machine."""
    of = machine.rates_of(store.to_mapping(spec))
    for name, environment in environments.items():
        key = machine.key(environment)
        before = machine.known(key).get(machine.RATES, {}).get(of, {})
        machine.learn(key, machine.RATES, of, {**before, name: store.to_mapping(rates[name])})
