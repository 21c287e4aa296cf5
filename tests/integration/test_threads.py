"""compare --threads best: real runners on fake frameworks."""

import json

from services.machine import host
from tests.builders.commands import SMALL

GIVEN = (*SMALL, "--epochs=1", "--threads=best", "--no-verify")


def test_each_side_is_tried_at_every_number_and_compared_at_equal_threads_and_its_best(
    orchestrator, two
):
    _, flags = two()
    done = orchestrator.run("compare", *GIVEN, *flags)
    run = orchestrator.latest()
    found = json.loads((run.path / "threads.json").read_text())
    assert found["equal"] == host.available_cpus()
    best = {each["side"]: each["best"] for each in found["sides"]}
    assert list(best) == ["pytorch", "tensorflow"]
    for each in found["sides"]:
        assert {len(tried["seconds"]) for tried in each["tried"]} == {5}
    assert [*run.about().sides] == list(dict.fromkeys([*best, *best.values()]))
    assert {trial.framework for trial in run.trials()} == {*run.about().sides}
    compared = json.loads((run.path / "comparison.json").read_text())
    assert len(compared["at_best"]) == 1
    assert "At equal threads (" in compared["finding"]
    assert "Each side's own best number of threads" in done.stdout
    shown = orchestrator.run("show", "latest").stdout
    assert "At equal threads (" in shown


def test_a_short_trial_that_fails_ends_it_before_anything_is_compared(orchestrator, two):
    _, flags = two("good", tensorflow="raises")
    done = orchestrator.run("compare", *GIVEN, *flags, code=4)
    assert "tensorflow: the job" in done.stderr
    run = orchestrator.latest()
    assert not run.trials()
    assert not (run.path / "threads.json").exists()


def test_what_cannot_be_asked_together_is_refused_at_once(orchestrator):
    for more, said in {
        ("--aa", "pytorch"): "leave one of them out",
        ("--recipe", "both"): "one after the other",
        ("--side=pytorch: threads=1", "--side=tensorflow"): "pytorch-threads=1 has one of its own",
    }.items():
        done = orchestrator.run("compare", *GIVEN, *more, code=2)
        assert said in " ".join(done.stderr.split())
