"""How far two trials are apart in one kind, and what a table of them says."""

import json
from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import Precision

from orchestrator.reports import parity as report
from orchestrator.reports.writers import plain
from orchestrator.results.parity import Apart, allowed, apart, as_dict
from tests.builders.events import JOB
from tests.builders.parities import row, table
from tests.builders.proofs import KERNEL, curve, evidence


def test_trials_that_did_the_same_are_not_apart():
    assert apart(evidence(), evidence("tensorflow")) == Apart(0, 0)


def test_a_loss_and_a_logit_that_differ_are_of_the_forward_pass():
    other = evidence("tensorflow", step_losses=curve(1e-9))
    assert apart(evidence(), other).forward == pytest.approx(1e-9, rel=1e-3)
    logits = np.eye(4)
    logits[1, 2] = 1e-6
    assert apart(evidence(), evidence("tensorflow", logits=logits)) == Apart(1e-6, 0)


def test_a_step_that_differs_is_measured_against_the_largest_change_of_all():
    first, second = evidence(kernel=KERNEL + 4), evidence("tensorflow", kernel=KERNEL + 4)
    second.weights["layers.1.bias"][0] += 2e-3  # which moved by 1 itself
    assert apart(first, second).gradient == pytest.approx(2e-3 / 4)


def test_a_step_of_another_size_is_no_rounding():
    """The fault of a table: a gradient that is off by a factor, whatever the weights are."""
    first, second = evidence(kernel=KERNEL + 1e-3), evidence("tensorflow", kernel=KERNEL + 2e-3)
    for each in (first, second):
        each.weights["layers.1.bias"][:] = 0
    assert apart(first, second).gradient == pytest.approx(0.5)


def test_what_one_side_lacks_or_began_with_otherwise_is_told():
    other = evidence("tensorflow")
    del other.weights["layers.1.bias"]
    assert apart(evidence(), other).gradient == np.inf
    other = evidence("tensorflow")
    other.initial_weights["layers.1.bias"] = np.full(3, 1e-3)
    assert apart(evidence(), other).forward == 1


def test_numbers_that_are_none_are_infinitely_far_apart():
    broken = KERNEL.copy()
    broken[0, 0] = np.nan
    assert apart(evidence(), evidence("tensorflow", kernel=broken)).gradient == np.inf


def test_each_precision_has_its_own_limit():
    limits = [allowed(replace(JOB, precision=precision)) for precision in Precision]
    by_name = dict(zip(Precision, limits, strict=True))
    assert by_name[Precision.FLOAT64] == JOB.tolerance.logits == 1e-11
    assert by_name[Precision.FLOAT64] < by_name[Precision.FLOAT32] < by_name[Precision.BFLOAT16]


def test_a_row_agrees_up_to_what_is_allowed():
    assert row(matched=(1e-11, 0)).agrees
    assert not row(matched=(1.1e-11, 0)).agrees
    assert not row(matched=(0, 1e-3)).agrees
    assert not row(matched=(np.inf, 0)).agrees
    assert not row(matched=None).agrees


def test_what_is_wrong_is_named_and_what_was_not_run_is_no_fault():
    found = table(row("dense"), row("lstm", (0, 1e-3)), row("gelu", None))
    assert [each.case for each in found.wrong] == ["lstm"]
    said = str(found.sentence)
    assert "1 of 2 rows agree as matched jobs" in said
    assert "1.0e-03 in float64" in said
    assert "In each framework's own way 0 of 3 do." in said
    assert "Beyond what rounding explains: lstm (float64, default)" in said


def test_of_many_that_are_wrong_a_sentence_names_some():
    said = str(table(*(row(f"case {index}", (0, 1)) for index in range(8))).sentence)
    assert "case 4 (float64, default), 3 more." in said
    assert "case 5" not in said


def test_a_table_without_rows_says_so():
    assert str(replace(table(), rows=[]).sentence) == "No row was finished."


def test_the_report_has_a_table_of_each_group_and_marks_what_is_wrong():
    rows = row(), row("relu", (0, 1e-3), None, group="activations"), row(precision="float32")
    found = dict(report.tables(table(*rows)))
    assert list(found) == [
        "Layers, float64, execution default",
        "Activations, float64, execution default",
        "Layers, float32, execution default",
    ]
    (line,) = found["Activations, float64, execution default"].rows
    assert line.differs
    assert line.values == ["0", "1.0e-03", "-", "-"]
    text = plain.report(report.report(table(*rows)))
    assert "dense" in text
    assert "own gradient" in text
    assert "PyTorch 2.13, TensorFlow 2.21" in text


def test_several_sides_have_columns_in_one_table():
    of_jax = row(side="jax", matched=(1e-3, 0.0))
    found = table(row(), of_jax, row("conv2d"))
    (title, grid), (other, own) = report.tables(found)
    assert title == "Layers, float64, execution default, matched jobs, from PyTorch"
    assert other == "Layers, float64, execution default, own ways, from PyTorch"
    assert grid.headings[1:3] == ["forward, TensorFlow", "forward, JAX"]
    assert own.headings[3:] == ["own gradient, TensorFlow", "own gradient, JAX"]
    dense, conv2d = grid.rows
    assert (dense.values[1], dense.values[3]) == ("1.0e-03", "0")
    assert (conv2d.values[1], conv2d.values[3]) == ("-", "-")
    assert (dense.differs, conv2d.differs) == (True, False)
    assert "dense (float64, default) of JAX" in str(found.sentence)


def test_what_the_baseline_lacks_is_told_once():
    why = ("PyTorch: it is refused",)
    assert len(table(row(lacking=why), row(side="jax", lacking=why)).lacking) == 1


def test_why_a_trial_is_missing_is_told_with_its_row():
    why = (table(row("conv2d", lacking=("it is refused",))).lacking)[0]
    assert str(why) == "conv2d (float64, default): it is refused"


def test_its_file_is_json_with_every_number():
    found = json.loads(json.dumps(as_dict(table(row(), row(matched=(np.inf, 0)))), allow_nan=False))
    assert found["schema"] == "twinrun.parity/1"
    assert [each["agrees"] for each in found["rows"]] == [True, False]
    assert found["rows"][0]["own"] == {"forward": 1e-3, "gradient": 2e-3}
    assert found["rows"][1]["matched"]["forward"] is None
    assert found["versions"]["pytorch"] == "2.13"
