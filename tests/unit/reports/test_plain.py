"""Texts of others on a terminal: as they stand, whatever brackets are in them."""

import io

import pytest
from rich.console import Console
from twinrun.v1 import job_pb2

from orchestrator.reports import environments
from orchestrator.reports.comparison import report
from orchestrator.reports.grid import Cell, Column, Grid, Said, row
from orchestrator.reports.writers import terminal
from orchestrator.reports.writers.terminal import console
from orchestrator.results.comparison import compare
from orchestrator.runners.progress import Bars
from tests.builders.events import JOB, state, trial, trial_events
from tests.builders.source import ROOT, imported, modules

MARKUP = "on [/job:localhost/replica:0] :smile: [red]failed[/red]"


def printed(shown, made=console):
    file = io.StringIO()
    made(file=file, width=200).print(shown)
    return file.getvalue()


@pytest.mark.parametrize("made", [console, Console])
def test_a_table_shows_its_cells_and_headings_as_they_stand(made):
    grid = Grid([Column(Cell(MARKUP))], [row(MARKUP, [])])
    shown = terminal.report([grid, Said(MARKUP, code=MARKUP)])
    assert printed(shown, made).count(MARKUP) == 4


def test_a_console_shows_a_text_as_it_stands():
    assert printed(MARKUP) == f"{MARKUP}\n"


def test_what_runners_tell_of_themselves_is_shown_as_it_stands():
    found = job_pb2.Environment(blas=MARKUP, framework_version="[b]2[/b]")
    shown = printed(terminal.table(environments.table({"pytorch": found})), Console)
    assert MARKUP in shown
    assert "[b]2[/b]" in shown


def test_a_report_shows_a_version_as_it_stands():
    found = trial("pytorch")
    found.environment.framework_version = MARKUP
    assert MARKUP in printed(terminal.report(report(compare(JOB, [found]))), Console)


def test_bars_show_a_failure_as_it_stands():
    file = io.StringIO()
    terminal = console(file=file, force_terminal=True, width=200, color_system=None)
    bars = Bars(terminal, ("tensorflow",), 1)
    bars.event("tensorflow", state("RUNNING"))
    bars.event("tensorflow", state("FAILED", "TRAINER_FAILED", MARKUP))
    bars.close()
    assert MARKUP in file.getvalue()


def test_the_clock_of_a_second_trial_goes_on_and_its_bar_waits_for_the_first_step():
    terminal = console(file=io.StringIO(), force_terminal=True, width=200)
    now = [0.0]
    bars = Bars(terminal, ("tensorflow",), 1)
    bars._progress.get_time = lambda: now[0]
    shown = bars._progress.tasks[0]
    shown._get_time = bars._progress.get_time
    inputs, steps = (
        next(event for event in trial_events() if event.HasField(kind))
        for kind in ("inputs", "steps_finished")
    )
    for _ in range(2):
        bars.event("tensorflow", state("RUNNING"))
        bars.event("tensorflow", inputs)
        assert shown.total is None
        now[0] += 5
        assert shown.elapsed == 5
        bars.event("tensorflow", steps)
        assert shown.total == inputs.inputs.steps_per_epoch
        bars.event("tensorflow", state("SUCCEEDED"))
        now[0] += 5
        assert shown.elapsed == 5
    bars.close()


def test_a_stage_has_a_row_of_its_own_as_long_as_there_is_one():
    file = io.StringIO()
    terminal = console(file=file, force_terminal=True, width=200, color_system=None)
    bars = Bars(terminal, ("tensorflow",), 1)
    bars.stage(f"pair 2 of 10 {MARKUP}", 1, 10)
    row = bars._progress.tasks[-1]
    assert (row.visible, row.completed, row.total) == (True, 1, 10)
    bars.stage("drawing")
    assert (row.visible, row.total) == (True, None)
    bars.stage("")
    assert not row.visible
    bars.stage(MARKUP)
    bars.close()
    assert MARKUP in file.getvalue()


def test_there_is_one_place_where_rich_is_given_texts():
    for name, path in modules("orchestrator"):
        if name != "orchestrator/reports/writers/terminal.py":
            assert "rich.table" not in imported(path), name
            assert "Console(" not in (ROOT / name).read_text(), name
