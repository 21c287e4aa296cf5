"""Nodes that come later, with a scripted Ray."""

from orchestrator.runners.cluster.ray.driver import READY_SECONDS
from tests.builders.ray_scripted import node


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
