"""The orchestrator's end of what speaks to Ray, with a process in its place that is scripted."""

from contextlib import closing
from queue import SimpleQueue

import pytest

from orchestrator.errors import BadInput, RunnerUnavailable
from orchestrator.runners.cluster.ray import session
from orchestrator.runners.cluster.ray.session import Session, fault
from orchestrator.settings.keeping import Condition
from tests.waiting import HANG_SECONDS

FAULTS = {
    "no_python": {"paths": ["/a/.venv-pytorch/bin/python"]},
    "ended": {"runner": "pytorch", "log": "there", "last": "a line"},
    "held": {"path": "/a/state"},
    "failed": {"why": "no space"},
    "busy": {},
    "no_gpu": {"found": "0,1"},
    "actor": {"why": "it died"},
}


@pytest.fixture
def opened(monkeypatch):
    monkeypatch.setattr(session, "_DRIVER", "tests.builders.ray_told")
    said = []
    return lambda address: closing(Session(address, f"--cluster {address}", said.append)), said


@pytest.mark.parametrize(
    ("case", "error", "said"),
    [
        ("missing", BadInput, r"pip install 'twinrun\[ray\]'"),
        ("away", RunnerUnavailable, "--cluster away: .*nobody answers"),
        ("refuses", RunnerUnavailable, "(?s)no connection.*RAY_AUTH_MODE=token"),
        ("dies", RunnerUnavailable, "it burns"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(opened, case, error, said):
    begin, _ = opened
    with begin(case) as found, pytest.raises(error, match=said):
        found.nodes()


def test_nodes_are_asked_and_their_end_is_told(opened):
    begin, said = opened
    ends = SimpleQueue()
    with begin("serves") as found:
        (node,) = found.nodes()
        assert node["name"] == "n1"
        assert "waiting for Ray's nodes" in said[0]
        assert found.start({"1": {"host": "127.0.0.1"}}) == {"1": {"order": {"host": "127.0.0.1"}}}
        kept = found.keep("1")
        kept.machine, kept.niceness = "m", 15
        kept.on_end(ends.put)
        assert kept.condition() == Condition(0.25, 15, "m")
        assert "has ended with code -9" in str(ends.get(timeout=HANG_SECONDS))
        kept.on_end(ends.put)  # who asks later is told too
        assert "a last line" in str(ends.get(timeout=HANG_SECONDS))


def test_nodes_that_come_later_are_given_one_by_one_until_it_is_closed(opened):
    begin, _ = opened
    with begin("grows") as found:
        found.nodes()
        later = found.joined()
        assert [next(later)["name"], next(later)["name"]] == ["n2", "n3"]
    assert list(later) == []


def test_an_end_before_runners_are_started_is_said_in_a_sentence(opened):
    """Planted: nobody reads what is asked."""
    begin, _ = opened
    with begin("leaves") as found:
        found.nodes()
        found._process.wait(HANG_SECONDS)
        with pytest.raises(RunnerUnavailable, match="it burns"):
            found.start({"1": {}})


def test_nothing_is_an_end_once_it_is_closed(opened):
    begin, _ = opened
    with begin("serves") as found:
        found.nodes()
        kept = found.keep("1")
    assert kept.gone is None
    with pytest.raises(RunnerUnavailable):  # the number of its pipe may be another file's by now
        found.start({"1": {}})
    assert kept.condition().engine_cores is None


@pytest.mark.parametrize("kind", FAULTS)
def test_each_fault_has_a_sentence(kind):
    assert str(fault({"fault": kind, **FAULTS[kind]}))


def test_an_unknown_fault_is_an_error():
    with pytest.raises(AssertionError):
        fault({"fault": "new"})
