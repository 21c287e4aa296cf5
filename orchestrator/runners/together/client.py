"""The runners of several machines as one: each trains a part of the same job."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial

from twinrun.v1 import job_pb2

from orchestrator.errors import BadInput, OrchestratorError, Refused, RunnerUnavailable
from orchestrator.language.phrases import Phrase, english
from orchestrator.runners.client import OWN, Client, Group, ProcessUse
from orchestrator.runners.together.parts import ON, Parts
from orchestrator.runners.watching import REATTACH_SECONDS
from orchestrator.settings.trust import Trust

_TWICE = Phrase(
    "--over: the runner of {machine} at {address} is also that of another machine; each must have "
    "its own."
)
# Until the rest of a job that has failed on one machine is cancelled: by itself it says why.
_TELL_SECONDS = 15.0
_END_SECONDS = 60.0  # for the others to end after the first machine's part has succeeded
_LOOK_SECONDS = 0.2


class Together(Client):
    """Calls the first ``machine``'s runner, and the ``others``: each trains a part of each job.

    What it reports of a job is the first machine's; it has failed if any part has, and then says
    on which machine. A job of a single device is the first machine's alone, and so is all else.
    """

    def __init__(
        self,
        name: str,
        address: str,
        *,
        machine: str,
        others: Mapping[str, Client],
        trust: Trust | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(name, address, trust=trust, tell=tell)
        self._machine, self._others = machine, others
        self._parts: dict[str, Parts] = {}  # by the job's id on the first machine

    def limit(self, seconds: float) -> None:
        super().limit(seconds)
        for client in self._others.values():
            client.limit(seconds)

    def validate(self, spec: job_pb2.JobSpec, group: Group | None = None) -> job_pb2.JobSpec:
        """Have each machine check its part, and return the first one's answer."""
        if not _is_shared(spec):
            return super().validate(spec, group)
        first, *rest = self._groups()
        found = super().validate(spec, first)
        for (machine, client), each in zip(self._others.items(), rest, strict=True):
            with _named(machine):
                client.validate(spec, each)
        return found

    def train(
        self,
        spec: job_pb2.JobSpec,
        request_id: str,
        process: ProcessUse = OWN,
        memory_limit_bytes: int = 0,
        group: Group | None = None,
    ) -> job_pb2.Job:
        """Submit a part to each machine; return the first one's. Each has a process of its own."""
        if not _is_shared(spec):
            return super().train(spec, request_id, process, memory_limit_bytes, group)
        first, *rest = self._groups()
        job = super().train(spec, request_id, OWN, memory_limit_bytes, first)
        parts = self._parts[job.job_id] = Parts(self._machine)
        try:
            for (machine, client), each in zip(self._others.items(), rest, strict=True):
                with _named(machine):
                    taken = client.train(spec, request_id, OWN, memory_limit_bytes, each)
                if taken.job_id in (job.job_id, *parts.jobs.values()):  # of the same request
                    raise BadInput(english(_TWICE, machine=machine, address=client.address))
                parts.jobs[machine] = taken.job_id
        except OrchestratorError:
            with suppress(OrchestratorError):
                self.cancel(job.job_id)
            raise
        for machine in parts.jobs:
            parts.followed.begin(machine, partial(self._follow, job.job_id, machine))
        return job

    def evaluate(
        self,
        spec: job_pb2.JobSpec,
        weights: bytes,
        request_id: str,
        process: ProcessUse = OWN,
    ) -> job_pb2.Job:
        """Submit an evaluation, which is one device's, to the first machine."""
        alone = job_pb2.JobSpec()
        alone.CopyFrom(spec)
        alone.ClearField("devices")
        return super().evaluate(alone, weights, request_id, process)

    def watch(
        self, job_id: str, after: int = 0, reattach_seconds: float = REATTACH_SECONDS
    ) -> Iterator[job_pb2.JobEvent]:
        """Yield the first machine's events, to the end of all parts; the last is of all of them.

        Raises RunnerUnavailable if a machine's runner is lost; then all other parts have ended.
        """
        parts = self._parts.get(job_id)
        if parts is None:
            yield from super().watch(job_id, after, reattach_seconds)
            return
        try:
            with _named(self._machine):
                for event in super().watch(job_id, after, reattach_seconds):
                    parts.note(self._machine, event)
                    ends = event.state_changed.state in _ENDED
                    yield self._ended(job_id, event, parts) if ends else event
        except OrchestratorError:
            parts.over = True
            self._cancel_rest(parts)
            _wait(parts)
            raise
        for machine, end in parts.ends.items():
            if isinstance(end, RunnerUnavailable):
                raise RunnerUnavailable(english(ON, machine=machine, why=end.message))

    def job(self, job_id: str) -> job_pb2.Job:
        job = super().job(job_id)
        parts = self._parts.get(job_id)
        if parts is not None and parts.why is not None:
            job.state = job_pb2.JOB_STATE_FAILED
            job.error.CopyFrom(parts.why)
        return job

    def cancel(self, job_id: str) -> job_pb2.Job:
        try:
            return super().cancel(job_id)  # first: the others' ends would be a failure of it
        finally:
            if parts := self._parts.get(job_id):
                self._cancel_rest(parts)

    def _groups(self) -> list[Group]:
        """Return what each machine is told of where they meet, at ports that are free now."""
        addresses = [_meeting(self)]
        for machine, client in self._others.items():
            with _named(machine):
                addresses.append(_meeting(client))
        return [Group(addresses=addresses, place=place) for place in range(len(addresses))]

    def _follow(self, job_id: str, machine: str) -> None:
        """Follow a part to its end, in a thread of its own; if it fails, the first one ends too."""
        parts, client = self._parts[job_id], self._others[machine]
        try:
            for event in client.watch(parts.jobs[machine]):
                parts.note(machine, event)
            parts.ends[machine] = client.job(parts.jobs[machine])
        except OrchestratorError as error:
            parts.ends[machine] = error
        if not parts.has_failed(machine):
            return
        due = time.monotonic() + _TELL_SECONDS
        while not parts.over and time.monotonic() < due:
            time.sleep(_LOOK_SECONDS)
        if not parts.over:
            with suppress(OrchestratorError):
                super().cancel(job_id)

    def _ended(self, job_id: str, event: job_pb2.JobEvent, parts: Parts) -> job_pb2.JobEvent:
        """Wait until all parts have ended; return the event by which the whole job has."""
        parts.over = True
        parts.ends[self._machine] = super().job(job_id)
        failed = parts.has_failed(self._machine)
        _wait(parts, _TELL_SECONDS if failed else _END_SECONDS)
        if parts.followed.running:
            self._cancel_rest(parts)
            _wait(parts)
        parts.decide()
        if parts.why is None:
            return event
        whole = job_pb2.JobEvent()
        whole.CopyFrom(event)
        whole.state_changed.state = job_pb2.JOB_STATE_FAILED
        whole.state_changed.error.CopyFrom(parts.why)
        return whole

    def _cancel_rest(self, parts: Parts) -> None:
        for machine, job_id in parts.jobs.items():
            with suppress(OrchestratorError):
                self._others[machine].cancel(job_id)


_ENDED = {
    job_pb2.JOB_STATE_SUCCEEDED,
    job_pb2.JOB_STATE_FAILED,
    job_pb2.JOB_STATE_CANCELLED,
}


def _is_shared(spec: job_pb2.JobSpec) -> bool:
    return spec.devices > 1


def _meeting(client: Client) -> str:
    host, _, _ = client.address.rpartition(":")
    return f"{host}:{client.free_port()}"


def _wait(parts: Parts, seconds: float = float("inf")) -> None:
    """Wait until the followed parts have ended, or for so long."""
    due = time.monotonic() + seconds
    while parts.followed.running and (left := due - time.monotonic()) > 0:
        parts.followed.wait(min(left, _LOOK_SECONDS))


@contextmanager
def _named(machine: str) -> Iterator[None]:
    """Say on which machine an error in the block was."""
    try:
        yield
    except Refused:  # which is of the job
        raise
    except OrchestratorError as error:
        raise type(error)(english(ON, machine=machine, why=error.message)) from error
