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
