"""Threads: which number is chosen, what is then said, and when too many are warned of."""

from dataclasses import replace

import pytest
from twinrun.v1 import job_pb2

from orchestrator.results.comparison import compare
from orchestrator.results.threads import crowding
from orchestrator.results.threads.search import (
    Search,
    SideSearch,
    Tried,
    at,
    candidates,
    choose,
    search,
)
from orchestrator.trials.sides import Side
from tests.builders.events import JOB, trial
from tests.builders.events import job as spec

EVEN = [1.0, 1.02, 0.99, 1.01, 1.0]


@pytest.mark.parametrize(
    ("cpus", "cores", "equal", "wanted"),
    [
        (2, 2, 2, [1, 2]),
        (4, 2, 4, [1, 2, 4]),
        (24, 12, 24, [1, 2, 4, 8, 12, 24]),
        (6, None, 3, [1, 2, 3, 4, 6]),
        (1, 1, 1, [1]),
        (2, 64, 2, [1, 2]),  # what an impossible report must not make of it
    ],
)
def test_what_is_tried(cpus, cores, equal, wanted) -> None:
    assert candidates(cpus, cores, equal) == wanted


def tried(**seconds):
    return [Tried(int(name.strip("n")), each) for name, each in seconds.items()]


def slower(by):
    return [by * each for each in EVEN]


def test_a_number_that_is_faster_in_every_block_is_chosen() -> None:
    assert choose(tried(n1=EVEN, n2=slower(0.6), n4=slower(0.4))) == 4
    assert choose(tried(n1=EVEN, n2=slower(0.6), n4=slower(0.9))) == 2
    assert choose(tried(n1=EVEN, n2=slower(2.0), n4=slower(0.5))) == 4  # past a slower one


def test_the_smaller_number_is_chosen_where_the_data_do_not_decide() -> None:
    assert choose(tried(n1=EVEN, n2=EVEN)) == 1
    assert choose(tried(n1=EVEN, n2=slower(0.97))) == 1  # certain, but not worth it
    one_block_slower = [0.5, 0.5, 0.5, 0.5, 1.1]
    assert choose(tried(n1=EVEN, n2=one_block_slower)) == 1


def at_threads(side, threads, seconds):
    name = at(Side(side), threads).name
    return [
        replace(trial(side, number, seconds=(seconds,)), framework=name) for number in range(1, 6)
    ]


def test_each_side_has_a_number_of_its_own() -> None:
    trials = [
        *(*at_threads("pytorch", 1, 1.0), *at_threads("pytorch", 2, 4.0)),
        *(*at_threads("tensorflow", 1, 1.0), *at_threads("tensorflow", 2, 0.6)),
    ]
    found = search([Side("pytorch"), Side("tensorflow")], [1, 2], 2, trials)
    assert found.best == {"pytorch": "pytorch-threads=1", "tensorflow": "tensorflow"}
    assert [each.threads for each in found.sides] == [1, 2]


SECONDS = {
    "pytorch": 2.0,
    "tensorflow": 1.0,
    "pytorch-threads=1": 0.5,
    "tensorflow-threads=1": 0.8,
}


def compared(best, count=10):
    names = list(dict.fromkeys([*best, *best.values()]))
    trials = [
        replace(
            trial(name.partition("-")[0], number, seconds=(SECONDS[name] * (1 + number / 500),)),
            framework=name,
        )
        for name in names
        for number in range(1, count + 1)
    ]
    sides = [SideSearch(side, own, 1 if "=" in own else 2, []) for side, own in best.items()]
    return compare(JOB, trials, sides=names, searched=Search(2, sides))


def test_both_verdicts_are_said_and_each_of_what_it_is() -> None:
    found = compared(
        {"pytorch": "pytorch-threads=1", "tensorflow": "tensorflow-threads=1"},
    )
    said = str(found.finding)
    equal, best = said.index("At equal threads ("), said.index("Each at its own best number")
    assert "TensorFlow trained 2.00 times as fast as PyTorch" in said[equal:best]
    assert "PyTorch (threads=1) trained 1.60 times as fast as TensorFlow (threads=1)" in said[best:]
    assert "PyTorch (threads=1) trained 4.00" not in said  # only one of the two at its best
    # Three ratios of the table, and one more: all hold at once.
    assert {each.together for each in (*found.verdicts, *found.at_best)} == {4}
    assert "THREADS" not in " ".join(each.code for each in found.cautions)
    assert "CPUS_UNEQUAL" not in [each.code for each in found.cautions]


def test_one_verdict_is_both_where_equal_threads_are_the_best() -> None:
    found = compared({"pytorch": "pytorch", "tensorflow": "tensorflow"})
    assert "which is each side's own best number: TensorFlow trained" in str(found.finding)
    assert [*found.at_best] == found.verdicts


def test_the_baseline_at_its_best_is_held_against_the_other_at_its_own() -> None:
    found = compared({"pytorch": "pytorch", "tensorflow": "tensorflow-threads=1"})
    (best,) = found.at_best
    assert (best.faster, best.slower) == ("tensorflow-threads=1", "pytorch")
    assert best in found.verdicts


def crowded(threads, cores, **environment):
    given = job_pb2.Environment(threads=threads, available_cpus=4, **environment)
    if cores is not None:
        given.physical_cores = cores
    return {"pytorch": [replace(trial("pytorch"), environment=given)]}


def test_threads_beyond_the_cores_are_warned_of() -> None:
    (caution,) = crowding.cautions(crowded(4, 2))
    assert caution.code == "THREADS_EXCEED_CORES"
    assert str(caution.sentence).startswith("PyTorch had 4 threads on 2 physical cores:")
    assert str(caution.remedy).startswith("Set --threads 2,")
    assert [*crowding.cautions(crowded(0, 2))]  # as many as there are CPUs


@pytest.mark.parametrize("cores", [4, None])
def test_nothing_is_said_of_enough_or_unknown_cores(cores) -> None:
    assert not [*crowding.cautions(crowded(4, cores))]


def test_nothing_is_said_of_a_gpu() -> None:
    sides = {
        side: [replace(each, spec=spec(device="DEVICE_CUDA")) for each in group]
        for side, group in crowded(4, 2).items()
    }
    assert not [*crowding.cautions(sides)]
