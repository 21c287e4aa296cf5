"""Both sides are traced at once; if one ends, or the user interrupts, the other is cancelled."""

import threading
from types import SimpleNamespace

import pytest
from twinrun.v1 import job_pb2

from orchestrator.errors import JobFailed
from orchestrator.language.phrases import Phrase, english
from orchestrator.runners import asking, coded
from tests.waiting import HANG_SECONDS


@pytest.mark.parametrize("why", [KeyboardInterrupt(), JobFailed(english(Phrase("failed")))])
def test_a_side_that_never_ends_is_cancelled_when_the_other_stops(monkeypatch, why):
    hung, cancelled = threading.Event(), threading.Event()

    def trace(client, _spec, _process, *, began):
        if client.framework == "pytorch":
            began("job-1")
            hung.set()
            assert cancelled.wait(HANG_SECONDS)
            raise JobFailed(english(Phrase("cancelled")))
        assert hung.wait(HANG_SECONDS)
        raise why

    monkeypatch.setattr(asking, "trace", trace)
    ended = []

    def cancel(job_id):
        ended.append(job_id)
        cancelled.set()

    clients = [SimpleNamespace(framework=name, cancel=cancel) for name in ("tensorflow", "pytorch")]
    with pytest.raises(type(why)):
        coded.tracer(clients)(job_pb2.JobSpec())
    assert ended == ["job-1"]


def test_a_side_that_begins_only_after_the_other_stopped_is_cancelled_too(monkeypatch):
    cancelled = {"job-0": threading.Event(), "job-1": threading.Event()}

    def trace(client, _spec, _process, *, began):
        if client.framework == "tensorflow":
            began("job-0")
            raise JobFailed(english(Phrase("failed")))
        assert cancelled["job-0"].wait(HANG_SECONDS)
        began("job-1")
        assert cancelled["job-1"].wait(HANG_SECONDS)
        raise JobFailed(english(Phrase("cancelled")))

    monkeypatch.setattr(asking, "trace", trace)
    clients = [
        SimpleNamespace(framework=name, cancel=lambda job_id: cancelled[job_id].set())
        for name in ("tensorflow", "pytorch")
    ]
    with pytest.raises(JobFailed, match="failed"):
        coded.tracer(clients)(job_pb2.JobSpec())
