"""One definition of each number: what the table shows is what the verdict says."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twinrun.contract.enums import JobState

from orchestrator.actions.finish import comparison_of
from orchestrator.exports.tables import TABLES
from orchestrator.language.words import number
from orchestrator.reports.comparison import report
from orchestrator.reports.markdown import text
from orchestrator.reports.table import table
from orchestrator.reports.writers import plain
from orchestrator.results import comparison as comparisons
from orchestrator.results.comparison_file import as_dict
from orchestrator.results.quantities import EPOCH, quantities
from orchestrator.storage.store import Run
from tests.builders.events import JOB, failed_events, trial, trial_events
from tests.builders.stored import add_trial, create

BOTH = ("pytorch", "tensorflow")
SECONDS = st.floats(0.001, 100).map(lambda value: round(value, 6))
EPOCHS = st.lists(SECONDS, min_size=1, max_size=4)
LAW = settings(database=None, max_examples=30, deadline=None)


@st.composite
def stored(draw):
    """Pairs of trials of the most different epochs, any of which may have failed or be missing."""
    made = {}
    for number_ in range(1, draw(st.integers(1, 4)) + 1):
        for side in BOTH:
            outcome = draw(st.sampled_from(["succeeded", "succeeded", "failed", "missing"]))
            if outcome != "missing":
                made[side, number_] = (outcome, draw(EPOCHS))
    return made


def kept(folder, made) -> Run:
    """A run as one is stored, with those trials."""
    run = create(folder)
    for (side, number_), (outcome, seconds) in made.items():
        events = trial_events(side, seconds=seconds)
        if outcome == "failed":  # with the epochs that it had finished
            ended = failed_events(side)[-1]
            whole = [event for event in events if event.HasField("epoch_finished")]
            events = [*events[: events.index(whole[-1]) + 1], ended]
        add_trial(run, side, number_, events=events)
    return run


def row_of(found, quantity=EPOCH):
    rows = [row for row in table(found).rows if row.name == quantity.title.strip()]
    return rows[0] if rows else None


@LAW
@given(stored())
def test_the_tables_ratio_is_the_verdicts(tmp_path_factory, made):
    found = comparison_of(kept(tmp_path_factory.mktemp("runs"), made))
    verdict, row = found.verdict, row_of(found)
    if verdict is None:
        assert row is None or len(row.values) == len(found.trials)
        return
    first, second = found.trials
    *values, shown = row.values
    ratio = found.pairs[0].ratios["epoch_seconds"].ratio
    of_verdict = verdict.ratio if verdict.slower == second else 1 / verdict.ratio
    assert ratio == pytest.approx(of_verdict)
    assert shown.split()[0] == f"{ratio:.2f}"
    assert values == [f"{number(verdict.seconds[side])} s" for side in found.trials]
    if verdict.pairs == 1:
        assert ratio == pytest.approx(verdict.seconds[second] / verdict.seconds[first])


@LAW
@given(stored())
def test_every_place_shows_the_same_number_of_a_side(tmp_path_factory, made):
    found = comparison_of(kept(tmp_path_factory.mktemp("runs"), made))
    held = json.loads(json.dumps(as_dict(found)))["frameworks"]
    told, markdown = plain.report(report(found), 500), text(found, "run")
    for quantity in quantities(found.job):
        row = row_of(found, quantity)
        for index, (side, trials) in enumerate(found.counted.items()):
            value = quantity.of(trials, found.job)
            assert held[side]["quantities"][quantity.name] == value
            if value is not None and row is not None:
                assert row.values[index] == quantity.written(value)
                assert quantity.written(value) in told
                assert quantity.written(value) in markdown


@LAW
@given(stored())
def test_a_trial_that_failed_is_counted_only_where_its_side_has_nothing_else(
    tmp_path_factory, made
):
    found = comparison_of(kept(tmp_path_factory.mktemp("runs"), made))
    for side, counted in found.counted.items():
        states = {trial.state for trial in found.trials[side]}
        assert counted
        assert {trial.state for trial in counted} == (
            {JobState.SUCCEEDED} if JobState.SUCCEEDED in states else states
        )


def test_a_failed_trial_does_not_move_the_table(tmp_path: Path):
    made = {(side, 1): ("succeeded", [1.0, 1.0, 9.0]) for side in BOTH}
    made["pytorch", 2] = ("failed", [50.0, 50.0])
    found = comparison_of(kept(tmp_path, made))
    assert row_of(found).values == ["1.00 s", "1.00 s", "1.00"]


def test_an_export_has_the_seconds_of_the_verdict():
    found = comparisons.compare(JOB, [trial(side, seconds=(1.0, 2.0, 9.0)) for side in BOTH])
    rows = TABLES["trials"].rows(found)
    assert {row["side"]: row["epoch_seconds"] for row in rows} == found.verdict.seconds
