"""Which nodes are taken, and what is told of actors, with a scripted Ray."""

import socket
from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from orchestrator.runners.cluster.ray import driver
from orchestrator.runners.cluster.ray.driver import Driver, machines, unreachable, whole


class ActorUnavailableError(Exception):
    """Named as Ray's."""


class Call:
    """A method of an actor; the test settles what comes of it."""

    def __init__(self):
        self.futures = []

    def remote(self, *given):
        self.futures.append(Future())
        return self

    def future(self):
        return self.futures[-1]


class Ray:
    """Nodes a and b, and an actor on each."""

    def __init__(self):
        self.actors, self.killed, self.asked, self.waited = {}, [], [], []
        pinned = SimpleNamespace(NodeAffinitySchedulingStrategy=lambda key, soft: key)
        self.util = SimpleNamespace(scheduling_strategies=pinned)
        self.kill = self.killed.append

    def nodes(self):
        return [node(name) for name in "ab"]

    def remote(self, kind):
        return self

    def options(self, scheduling_strategy, **asked):
        self.asked.append((scheduling_strategy, asked))
        return SimpleNamespace(remote=self._actor)

    def wait(self, ends, num_returns, timeout):
        self.waited = ends

    def shutdown(self):
        self.actors.clear()

    def _actor(self, key):
        calls = {name: Call() for name in ("look", "start", "watch", "cores", "stop")}
        self.actors[key] = SimpleNamespace(**calls)
        return self.actors[key]


def node(name, alive=True, **resources):
    return {
        "NodeID": name,
        "Alive": alive,
        "NodeName": name,
        "NodeManagerHostname": f"host-{name}",
        "NodeManagerAddress": "10.0.0.1",
        "Resources": resources or {"CPU": 2.0},
    }


@pytest.fixture
def begun(monkeypatch):
    """A driver whose actors are placed, its Ray, what it told, and what lets it go on."""
    timers = []

    class Timer:
        def __init__(self, seconds, function, given):
            timers.append(lambda: function(*given))
            self.daemon = False

        def start(self):
            assert self.daemon

    monkeypatch.setattr(driver.threading, "Timer", Timer)
    ray, told = Ray(), []
    found = Driver(ray, told.append)
    found.place()

    def go_on():
        while not found.come.empty():
            found.come.get()()

    return found, ray, told, go_on, timers


@pytest.mark.parametrize(
    ("nodes", "names"),
    [
        ([node("a"), node("b", GPU=1.0)], "a"),  # a head without CPUs does no work
        ([node("a"), node("b", alive=False)], "a"),
        ([node("a"), node("b", CPU=1.0, twinrun=1.0)], "b"),  # those that have it alone
        ([node("a", CPU=0.0)], ""),
    ],
)
def test_which_nodes_are_machines(nodes, names):
    assert [each["NodeID"] for each in machines(nodes)] == list(names)


def test_an_actor_takes_all_of_its_node():
    assert whole({"CPU": 8.5, "GPU": 0.5, "twinrun": 1.0, "memory": 1e9}) == {
        "num_cpus": 8.0,
        "num_gpus": 0.5,
        "resources": {"twinrun": 1.0},
    }


def test_nodes_are_told_once_all_have_answered_and_one_that_fails_is_named(begun):
    _, ray, told, go_on, timers = begun
    assert [key for key, _ in ray.asked] == ["a", "b"]
    ray.actors["a"].look.future().set_result({"machine": "m", "network": "n"})
    go_on()
    assert told == []
    timers[0]()
    go_on()
    assert told.pop() == {"waiting": ["host-b"]}
    ray.actors["b"].look.future().set_exception(RuntimeError("it  is\nlost"))
    go_on()
    (found,) = told
    assert [each.get("machine") for each in found["nodes"]] == ["m", None]
    assert found["nodes"][1]["why"] == "it is lost"


def test_a_node_whose_cpus_are_in_use_is_given_up(begun):
    found, ray, told, go_on, timers = begun
    ray.actors["a"].look.future().set_result({"machine": "m", "network": "n"})
    go_on()
    busy = ray.actors["b"]
    timers[1]()
    go_on()
    assert [each.get("fault") for each in told.pop()["nodes"]] == [None, "busy"]
    assert ray.killed == [busy]
    found.stop()
    assert ray.waited == [ray.killed[1].stop]


def test_a_node_is_watched_once_it_is_started_and_its_end_is_told(begun):
    found, ray, told, go_on, timers = begun
    found.come.put({"do": "start", "node": "a", "order": {}})
    found.come.put({"do": "cores", "node": "a", "id": 7})
    found.come.put(None)
    found.serve()
    ray.actors["a"].cores.future().set_result(0.5)
    ray.actors["a"].start.future().set_result({"addresses": {}})
    go_on()
    assert told == [{"answer": 7, "cores": 0.5}, {"node": "a", "started": {"addresses": {}}}]
    # Planted: the connection is lost for a while; that is no end yet.
    ray.actors["a"].watch.future().set_exception(ActorUnavailableError())
    go_on()
    assert len(told) == 2
    assert len(ray.actors["a"].watch.futures) == 1, "it asks again without a pause"
    timers[-1]()
    go_on()
    assert len(ray.actors["a"].watch.futures) == 2
    ray.actors["a"].watch.future().set_exception(RuntimeError("The node died."))
    go_on()
    assert told[-1]["ended"] == {"fault": "actor", "why": "The node died."}


def test_a_node_that_cannot_start_is_not_watched(begun):
    found, ray, told, go_on, _ = begun
    found.come.put({"do": "start", "node": "a", "order": {}})
    found.come.put(None)
    found.serve()
    ray.actors["a"].start.future().set_result({"fault": "failed", "why": "no space"})
    go_on()
    assert told[-1]["started"]["fault"] == "failed"
    assert ray.actors["a"].watch.futures == []


def test_an_address_where_nobody_listens_is_known_at_once():
    """Ray would try for minutes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert unreachable(f"127.0.0.1:{port}") is None
        assert unreachable(f"ray://127.0.0.1:{port}") is None
    assert "refused" in unreachable(f"127.0.0.1:{port}")
    assert unreachable("127.0.0.1:99999")
    assert "'port'" in unreachable("ray://head:port")
    assert unreachable(f"{'x' * 99}:1"), "no name of a host is that long"
    assert unreachable("auto") is None
