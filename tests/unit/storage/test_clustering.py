"""Blocks of a run over machines on disk: whole, or not at all."""

import pytest

from orchestrator.actions.cluster import train as clusters
from orchestrator.errors import BadInput
from orchestrator.storage import blocks, clustering, store
from orchestrator.storage.blocks import Ran
from tests.builders.stored import add_trial, create

BOTH = ("pytorch", "tensorflow")


def begun(run, number, machine="a", sides=BOTH):
    block = clustering.begin(run, number, machine)
    for side in sides:
        add_trial(block, side, number)
        block.write_initial_weights(side, number, b"initial %d" % number)
        block.write_weights(side, number, b"final")
        block.write_logits(side, number, b"logits")
    return block


def names(run):
    return sorted(trial.name for trial in run.trials())


def test_a_block_is_moved_whole_with_all_that_belongs_to_it(tmp_path):
    run = create(tmp_path, sides=BOTH)
    for number in (1, 2):
        block = begun(run, number)
        assert clustering.has_ended(block, BOTH)
        assert not [name for name in names(run) if name.endswith(f"-{number}")]
        clustering.adopt(run, block, number, "a")
    assert not clustering.left(run)
    assert names(run) == ["pytorch-1", "pytorch-2", "tensorflow-1", "tensorflow-2"]
    assert {trial.machine for trial in run.trials()} == {"a"}
    assert run.initial_weights("pytorch", 1) == b"initial 1"
    assert run.initial_weights("tensorflow", 2) == b"initial 2"
    assert run.weights("pytorch", 2) == b"final"
    assert run.logits("tensorflow", 1) == b"logits"
    assert run.job("pytorch", 1).job_id == "pytorch-1"


def test_half_a_block_has_not_ended(tmp_path):
    run = create(tmp_path, sides=BOTH)
    assert not clustering.has_ended(begun(run, 1, sides=BOTH[:1]), BOTH)


@pytest.mark.parametrize("moment", range(1, 10))
def test_whatever_a_kill_left_of_a_block_is_deleted(tmp_path, monkeypatch, moment):
    """Planted: the command ends after so many steps of moving the second block."""
    run = create(tmp_path, sides=BOTH)
    clustering.adopt(run, begun(run, 1), 1, "a")
    kept = names(run)
    left = moment

    def step(function):
        def steps(*given):
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
            return function(*given)

        return steps

    block = begun(run, 2, "b")
    with monkeypatch.context() as killed:
        killed.setattr(clustering, "_move", step(clustering._move))
        killed.setattr(blocks, "add", step(blocks.add))
        killed.setattr(clustering, "discard", step(clustering.discard))
        with pytest.raises(KeyboardInterrupt):
            clustering.adopt(run, block, 2, "b")
    begun(run, 3, "c")
    ended = clustering.taken_up(store.Run(run.path), BOTH)
    whole = moment >= 9  # all 8 files were moved
    assert sorted(ended) == ([1, 2] if whole else [1])
    assert names(run) == [*kept, *(["pytorch-2", "tensorflow-2"] if whole else [])] or whole
    assert blocks.machines(run.path).keys() == set(ended)
    assert not clustering.left(run)


def test_failures_stay_known(tmp_path):
    run = create(tmp_path, sides=BOTH)
    blocks.add(run.path, Ran(1, "a", "why"))
    clustering.adopt(run, begun(run, 1, "b"), 1, "b")
    clustering.taken_up(run, BOTH)
    assert blocks.blocks(run.path) == [Ran(1, "a", "why"), Ran(1, "b")]
    assert blocks.machines(run.path) == {1: "b"}


def test_which_machines_did_not_answer_is_known_of_the_last_command_only(tmp_path):
    run = create(tmp_path, sides=BOTH)
    blocks.add(run.path, Ran(0, "b", "nobody answers"))
    clustering.adopt(run, begun(run, 1), 1, "a")
    clustering.taken_up(run, BOTH)
    assert blocks.blocks(run.path) == [Ran(1, "a")]


def test_jobs_of_a_block_are_found_whatever_else_there_is(tmp_path):
    run = create(tmp_path, sides=BOTH)
    block = begun(run, 7, "b")
    (block.path / "jobs" / "odd.json").write_text("{")
    assert sorted(clustering.jobs_of(block)) == [
        ("pytorch", "pytorch-7"),
        ("tensorflow", "tensorflow-7"),
    ]
    assert [(machine, left.path) for machine, left in clustering.left(run)] == [("b", block.path)]


def test_what_cannot_be_asked_together_is_named_at_once():
    with pytest.raises(BadInput, match="leave out --local, --concurrent"):
        clusters.check({"--local": True, "--tls": False, "--concurrent": True})
    clusters.check({"--local": False})


def test_only_a_comparison_over_machines_goes_on(tmp_path):
    with pytest.raises(BadInput, match="is of no cluster"):
        clusters.resumable(create(tmp_path))
