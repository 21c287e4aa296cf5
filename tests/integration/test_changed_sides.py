"""Sides that change the job, in commands that show why: real runners on fake frameworks."""

import json

from tests.builders.commands import SMALL


def sides_of(runner, *changes):
    sides = ["pytorch", *(f"pytorch: {change}" for change in changes)]
    return [f"--runner=pytorch={runner.address}", *(f"--side={side}" for side in sides)]


def test_explain_introduces_its_differences_into_sides_that_change_the_job(orchestrator, start):
    flags = sides_of(start(), "batch_size=50")
    wanted = ("--pitfall=batch-order", "--pitfall=adam-epsilon", "--recipe=both")
    done = orchestrator.run("explain", *SMALL, *flags, *wanted)
    said = " ".join(done.stdout.split())
    assert "PyTorch (batch_size=50)" in said
    assert "In every row the sides' jobs differ in batch_size, on purpose." in said
    run = orchestrator.latest()
    found = run.result("explanation")
    assert [row["pitfall"] for row in found["rows"]] == [None, "batch-order", "adam-epsilon"]
    sizes = {(trial.framework, trial.spec.batch_size) for trial in run.trials()}
    assert sizes == {("pytorch", 100), ("pytorch-batch_size=50", 50)}
    assert "batch_size, on purpose" in run.page_path.read_text()
    orchestrator.run("report", "latest")
    assert run.result("explanation") == found
    assert json.loads(orchestrator.run("show", "latest", "--json").stdout) == found


def test_a_difference_that_would_undo_what_a_side_changes_is_said_not_to_apply(orchestrator, start):
    flags = sides_of(start(), "execution=eager")
    wanted = ("--pitfall=jit-compile", "--pitfall=batch-order")
    done = orchestrator.run("explain", *SMALL, *flags, *wanted)
    assert '"jit_compile" does not apply: the sides differ in execution' in " ".join(
        done.stdout.split()
    )
    refused = orchestrator.run("explain", *SMALL, *flags, *wanted[:1], code=2)
    assert "the sides differ in execution" in " ".join(refused.stderr.split())


def test_parity_tries_each_kind_on_sides_that_change_how_it_is_computed(orchestrator, start):
    runner = start()
    flags = sides_of(runner, "loop=custom")
    done = orchestrator.run("parity", "--only=relu", "--precision=float64", *flags)
    assert "1 of 1 rows agree as matched jobs" in done.stdout
    run = orchestrator.latest()
    (row,) = run.result("parity")["rows"]
    assert row["side"] == "pytorch-loop=custom"
    assert {(t.framework, t.spec.loop.value) for t in run.trials()} == {
        ("pytorch", "fit"),
        ("pytorch-loop=custom", "custom"),
    }
    refused = orchestrator.run("parity", *sides_of(runner, "precision=bfloat16"), code=2)
    assert "may only change how it is computed" in " ".join(refused.stderr.split())
