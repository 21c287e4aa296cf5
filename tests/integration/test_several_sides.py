"""Commands over three and eight sides: real runners on fake frameworks."""

import json
from contextlib import closing

import pytest

from orchestrator.actions.compare import ComparisonRequest, train
from orchestrator.actions.repeat import Plan
from orchestrator.runners.finding import Runners
from orchestrator.runners.progress import Lines
from orchestrator.settings.config import Places
from orchestrator.trials.sides import Side
from tests.builders.commands import SMALL
from tests.builders.live import Page, ended, live
from tests.builders.runners import small_spec
from tests.integration.several import MORE

NAMES = ("pytorch", "tensorflow", *MORE)
MODULE = "tests.integration.several"


@pytest.fixture
def several(start):
    """Starts runners of so many frameworks; the flags that name them."""

    def starting(count: int, *fakes: str) -> list[str]:
        named = NAMES[:count]
        fake_of = dict(zip(named, [*fakes, *["good"] * count], strict=False))
        runners = {n: start(fake_of[n], name=n, framework=n).address for n in named}
        flags = [f"--runner={name}={address}" for name, address in runners.items()]
        return [f"--frameworks={','.join(named)}", *flags]

    return starting


def result(orchestrator, name="comparison"):
    return json.loads((orchestrator.latest().path / f"{name}.json").read_text())


def test_compare_holds_three_frameworks_against_the_first(orchestrator, several):
    flags = several(3)
    given = (*SMALL, "--epochs=1", *flags)
    done = orchestrator.run("compare", *given, module=MODULE, DRAWN="1")
    assert "TensorFlow / PyTorch" in done.stdout
    assert "Other1 / PyTorch" in done.stdout
    found = result(orchestrator)
    assert found["baseline"] == "pytorch"
    assert [pair["side"] for pair in found["pairs"]] == ["tensorflow", "other1"]
    assert all(pair["verdict"] and pair["ratios"] and pair["timed"] for pair in found["pairs"])
    proof = result(orchestrator, "certificate")
    assert proof["schema"] == "twinrun.certificates/1"
    assert proof["same_job"] is True
    pairs = [(each["first"], each["second"]) for each in proof["pairs"]]
    assert pairs == [("pytorch", "tensorflow"), ("pytorch", "other1")]
    assert "PyTorch and Other1: " in " ".join(done.stdout.split())
    figures = {path.name for path in (orchestrator.latest().path / "figures").iterdir()}
    assert {"certificate-tensorflow.svg", "certificate-other1.svg", "overview.svg"} <= figures
    for command in ("report", "show"):
        orchestrator.run(command, "latest", module=MODULE, DRAWN="1")
    assert "certificate-other1" in (orchestrator.latest().path / "report.html").read_text()


def test_the_baseline_is_named_by_a_flag(orchestrator, several):
    flags = several(3)
    given = ("--no-verify", "--baseline=other1", *flags)
    orchestrator.run("compare", *SMALL, "--epochs=1", *given, module=MODULE)
    found = result(orchestrator)
    assert found["baseline"] == "other1"
    assert [pair["side"] for pair in found["pairs"]] == ["pytorch", "tensorflow"]
    orchestrator.run("report", "latest", module=MODULE)
    assert result(orchestrator)["baseline"] == "other1"
    page = (orchestrator.latest().path / "report.html").read_text()
    assert "--baseline other1" in page
    wrong = ("--baseline=jax", *flags)
    refused = orchestrator.run("compare", *SMALL, *wrong, code=2, module=MODULE)
    assert "--baseline is 'jax'; the sides are pytorch, tensorflow, other1." in refused.stderr


def test_one_pair_that_is_not_the_same_job_ends_with_code_6(orchestrator, several):
    flags = several(3, "good", "good", "slower_rate")
    done = orchestrator.run("compare", *SMALL, "--epochs=1", *flags, code=6, module=MODULE)
    proof = result(orchestrator, "certificate")
    assert [each["same_job"] for each in proof["pairs"]] == [True, False]
    assert "PyTorch and Other1: Not shown to be the same job" in " ".join(done.stdout.split())


def test_verify_certifies_each_pair_and_names_the_one_that_it_does_not(orchestrator, several):
    flags = several(3, "good", "good", "slower_rate")
    done = orchestrator.run("verify", *SMALL, *flags, code=6, module=MODULE)
    assert "PyTorch and Other1" in done.stderr
    assert "PyTorch and TensorFlow" not in done.stderr
    proof = result(orchestrator, "certificate")
    assert [each["same_job"] for each in proof["pairs"]] == [True, False]
    orchestrator.run("report", "latest", module=MODULE)
    assert result(orchestrator, "certificate") == proof


def test_explain_preview_summary_and_evaluate_take_three(orchestrator, several):
    flags = several(3)
    wanted = ("--pitfall=adam-epsilon", *flags)
    done = orchestrator.run("explain", *SMALL, *wanted, module=MODULE)
    assert "PyTorch and Other1" in done.stdout
    found = result(orchestrator, "explanation")
    assert [pair["side"] for pair in found["pairs"]] == ["tensorflow", "other1"]
    orchestrator.run("report", "latest", module=MODULE)
    assert result(orchestrator, "explanation") == found

    shown = orchestrator.run("preview", *SMALL, *flags, "--json", module=MODULE)
    assert json.loads(shown.stdout)["frameworks"] == list(NAMES[:3])
    told = orchestrator.run("summary", *SMALL, *flags, module=MODULE)
    assert "PyTorch, TensorFlow and Other1 agree" in " ".join(told.stdout.split())

    orchestrator.run("compare", *SMALL, "--epochs=1", "--no-verify", *flags, module=MODULE)
    which = ("--framework=other1", "--weights-from=pytorch", *flags[1:])
    done = orchestrator.run("evaluate", "latest", *which, module=MODULE)
    assert "Other1 makes the same" in " ".join(done.stdout.split())
    for to in ("csv", "markdown"):
        orchestrator.run("export", "latest", "--to", to, module=MODULE)


def test_eight_frameworks_are_compared(orchestrator, several):
    flags = several(8)
    given = ("--no-verify", *flags, "--json")
    done = orchestrator.run("compare", *SMALL, "--epochs=1", *given, module=MODULE)
    found = json.loads(done.stdout)
    assert len(found["pairs"]) == 7
    assert all(pair["verdict"]["together"] == 7 for pair in found["pairs"])


def test_sides_of_one_framework_that_change_the_job_are_compared(start, tmp_path):
    places = Places({"pytorch": start().address}, state_home=tmp_path / "home")
    sides = (Side("pytorch"), Side("pytorch", (("execution", "eager"),)))
    request = ComparisonRequest("w", small_spec(), sides, tmp_path, certify=True, plan=Plan(2))
    with closing(Runners(places, lambda _: None)) as runners:
        outcome = train(request, runners, Lines(lambda _: None))
    assert not outcome.faults
    assert list(outcome.comparison.trials) == ["pytorch", "pytorch-execution=eager"]
    executions = {
        side: {trial.spec.execution.value for trial in group}
        for side, group in outcome.comparison.trials.items()
    }
    assert executions["pytorch-execution=eager"] == {"eager"}
    assert executions["pytorch"] != {"eager"}
    assert outcome.comparison.verdict.pairs == 2
    assert outcome.comparison.certificates.same_job
    assert outcome.comparison.inputs.same


def test_the_live_page_follows_a_framework_that_it_does_not_know(start, tmp_path):
    runners = [start(name=name, framework=name) for name in NAMES[:3]]
    jobs = [runner.wait(runner.train(seed=1)).job_id for runner in runners]
    flags = [f"--runner={n}={r.address}" for n, r in zip(NAMES, runners, strict=False)]
    nowhere = [f"--runner={name}=127.0.0.1:1" for name in NAMES[3:]]
    page = Page()
    with live(tmp_path, *flags, *nowhere, module=MODULE) as server:
        page.until(server, lambda found: all(ended(job)(found) for job in jobs))
        page.until(server, lambda found: len(found.overview["groups"]) == 1)
    told = {runner["framework"]: runner for runner in page.overview["runners"]}
    assert list(told) == list(NAMES)
    assert [name for name, runner in told.items() if runner["connected"]] == list(NAMES[:3])
    assert sorted(page.overview["groups"][0]["jobs"]) == sorted(jobs)
    assert page.lines[jobs[2]][-1]["text"] == "Other1: succeeded"
    assert {page.jobs[job]["state"] for job in jobs} == {"finished"}


def test_sides_that_change_the_job_are_named_by_flags(orchestrator, start):
    flags = [f"--runner=pytorch={start().address}", "--side", "pytorch"]
    changed = ("--side", "pytorch: batch_size=32", "--baseline", "pytorch: batch_size=32")
    done = orchestrator.run("compare", *SMALL, "--epochs=1", *flags, *changed, module=MODULE)
    said = " ".join(done.stdout.split())
    assert "These are not the same job, on purpose: PyTorch (batch_size=32) and PyTorch" in said
    found = result(orchestrator)
    assert found["baseline"] == "pytorch-batch_size=32"
    assert [each["field"] for each in found["changed"]] == ["batch_size"]
    how = ("--side", "pytorch: execution=eager")
    orchestrator.run("verify", *SMALL, "--steps=5", *flags, *how, module=MODULE)
    assert result(orchestrator, "certificate")["same_job"] is True
    for command, more, words in (
        ("verify", changed, "nothing to certify"),
        ("compare", ("--frameworks=pytorch",), "--side and --frameworks both"),
        ("compare", ("--aa=pytorch",), "--side and --aa both"),
        ("compare", ("--loop=both",), "write both as sides"),
    ):
        refused = orchestrator.run(command, *SMALL, *flags, *more, module=MODULE, code=2)
        assert words in " ".join(refused.stderr.split())
