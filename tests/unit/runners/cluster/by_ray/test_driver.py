"""Which nodes are taken, and what is told of actors, with a scripted Ray."""

import socket
from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from orchestrator.runners.cluster.ray import driver
from orchestrator.runners.cluster.ray.driver import READY_SECONDS, Driver, unreachable
from orchestrator.runners.cluster.ray.sharing import are_named, machines, parts
from tests.waiting import HANG_SECONDS


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
        self.there = [node(name) for name in "ab"]

    def nodes(self):
        if self.there is None:
            raise RuntimeError("the head is gone")
        return list(self.there)

    def remote(self, kind):
        return self

    def options(self, scheduling_strategy, **asked):
        self.asked.append((scheduling_strategy, asked))
        return SimpleNamespace(remote=self._actor)

    def wait(self, ends, num_returns, timeout):
        self.waited = ends

    def shutdown(self):
        self.actors.clear()

    def _actor(self, key, parts):
        self.parts = parts
        calls = {name: Call() for name in ("look", "start", "watch", "cores", "stop")}
        self.actors[key] = SimpleNamespace(**calls)
        return self.actors[key]


def node(key, alive=True, name=None, **resources):
    name = name or key
    return {
        "NodeID": key,
        "Alive": alive,
        "NodeName": name,
        "NodeManagerHostname": f"host-{name}",
        "NodeManagerAddress": "10.0.0.1",
        "Resources": resources or {"CPU": 2.0},
    }


class Begun:
    """A driver whose actors are placed, on a scripted Ray, and what it ``told``.

    Its timers wait until they are fired.
    """

    def __init__(self, ray, *, by_gpu=False):
        self.ray, self.told, self.timers = ray, [], []
        self.driver = Driver(ray, self.told.append, by_gpu=by_gpu)

    def go_on(self):
        while not self.driver.come.empty():
            self.driver.come.get()()

    def fire(self, seconds):
        """Let the oldest timer of so many seconds be over."""
        found = next(timer for timer in self.timers if timer[0] == seconds)
        self.timers.remove(found)
        found[1]()
        self.driver.come.get()()

    def look_again(self, *there):
        """Have it look for nodes; ``there``: those that Ray has now."""
        self.ray.there = [*there] if there else None
        self.fire(driver._LOOK_SECONDS)
        self.driver.come.get(timeout=HANG_SECONDS)()  # another thread has asked

    def looked(self, key, **found):
        answer = {"machine": "m", "network": "n", **found}
        self.ray.actors[key].look.future().set_result(answer)
        self.go_on()


@pytest.fixture
def begin(monkeypatch):
    """Begins with a driver."""
    held = []

    class Timer:
        def __init__(self, seconds, function, given):
            held[-1].timers.append((seconds, lambda: function(*given)))
            self.daemon = False

        def start(self):
            assert self.daemon

    monkeypatch.setattr(driver.threading, "Timer", Timer)
    monkeypatch.setattr(driver, "_LOOK_SECONDS", 7.0)  # as no other timer has

    def begin(*there, **how):
        ray = Ray()
        ray.there = [*there] or ray.there
        held.append(Begun(ray, **how))
        held[-1].driver.place()
        return held[-1]

    return begin


@pytest.mark.parametrize(
    ("nodes", "names"),
    [
        ([node("a"), node("b", GPU=1.0)], "a"),  # a head without CPUs does no work
        ([node("a"), node("b", alive=False)], "a"),
        ([node("a"), node("b", CPU=1.0, twinrun=1.0)], "b"),  # those that have it alone
        ([node("a"), node("b", alive=False, CPU=1.0, twinrun=1.0)], "a"),
        ([node("a", CPU=0.0)], ""),
    ],
)
def test_which_nodes_are_machines(nodes, names):
    found = machines(nodes, named=are_named(nodes), by_gpu=False)
    assert [each["NodeID"] for each in found] == list(names)


def test_an_actor_takes_all_of_its_node():
    (found,) = parts({"CPU": 8.5, "GPU": 0.5, "twinrun": 1.0, "memory": 1e9}, by_gpu=False)
    assert found == {"num_cpus": 8.0, "num_gpus": 0.5, "resources": {"twinrun": 1.0}}


@pytest.mark.parametrize("cpus", [2.0, 8.0, 17.0])
@pytest.mark.parametrize("gpus", [1.0, 2.0, 6.0, 7.0])
def test_actors_of_gpus_take_all_of_their_node_and_never_more(cpus, gpus):
    found = parts({"CPU": cpus, "GPU": gpus, "twinrun": 1.0}, by_gpu=True)
    assert [each["num_gpus"] for each in found] == [1.0] * int(gpus)
    shares = [each["num_cpus"] for each in found]
    assert cpus - 0.001 < sum(shares) <= cpus
    assert all(share < 1 or share.is_integer() for share in shares)
    assert sum(each["resources"]["twinrun"] for each in found) <= 1, "the last one waits for ever"


def test_nodes_are_told_once_all_have_answered_and_one_that_fails_is_named(begin):
    begun = begin()
    assert [key for key, _ in begun.ray.asked] == ["a", "b"]
    assert begun.ray.parts == 0
    begun.looked("a")
    assert begun.told == []
    begun.fire(driver._TELL_SECONDS)
    assert begun.told.pop() == {"waiting": ["host-b"]}
    begun.ray.actors["b"].look.future().set_exception(RuntimeError("it  is\nlost"))
    begun.go_on()
    (found,) = begun.told
    assert [each.get("machine") for each in found["nodes"]] == ["m", None]
    assert found["nodes"][1]["why"] == "it is lost"


def test_a_cluster_without_machines_is_told_at_once(begin):
    begun = begin(node("a"), by_gpu=True)
    assert begun.told == [{"nodes": []}]


def test_a_node_whose_cpus_are_in_use_is_given_up(begin):
    begun = begin()
    begun.looked("a")
    busy = begun.ray.actors["b"]
    begun.fire(READY_SECONDS)
    assert [each.get("fault") for each in begun.told.pop()["nodes"]] == [None, "busy"]
    assert begun.ray.killed == [busy]
    begun.driver.stop()
    assert begun.ray.waited == [begun.ray.killed[1].stop]


def test_a_node_is_watched_once_it_is_started_and_its_end_is_told(begin):
    begun = begin()
    begun.looked("a")
    begun.looked("b")
    told, ray, come = begun.told, begun.ray, begun.driver.come
    told.clear()
    come.put({"do": "start", "node": "a", "order": {}})
    come.put({"do": "cores", "node": "a", "id": 7})
    come.put(None)
    begun.driver.serve()
    ray.actors["a"].cores.future().set_result(0.5)
    ray.actors["a"].start.future().set_result({"addresses": {}})
    begun.go_on()
    assert told == [{"answer": 7, "cores": 0.5}, {"node": "a", "started": {"addresses": {}}}]
    # Planted: the connection is lost for a while; that is no end yet.
    ray.actors["a"].watch.future().set_exception(ActorUnavailableError())
    begun.go_on()
    assert len(told) == 2
    assert len(ray.actors["a"].watch.futures) == 1, "it asks again without a pause"
    begun.fire(driver._AGAIN_SECONDS)
    assert len(ray.actors["a"].watch.futures) == 2
    ray.actors["a"].watch.future().set_exception(RuntimeError("The node died."))
    begun.go_on()
    assert told[-1]["ended"] == {"fault": "actor", "why": "The node died."}


def test_a_node_that_cannot_start_is_not_watched(begin):
    begun = begin()
    begun.driver.come.put({"do": "start", "node": "a", "order": {}})
    begun.driver.come.put(None)
    begun.driver.serve()
    begun.ray.actors["a"].start.future().set_result({"fault": "failed", "why": "no space"})
    begun.go_on()
    assert begun.told[-1]["started"]["fault"] == "failed"
    assert begun.ray.actors["a"].watch.futures == []


def test_each_gpu_of_a_node_has_an_actor_and_one_that_answers_not_is_named(begin):
    begun = begin(node("a", CPU=2.0, GPU=2.0), node("b"), by_gpu=True)
    assert [key for key, _ in begun.ray.asked] == ["a", "a"]
    assert begun.ray.parts == 2
    begun.looked("a-0", gpu="0")
    begun.ray.actors["a-1"].look.future().set_result({"fault": "no_gpu", "found": ""})
    begun.go_on()
    (found,) = begun.told
    assert [(each["id"], each["node"]) for each in found["nodes"]] == [("a-0", "a"), ("a-1", "a")]
    assert [each.get("fault") for each in found["nodes"]] == [None, "no_gpu"]


@pytest.fixture
def answered(begin):
    """As ``begin``, of which all nodes have answered."""

    def answered(*there, **how):
        begun = begin(*there, **how)
        for key in list(begun.ray.actors):
            begun.looked(key)
        begun.told.clear()
        return begun

    return answered


def test_a_node_that_comes_later_is_told_when_it_has_answered(answered):
    begun = answered()
    begun.look_again(node("a"), node("b"), node("c"))
    assert begun.told == []
    begun.looked("c")
    (found,) = begun.told
    assert found["joined"]["id"] == "c"
    assert found["joined"]["machine"] == "m"
    begun.look_again(node("a"), node("b"), node("c"))
    assert [key for key, _ in begun.ray.asked] == ["a", "b", "c"], "none is taken twice"


def test_a_node_that_comes_while_others_have_not_answered_waits_for_them(begin):
    begun = begin()
    begun.looked("a")
    begun.look_again(node("a"), node("b"), node("c"))
    assert "c" not in begun.ray.actors
    begun.looked("b")
    begun.look_again(node("a"), node("b"), node("c"))
    assert "c" in begun.ray.actors


def test_a_later_node_whose_cpus_are_in_use_is_told_as_such(answered):
    begun = answered()
    begun.fire(READY_SECONDS)
    begun.look_again(node("a"), node("b"), node("c"))
    begun.fire(READY_SECONDS)
    assert begun.told[0]["joined"]["fault"] == "busy"


def test_a_later_node_without_the_resource_is_none_where_others_have_it(answered):
    named = [node(name, CPU=1.0, twinrun=1.0) for name in "ab"]
    begun = answered(named[0])
    begun.look_again(named[0], node("c"), named[1])
    assert set(begun.ray.actors) == {"a", "b"}


def test_a_node_that_was_started_again_is_taken_once_ray_knows_that_it_had_died(answered):
    """Else one machine has two names, and the interval takes it for two."""
    begun = answered(node("a"))
    again = node("a2", name="a")
    begun.look_again(node("a"), again)
    assert set(begun.ray.actors) == {"a"}
    begun.look_again(node("a", alive=False), again)
    assert set(begun.ray.actors) == {"a", "a2"}


def test_a_cluster_that_does_not_answer_is_asked_again(answered):
    begun = answered()
    begun.look_again()
    begun.look_again(node("a"), node("b"), node("c"))
    assert "c" in begun.ray.actors


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
