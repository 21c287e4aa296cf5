"""What a pipeline gets from the commands: exit codes, JUnit's XML, a summary."""

import json
from xml.etree import ElementTree

from orchestrator.actions.finish import comparison_of
from orchestrator.reports.comparison import sentences
from orchestrator.results.history import entry
from orchestrator.storage import shelf
from tests.builders.commands import SMALL

COMPARE = ("compare", *SMALL, "--no-verify", "--epochs=1")


def cases(path):
    """What each test case of a JUnit file came to, by name."""
    suite = ElementTree.parse(path).getroot()[0]
    found = {}
    for case in suite.iter("testcase"):
        ((tag, text),) = [(child.tag, child.text) for child in case] or [("passed", "")]
        found[case.get("name")] = (tag, text)
    ends = [tag for tag, _ in found.values()]
    assert suite.get("tests") == str(len(ends))
    assert suite.get("failures") == str(ends.count("failure"))
    assert suite.get("errors") == str(ends.count("error"))
    return found


def compared(orchestrator, two, condition, code):
    _, flags = two("clocked")
    return orchestrator.run(
        *(*COMPARE, "--repeats=6", f"--fail-if={condition}", "--junit=out/junit.xml"),
        *("--summary=summary.md", *flags),
        code=code,
    )


def test_what_is_within_its_limit_passes(orchestrator, two):
    done = compared(orchestrator, two, "ratio > 1.05", 0)
    assert "Passed, because ratio > 1.05 is ruled out" in " ".join(done.stdout.split())
    found = cases(orchestrator.home / "out/junit.xml")
    assert found["TensorFlow: not ratio > 1.05"][0] == "system-out"
    assert found["trial 6 of PyTorch succeeds"] == ("system-out", "succeeded")
    summary = (orchestrator.home / "summary.md").read_text()
    assert summary.startswith("## compare synthetic-mlp\n\n15 passed\n\n### ")


def test_what_is_beyond_its_limit_fails_and_every_view_of_the_run_says_so_first(orchestrator, two):
    done = compared(orchestrator, two, "ratio > 0.95", 8)
    said = "Failed, because ratio > 0.95: an epoch of TensorFlow took 1.000 times as long"
    assert f"orchestrator: {said}" in done.stderr
    assert cases(orchestrator.home / "out/junit.xml")["TensorFlow: not ratio > 0.95"][0] == (
        "failure"
    )
    summary = (orchestrator.home / "summary.md").read_text()
    assert "| TensorFlow: not ratio \\> 0.95 | failed | Failed, because" in summary
    run = orchestrator.latest()
    finding = sentences(comparison_of(run))[0]
    assert finding.startswith(said)
    assert "No difference is shown" in finding
    assert entry(run).finding.startswith(said)
    assert said.replace(">", "&gt;") in orchestrator.latest().page_path.read_text()


def test_too_few_pairs_end_with_a_code_of_their_own_and_two_short_runs_do_too(orchestrator, two):
    _, flags = two()
    (orchestrator.home / "summary.md").write_text("before\n")
    done = orchestrator.run(
        *(*COMPARE, "--fail-if=ratio > 1.05", "--junit=junit.xml", "--summary=summary.md"),
        *flags,
        code=9,
    )
    assert "about 6 pairs would decide it." in " ".join(done.stderr.split())
    assert cases(orchestrator.home / "junit.xml")["TensorFlow: not ratio > 1.05"][0] == "error"
    assert (orchestrator.home / "summary.md").read_text().startswith("before\n")
    files = ("--junit=diff.xml", "--summary=summary.md")
    slower = ("--fail-if-slower=5%", "--json")
    done = orchestrator.run("diff", "latest", "latest", *slower, *files, code=9)
    assert [each["outcome"] for each in json.loads(done.stdout)["decisions"]] == ["undecided"] * 2
    assert "about 7 trials a run would decide it." in done.stderr
    found = cases(orchestrator.home / "diff.xml")
    assert {tag for tag, _ in found.values()} == {"error"}
    assert len(found) == 2
    assert (
        "An epoch of PyTorch took 1.00 times as long"
        in (orchestrator.home / "summary.md").read_text()
    )


def test_a_condition_that_is_none_is_refused_before_anything_runs(orchestrator):
    done = orchestrator.run(*COMPARE, "--fail-if=speed > 1", "--junit=junit.xml", code=2)
    assert "there are 'ratio'" in done.stderr
    assert shelf.runs(orchestrator.output) == []


def test_a_failed_trial_comes_first_and_the_files_say_so(orchestrator, two):
    _, flags = two(tensorflow="raises")
    again = ("--epochs=2", "--fail-if=ratio > 1", "--junit=junit.xml")
    orchestrator.run(*COMPARE, *again, *flags, code=4)
    found = cases(orchestrator.home / "junit.xml")
    assert found["trial 1 of PyTorch succeeds"][0] == "system-out"
    assert found["trial 1 of TensorFlow succeeds"][0] == "error"
    assert found["TensorFlow: not ratio > 1"][0] == "error"


def test_without_a_runner_the_files_say_what_ended_it(orchestrator):
    nobody = ("--pytorch=127.0.0.1:1", "--tensorflow=127.0.0.1:1")
    orchestrator.run(*COMPARE, "--junit=junit.xml", *nobody, code=3)
    ((tag, text),) = cases(orchestrator.home / "junit.xml").values()
    assert tag == "error"
    assert "127.0.0.1:1" in text


def test_verify_tells_a_pipeline_too(orchestrator, two):
    _, flags = two()
    files = ("--junit=junit.xml", "--summary=summary.md")
    orchestrator.run("verify", *SMALL, "--steps=4", *files, *flags)
    found = cases(orchestrator.home / "junit.xml")
    ((tag, text),) = found.values()
    assert tag == "system-out"
    assert text.startswith("The same job")
    assert "The same job" in (orchestrator.home / "summary.md").read_text()
