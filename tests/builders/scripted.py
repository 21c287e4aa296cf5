"""Clients that answer from a script, and trials that run on them."""

import threading

from google.protobuf import json_format
from twinrun.v1 import job_pb2, runner_service_pb2

from orchestrator.runners.placement import Placement
from orchestrator.runners.schedule import run_trials
from tests.builders.events import SPEC, numbered, state, trial_events
from tests.waiting import HANG_SECONDS

BOTH = ("pytorch", "tensorflow")
WHOLE = json_format.ParseDict(SPEC, job_pb2.JobSpec())


class FakeClient:
    """A runner of one job; ``meets``: it ends only when the others that meet have begun too."""

    def __init__(self, framework, meets=None, fault=None, waits=False):
        self.framework = framework
        self.meets = meets
        self.fault = fault
        self.waits = waits
        self.refuses = None
        self.specs = []
        self.limits = []
        self.cancelled = threading.Event()
        self.succeeded = False  # from then on cancelling changes nothing
        self.watched = threading.Event()

    def info(self):
        return runner_service_pb2.GetServerInfoResponse(
            available_cpus={"pytorch": 4, "tensorflow": 2, "keras-jax": 4}[self.framework]
        )

    def validate(self, spec):
        if self.refuses:
            raise self.refuses
        self.specs.append(spec)
        whole = job_pb2.JobSpec(seed=7)
        whole.MergeFrom(spec)
        return whole

    def train(self, spec, request_id, process=0):
        return job_pb2.Job(job_id=f"{self.framework}-job", spec=spec)

    def watch(self, job_id, after=0):
        events = trial_events(self.framework)
        yield from [event for event in events[:10] if event.sequence > after]
        self.watched.set()
        if self.meets is not None:
            self.meets.wait(HANG_SECONDS)
        if self.fault is not None:
            raise self.fault
        if self.waits:
            assert self.cancelled.wait(HANG_SECONDS)
            yield numbered([*events[:10], state("CANCELLED", "CANCELLED", "was cancelled")])[-1]
        else:
            self.succeeded = True
            yield from events[10:]

    def cancel(self, job_id):
        self.cancelled.set()

    def limit(self, seconds):
        self.limits.append(seconds)

    def job(self, job_id):
        cancelled = self.cancelled.is_set() and not self.succeeded
        ended = job_pb2.JOB_STATE_CANCELLED if cancelled else job_pb2.JOB_STATE_SUCCEEDED
        return job_pb2.Job(job_id=job_id, state=ended)

    def weights(self, job_id, kind):
        return b"weights"

    def logits(self, job_id):
        return b"logits"


class FakeRunners(dict):
    """Clients by framework."""

    def __init__(self, *clients):
        super().__init__({client.framework: client for client in clients})
        self.told = []

    def get(self, framework):
        return self[framework]

    def taken(self):
        return {framework: {"started_by_this_command": False} for framework in self}

    def tell(self, text):
        self.told.append(text)


def go(run, *clients, listener=lambda *_: None, at_once=True, order=None):
    names = [client.framework for client in clients]
    order = [Placement(name, 1, WHOLE) for name in names] if order is None else order
    return run_trials(order, FakeRunners(*clients), run, listener, at_once=at_once)


def states(run):
    return {trial.framework: trial.state for trial in run.trials()}
