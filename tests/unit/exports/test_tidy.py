"""Long tables: as many rows as there was to observe, each with every column, of its kind."""

import dataclasses
import math
from pathlib import Path

import pytest

from orchestrator.exports.tables import TABLES
from orchestrator.results.comparison import compare
from tests.builders.events import JOB, SAMPLES, STEPS, failed_trial, trial
from tests.builders.tasks import JOBS


def comparison(*trials):
    return compare(JOB, trials or [trial("pytorch"), trial("tensorflow"), trial("pytorch", 2)])


def rows(table, *trials):
    return list(TABLES[table].rows(comparison(*trials)))


@pytest.mark.parametrize(
    ("table", "count"), [("epochs", 9), ("steps", 9 * STEPS), ("trials", 3), ("phases", 18)]
)
def test_there_is_a_row_for_each_thing_that_was_observed(table, count):
    assert len(rows(table)) == count


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "trials", [(trial(detailed=True),), (failed_trial(),), (failed_trial(after=0),)]
)
def test_every_row_has_every_column_in_order_and_of_its_kind_or_unknown(table, trials):
    columns = TABLES[table].columns(JOB)
    for row in rows(table, *trials):
        assert list(row) == list(columns)
        assert all(v is None or type(v) is columns[name] for name, v in row.items()), row


def test_steps_tell_their_epoch_and_loss_in_order():
    own = trial("pytorch", seconds=(1.0, 2.0))
    found = rows("steps", own)
    assert [row["step"] for row in found] == list(range(2 * STEPS))
    assert [row["epoch"] for row in found] == [0] * STEPS + [1] * STEPS
    assert [row["loss"] for row in found] == own.losses.tolist()


def test_a_step_is_of_the_epoch_that_it_was_reported_of_whatever_was_planned():
    own = trial("pytorch", seconds=(1.0, 2.0))
    planned = dataclasses.replace(own.inputs, steps_per_epoch=STEPS + 1)
    found = rows("steps", dataclasses.replace(own, inputs=planned))
    assert [row["epoch"] for row in found] == [0] * STEPS + [1] * STEPS


def test_a_loss_that_is_no_number_stays_one_that_is_none():
    found = rows("steps", trial(seconds=(1.0,), step_losses=[1.0, math.nan, math.inf]))
    assert [str(row["loss"]) for row in found] == ["1.0", "nan", "inf"]


def test_a_trial_that_failed_keeps_its_reason_and_its_last_epoch():
    (row,) = rows("trials", failed_trial(after=2))
    assert (row["state"], row["epochs"]) == ("failed", 2)
    assert "SIGKILL" in row["error"]
    assert row["test_accuracy"] is not None
    assert row["train_samples"] == SAMPLES


def test_a_side_of_a_test_against_itself_is_told_apart_from_its_framework():
    found = rows("trials", trial("pytorch-a"), trial("pytorch-b"))
    assert [(row["side"], row["framework"]) for row in found] == [
        ("pytorch-a", "pytorch"),
        ("pytorch-b", "pytorch"),
    ]


def test_the_epochs_seconds_add_up_to_the_trials():
    seconds = sum(row["train_seconds"] for row in rows("epochs", trial()))
    assert rows("trials", trial())[0]["train_seconds"] == pytest.approx(seconds)


def test_the_documents_tell_of_every_column():
    text = (Path(__file__).parents[3] / "docs/export.md").read_text()
    for name, table in TABLES.items():
        assert f"| `{name}` |" in text
        columns = {column for job in JOBS for column in table.columns(job)}
        assert not [column for column in columns if f"`{column}`" not in text], name
