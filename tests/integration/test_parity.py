"""The command that compares kind by kind, against real runners on fake frameworks."""

import json
import signal

from orchestrator.storage.about import State
from tests.waiting import HANG_SECONDS, eventually

FEW = ("--only=relu", "--only=sgd")


def test_parity_leaves_a_table_in_a_run_of_its_own(orchestrator, two):
    _, flags = two()
    done = orchestrator.run("parity", *FEW, "--precision=float64", *flags)
    assert "4 of 4 rows agree as matched jobs" in done.stdout
    assert "relu: matched, float64, default" in done.stderr
    run = orchestrator.latest()
    assert run.path.name.endswith("-parity")
    assert run.about().state is State.FINISHED
    assert len(run.trials()) == 16  # of four cases, two recipes and two sides
    found = run.result("parity")
    assert [row["case"] for row in found["rows"]] == [
        "relu",
        "sgd",
        "sgd, momentum",
        "sgd, Nesterov",
    ]
    assert all(row["own"]["gradient"] < 1e-11 for row in found["rows"])
    assert "| relu |" in (run.path / "parity.md").read_text()
    assert "4 of 4 rows agree" in run.page_path.read_text()
    shown = orchestrator.run("show", "latest", "--json")
    assert json.loads(shown.stdout) == found


def test_a_formula_that_is_wrong_on_one_side_is_in_its_row_and_in_the_exit_code(orchestrator, two):
    _, flags = two("good", tensorflow="switches")  # whose later losses are others
    done = orchestrator.run("parity", *FEW, "--precision=float32", *flags, "--json", code=6)
    agree = {row["case"]: row["agrees"] for row in json.loads(done.stdout)["rows"]}
    assert agree == {"relu": True, "sgd": False, "sgd, momentum": False, "sgd, Nesterov": False}
    assert "sgd, momentum (float32, default)" in done.stderr


def test_a_kind_that_there_is_not_is_refused_before_anything_runs(orchestrator):
    done = orchestrator.run("parity", "--only=conv3d", code=2)
    assert "There is no conv3d to be compared" in done.stderr


def test_what_has_finished_is_kept_where_it_is_interrupted(orchestrator, two):
    _, flags = two("held")  # in the second epoch, of which a layer has none
    process = orchestrator.start("parity", *FEW, "--precision=float64", *flags)
    eventually(lambda: list(orchestrator.output.glob("*/events/tensorflow-2.jsonl")))
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert "relu" in stdout
    run = orchestrator.latest()
    assert run.about().state is State.STOPPED
    first = run.result("parity")["rows"][0]
    assert (first["case"], first["agrees"], first["own"]) == ("relu", True, None)
    orchestrator.run("report", str(run.path))
    assert run.result("parity")["rows"][0] == first
