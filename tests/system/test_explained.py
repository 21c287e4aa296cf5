"""Each row of `explain` that a CPU has does to each side what it says, from the command on."""

import json
from dataclasses import replace
from itertools import chain

import pytest

from orchestrator.results.habits.numbering import MATCHED, number_of
from orchestrator.results.habits.pitfalls import PITFALLS
from orchestrator.storage import shelf
from tests.system.effects import EFFECTS, ONLY_TIME, SIDES, complaints, own_way

ROWS = {pitfall.name: pitfall for pitfall in PITFALLS if not pitfall.on_gpu}
SYNTHETIC = ("--workload=synthetic-mlp", "--precision=float64", "--train-limit=80")
# A bias before a batch norm would have rounding for its gradient, of which Adam makes whole steps.
LAYERS = (
    "[{conv2d: {filters: 4, size: 3, stride: 2, same: true, use_bias: false}}, {batch_norm: {}}, "
    "{activation: {function: relu}}, {flatten: {}}, {dense: {units: 10}}]"
)
IMAGES = (
    *SYNTHETIC,
    *("--epochs=2", "--batch-size=32"),  # of which the third batch is short
    f"--set=layers={LAYERS}",
    "--set=optimizer={adam: {}, learning_rate: 0.01, weight_decay: {factor: 0.1, form: coupled}}",
)
ROOTS = (*SYNTHETIC, "--epochs=2", "--set=optimizer={rmsprop: {}, learning_rate: 0.001}")
NUMBERS = (
    *("--workload=diabetes", "--precision=float32", "--epochs=4"),
    # Moments that shrink so fast can be denormal after 39 steps.
    "--set=optimizer={adam: {beta_1: 0.3}, learning_rate: 0.02}",
)
OF_OTHERS = {"roots": ("rmsprop-epsilon",), "numbers": ("target-shape", "denormals")}
_OTHERS = {*chain(*OF_OTHERS.values())}
OF_IMAGES = tuple(name for name in ROWS if name not in _OTHERS)
JOBS = {
    "images": (IMAGES, OF_IMAGES),
    "roots": (ROOTS, OF_OTHERS["roots"]),
    "numbers": (NUMBERS, OF_OTHERS["numbers"]),
}
_MADE = {}  # one run of each job serves all tests


@pytest.fixture(params=JOBS)
def found(request, warmed, home):
    """The trials of both sides: of the matched job, and of each row by name; and the result."""
    name = request.param
    if (home, name) not in _MADE:
        flags, rows = JOBS[name]
        asked = (f"--pitfall={row}" for row in rows)
        done = warmed("explain", *flags, *asked, "--threads=1", "--json")
        trials = {t.name: t for t in shelf.find("latest", home / "runs").trials()}
        pairs = {
            row: [trials[f"{side}-{number}"] for side in SIDES]
            for row, number in (("", MATCHED), *((row, number_of(ROWS[row])) for row in rows))
        }
        _MADE[home, name] = pairs.pop(""), pairs, json.loads(done.stdout)
    return _MADE[home, name]


def test_every_row_of_a_cpu_has_an_effect_that_is_looked_for():
    assert set(EFFECTS) == set(ROWS)


def test_each_row_does_to_each_side_what_it_says(found):
    matched, rows, _ = found
    assert [each for row, own in rows.items() for each in complaints(row, matched, own)] == []


def test_the_table_has_each_row_with_the_losses_of_its_trials(found):
    matched, rows, told = found
    assert told["skipped"] == []
    assert [row["pitfall"] for row in told["rows"]] == [None, *rows]
    for row, (first, second) in zip(told["rows"], (matched, *rows.values()), strict=True):
        ends = [trial.epochs[-1].train_loss for trial in (first, second)]
        assert row["loss"]["ratio"] == pytest.approx(ends[1] / ends[0])


def test_a_switch_that_does_nothing_is_noticed_unless_only_time_shows_it(found):
    matched, rows, _ = found
    unnoticed = set()
    for row in rows:
        ways = (own_way(row),)
        claimed = [replace(trial, spec=replace(trial.spec, own_ways=ways)) for trial in matched]
        if not complaints(row, matched, claimed):
            unnoticed.add(row)
    assert unnoticed == ONLY_TIME & set(rows)


def test_a_switch_of_the_wrong_side_is_noticed(found):
    matched, rows, _ = found
    for row, own in rows.items():
        first, second = EFFECTS[row]
        if first is not second:
            assert complaints(row, matched[::-1], own[::-1]), row


def test_a_switch_that_is_not_asked_for_is_noticed(found):
    matched, rows, _ = found
    for row in rows:
        assert len(complaints(row, matched, matched)) == len(SIDES)


def test_a_row_of_time_alone_that_moves_a_loss_is_noticed(found):
    matched, rows, _ = found
    for row in ONLY_TIME & set(rows):
        moved = rows[row][1].losses.copy()
        moved[-1] *= 1 + 1e-3
        own = [rows[row][0], replace(rows[row][1], losses=moved)]
        assert len(complaints(row, matched, own)) == 1
