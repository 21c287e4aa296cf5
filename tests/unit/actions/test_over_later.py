"""Machines that come while blocks run, on scripted runners."""

import threading
from collections import Counter
from queue import SimpleQueue

import pytest

from orchestrator.errors import BadInput
from orchestrator.language.phrases import stored
from orchestrator.runners.cluster import queue
from orchestrator.settings.config import Places
from orchestrator.settings.hosts import Host
from orchestrator.storage import blocks, clustering
from tests.builders.over import counts, machine, over
from tests.builders.sweeping import Client, Dying
from tests.waiting import HANG_SECONDS


@pytest.fixture(autouse=True)
def restless(monkeypatch):
    monkeypatch.setattr(queue, "REST_SECONDS", 0.0)


class Waiting(Client):
    """A runner whose jobs go on once ``until`` says so."""

    def __init__(self, framework, until):
        super().__init__(framework)
        self.until = until

    def watch(self, job_id, after=0):
        assert self.until.wait(HANG_SECONDS)
        yield from super().watch(job_id, after)


class Counting(Client):
    """A runner that says when ``number`` of its jobs have ended."""

    def __init__(self, framework, number):
        super().__init__(framework)
        self.number, self.enough = number, threading.Event()

    def watch(self, job_id, after=0):
        yield from super().watch(job_id, after)
        if len(self.trained) == self.number:
            self.enough.set()


class Noticed(Dying):
    """A runner that is lost in each job; ``then`` is called before."""

    def __init__(self, framework, then):
        super().__init__(framework, times=99)
        self.then = then

    def watch(self, job_id, after=0):
        self.then()
        yield from super().watch(job_id, after)


def test_a_machine_that_comes_later_runs_blocks_and_its_addresses_are_stored(tmp_path):
    """The first one does not go on until the later one has run all other blocks."""
    client = Counting("pytorch", 3)
    late = machine("b", client, addresses={"pytorch": "b:1"})
    first = Waiting("pytorch", client.enough)
    run, said, error = over(tmp_path, 4, come=[(late.host, late)], a=first)
    assert error is None
    assert Counter(blocks.machines(run.path).values()) == {"a": 1, "b": 3}
    assert "b has come, and runs blocks from now on" in said
    assert clustering.plan_of(run).addresses == {"a": {}, "b": {"pytorch": "b:1"}}


def test_a_machine_that_comes_later_and_is_unlike_is_left_out_and_named(tmp_path):
    unlike = BadInput(stored("it is not like the machines of the beginning"))
    come = [(Host("b", Places()), unlike)]
    run, said, error = over(tmp_path, 2, come=come, a=Client("pytorch"))
    assert error is None
    assert counts(run) == {1: 2, 2: 2}
    assert "b has come, and is left out: it is not like the machines of the beginning" in said
    first = blocks.blocks(run.path)[0]
    assert (first.block, first.machine) == (0, "b")


def test_a_machine_that_died_and_comes_again_is_the_same_one(tmp_path):
    """Planted: it is there again before its block has failed, as another node of that name."""
    client, come = Counting("pytorch", 1), list[SimpleQueue]()
    again = machine("a", client)
    dying = Noticed("pytorch", lambda: come[0].put((again.host, again)))
    other = Waiting("pytorch", client.enough)
    run, said, error = over(tmp_path, 3, gone="a", come=come.append, a=dying, b=other)
    assert error is None
    assert len(dying.trained) == 1
    assert client.trained
    assert set(blocks.machines(run.path).values()) <= {"a", "b"}
    came = [
        said.index(f"a {what} from now on") for what in ("is left out", "has come, and runs blocks")
    ]
    assert came == sorted(came)
