"""What one difference at a time does, and what is said of it."""

import io

import pytest
from rich.console import Console
from twinrun.v1 import job_pb2

from orchestrator.figures import plots
from orchestrator.reports import explanation
from orchestrator.reports.writers import terminal
from orchestrator.results import pitfalls
from orchestrator.results.explanation import as_dict, explain, number_of
from orchestrator.results.pitfalls import NAMES, PITFALLS
from tests.builders.events import losses, trial
from tests.builders.explained import BOTH, pair, rows

BY_NAME = {pitfall.name: pitfall for pitfall in PITFALLS}


def test_the_matched_job_comes_first_and_never_parts():
    (row,) = rows(pair())
    assert (row.pitfall, row.parts_at, row.steps) == (None, None, 100)
    assert row.accuracy_difference == 0
    assert row.time_ratio == 2


@pytest.mark.parametrize("step", [0, 37, 99])
def test_the_first_step_that_parts_is_told(step):
    pitfall = BY_NAME["adam-epsilon"]
    found = rows(pair(), pair(number_of(pitfall), parts_at=step))
    assert [row.pitfall for row in found] == [None, pitfall]
    assert found[1].parts_at == step


def test_a_step_less_parts_at_the_missing_one():
    number = number_of(BY_NAME["last-batch"])
    first = trial("pytorch", number, seconds=(1.0,), step_losses=losses(1, 100)[:80])
    second = trial("tensorflow", number, seconds=(1.0,), step_losses=losses(1, 100))
    (row,) = explain([first, second], BOTH)
    assert (row.parts_at, row.steps) == (80, 100)


def test_running_accuracy_is_what_tensorflow_reports_where_that_is_the_difference():
    pitfall = BY_NAME["running-accuracy"]
    plain, own = rows(pair(running=0.5), pair(number_of(pitfall), running=0.5))
    assert plain.accuracy_difference == 0
    assert own.accuracies["tensorflow"] == 0.5


def test_a_pitfall_that_one_framework_did_not_end_is_left_out():
    found = rows(pair(), pair(number_of(PITFALLS[0]))[:1])
    assert [row.pitfall for row in found] == [None]


def test_the_report_names_every_row_and_fits_a_narrow_terminal():
    found = rows(pair(), *(pair(number_of(pitfall), parts_at=5) for pitfall in PITFALLS))
    console = Console(file=io.StringIO(), width=80)
    console.print(terminal.report(explanation.report(found)))
    text = console.file.getvalue()
    assert all(pitfall.title in text for pitfall in PITFALLS)
    assert max(map(len, text.splitlines())) <= 80
    assert set(plots.explanation_canvas(found).drawing().files()) == {
        "explanation.svg",
        "explanation.png",
    }
    assert [row["pitfall"] for row in as_dict("w", [found])["rows"]] == [None, *NAMES]


@pytest.mark.parametrize("pitfall", PITFALLS, ids=NAMES)
def test_every_pitfall_has_its_paragraph_and_its_source(pitfall):
    text = explanation.paragraph(pitfall)
    assert pitfall.title in text
    assert "https://" in text
    assert len(pitfall.paragraph) > 200
    assert all(len(line) <= 80 or "https" in line for line in text.splitlines())


def test_every_own_way_is_a_pitfall_once():
    ways = [value for value in job_pb2.OwnWay.values() if value]
    assert sorted(pitfall.way for pitfall in PITFALLS) == sorted(ways)


def test_a_difference_that_only_a_gpu_has_is_introduced_there_alone():
    names = {
        device: [pitfall.name for pitfall in pitfalls.of(device)]
        for device in (job_pb2.DEVICE_UNSPECIFIED, job_pb2.DEVICE_CPU, job_pb2.DEVICE_CUDA)
    }
    assert names.pop(job_pb2.DEVICE_CUDA) == list(NAMES)
    for on_cpu in names.values():
        assert [*on_cpu, "cuda-graph"] == list(NAMES)
