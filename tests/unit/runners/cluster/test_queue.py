"""Which block runs on which machine: properties, over random faults and a fake clock."""

import itertools
import random
import sys
import tracemalloc
from collections import Counter
from types import FrameType
from typing import Any

import pytest

from orchestrator.runners.cluster.queue import MOST_FAILURES, REST_SECONDS, Kinds, Queue, Turns
from orchestrator.trials.sides import sides

SIDES = sides(["pytorch", "tensorflow"])


def play(queue: Queue[int], chance: random.Random, dies: dict[str, float]) -> Counter[int]:
    """Run a queue to its end by a fake clock; return how often each block was finished.

    ``dies``: how probable it is that a machine fails in a block.
    """
    finished, now = Counter[int](), 0.0
    running = list[tuple[float, str, int]]()
    while not queue.over:
        begun = queue.take(now)
        assert len({block for _, _, block in running} | {b for _, b in begun}) == len(
            running
        ) + len(begun), "one block on two machines"
        running += [(now + chance.expovariate(1), machine, block) for machine, block in begun]
        assert len({machine for _, machine, _ in running}) == len(running), "two at once"
        assert sorted(queue.running) == sorted(machine for _, machine, _ in running)
        if not running:
            assert queue.next_at is not None, "it waits for nothing"
            now = max(now, queue.next_at)
            continue
        running.sort()
        now, machine, block = running.pop(0)
        if chance.random() < dies.get(machine, 0.0):
            assert queue.failed(machine, now) == block
        else:
            assert queue.finished(machine) == block
            finished[block] += 1
    return finished


@pytest.mark.parametrize("seed", range(100))
def test_every_block_is_finished_once_whatever_fails(seed: int) -> None:
    chance = random.Random(seed)
    names = [f"m{number}" for number in range(chance.randint(1, 8))]
    dies = {name: chance.choice([0.0, 0.1, 0.5, 1.0]) for name in names[1:]}
    blocks = range(chance.randint(0, 60))
    queue = Queue(blocks, names)
    assert play(queue, chance, dies) == dict.fromkeys(blocks, 1)
    assert not queue.lost
    assert names[0] not in queue.left_out


def test_no_block_is_lost_without_a_word() -> None:
    queue = Queue(range(10), ["a", "b"])
    finished = play(queue, random.Random(0), {"a": 1.0, "b": 1.0})
    assert not finished
    assert queue.lost
    assert sorted(queue.left_out) == ["a", "b"]


def test_a_block_runs_again_elsewhere_first() -> None:
    queue = Queue(["one", "two"], ["a", "b"])
    assert queue.take(0.0) == [("a", "one"), ("b", "two")]
    queue.failed("a", 0.0)
    assert queue.take(REST_SECONDS) == []  # "a" has rested, but "b" is to run it
    queue.finished("b")
    assert queue.take(REST_SECONDS) == [("b", "one")]
    queue.finished("b")
    assert queue.over


def test_the_only_machine_runs_it_again_itself_once_it_has_rested() -> None:
    queue = Queue(["one"], ["a"])
    queue.take(0.0)
    queue.failed("a", 5.0)
    assert queue.take(5.0 + REST_SECONDS - 0.1) == []
    assert queue.next_at == 5.0 + REST_SECONDS
    assert queue.take(5.0 + REST_SECONDS) == [("a", "one")]
    queue.failed("a", 20.0)
    assert queue.next_at == 20.0 + 2 * REST_SECONDS


def test_a_machine_that_fails_three_times_is_left_out() -> None:
    queue, now = Queue(itertools.count(), ["a", "b"]), 0.0
    for number in range(1, MOST_FAILURES + 1):
        assert "a" not in queue.left_out
        assert "a" in dict(queue.take(now)), number
        queue.failed("a", now)
        queue.finished("b")
        now += 1000.0
    assert queue.left_out == ["a"]
    assert [machine for machine, _ in queue.take(now)] == ["b"]


def test_a_machine_may_join_and_nothing_begins_after_the_stop() -> None:
    queue = Queue(itertools.count(1), ["a"])
    assert queue.take(0.0) == [("a", 1)]
    queue.add("b")
    assert queue.take(0.0) == [("b", 2)]
    with pytest.raises(ValueError, match="there is"):
        queue.add("a")
    queue.failed("b", 0.0)
    queue.stop()
    assert queue.take(1000.0) == []
    assert not queue.over
    queue.finished("a")
    assert queue.over
    assert not queue.lost


def test_a_machine_that_was_left_out_may_come_again() -> None:
    queue = Queue(["one", "two"], ["a", "b"])
    queue.take(0.0)
    queue.failed("a", 0.0, for_good=True)
    assert not queue.has("a")
    queue.add("a")
    assert queue.has("a")
    assert not queue.left_out
    assert queue.take(0.0) == []  # its block is to run elsewhere first, if possible
    queue.finished("b")
    assert queue.take(0.0) == [("b", "one")]


def test_a_block_that_fails_after_the_stop_does_not_run_again() -> None:
    queue = Queue(itertools.count(1), ["a", "b"])
    queue.take(0.0)
    queue.stop()
    assert queue.failed("b", 0.0) == 2
    queue.finished("a")
    assert queue.take(1000.0) == []
    assert queue.over
    assert not queue.lost


def test_orders_are_balanced_on_each_machine_and_the_same_again() -> None:
    turns = Turns(SIDES, "seed", {})
    seen = {"a": list[str](), "b": list[str]()}
    for machine in ["a", "b", "a", "a", "b", "b", "a", "b"]:
        first = turns.order(machine)[0].name
        assert turns.order(machine)[0].name == first  # one that failed is used again
        seen[machine].append(first)
        turns.finished(machine)
    for firsts in seen.values():
        assert Counter(firsts) == {"pytorch": 2, "tensorflow": 2}
        assert set(firsts[:2]) == set(firsts[2:]) == {"pytorch", "tensorflow"}
    later = Turns(SIDES, "seed", {"a": 3})
    assert later.order("a")[0].name == seen["a"][3]
    assert later.order("b")[0].name == seen["b"][0]


def test_memory_and_steps_are_linear() -> None:
    """Count steps, not time: a verdict must not depend on how busy the machine is."""
    assert steps(50, 1200) / steps(50, 400) < 4
    assert steps(200, 1200) / steps(50, 1200) < 2
    tracemalloc.start()
    queue = Queue(range(5000), [f"m{number}" for number in range(50)])
    play(queue, random.Random(0), {})
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used / 5000 < 1000


def test_blocks_that_come_only_once_another_has_ended_are_asked_for_again():
    waiting = [1]

    class Blocks:
        def __iter__(self) -> "Blocks":
            return self

        def __next__(self) -> int:
            if not waiting:
                raise StopIteration
            return waiting.pop()

    queue = Queue(Blocks(), ["a", "b"])
    assert queue.take(0.0) == [("a", 1)]
    assert not queue.over
    waiting.append(2)
    queue.finished("a")
    assert not queue.over
    assert queue.take(0.0) == [("b", 2)]
    queue.finished("b")
    assert queue.over


def steps(machines: int, blocks: int) -> int:
    """Return how many lines of Python the queue took."""
    count = 0

    def trace(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    queue = Queue(range(blocks), [f"m{number}" for number in range(machines)])
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        running = queue.take(0.0)
        while running:
            machine, _ = running.pop(0)
            queue.finished(machine)
            running += queue.take(0.0)
    finally:
        sys.settrace(before)
    return count


def test_a_block_that_was_looked_at_does_not_run_once_its_kind_is_over() -> None:
    over: set[str] = set()
    kinds = Kinds[tuple[str, int]](
        lambda block: block[0], lambda: 2, {}, is_over=lambda block: block[0] in over
    )
    blocks = [("bad", 1), ("good", 1), ("bad", 2), ("good", 2)]
    queue = Queue(blocks, ["a"], kinds)
    taken = []
    while not queue.over:
        ((machine, block),) = queue.take(0.0)
        assert not queue.over  # which looks ahead, while the block runs
        queue.finished(machine)
        over.add("bad")
        taken.append(block)
    assert taken == [("bad", 1), ("good", 1), ("good", 2)]


def test_a_block_that_failed_does_not_run_again_once_its_kind_is_over() -> None:
    over: set[str] = set()
    kinds = Kinds[tuple[str, int]](
        lambda block: block[0], lambda: 1, {}, is_over=lambda block: block[0] in over
    )
    queue = Queue([("bad", 1), ("good", 1)], ["a", "b"], kinds)
    assert [block for _, block in queue.take(0.0)] == [("bad", 1), ("good", 1)]
    queue.failed("a", 0.0)
    over.add("bad")
    queue.finished("b")
    assert not queue.take(REST_SECONDS)
    assert queue.over
    assert not queue.lost


def test_a_machine_that_cannot_run_a_block_leaves_it_to_the_others_at_once() -> None:
    queue = Queue([1, 2], ["a", "b"])
    assert queue.take(0.0) == [("a", 1), ("b", 2)]
    queue.finished("b")
    queue.refused("a")
    assert queue.take(0.0) == [("b", 1)]
    assert not queue.left_out
    queue.finished("b")
    assert queue.over
