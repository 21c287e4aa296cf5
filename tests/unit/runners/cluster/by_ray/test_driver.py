"""Which nodes are taken, and what is told of actors, with a scripted Ray."""

import socket

import pytest

from orchestrator.runners.cluster.ray import driver
from orchestrator.runners.cluster.ray.driver import READY_SECONDS, unreachable
from orchestrator.runners.cluster.ray.sharing import are_named, machines, parts
from tests.builders.ray_scripted import ActorUnavailableError, node


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
