"""How a side scales: which trials make pairs, over which devices, and what is said of too few."""

import itertools
import json

import numpy as np
import pytest

from orchestrator.language.phrases import LANGUAGES, speaking
from orchestrator.reports.sweeps import scaling as report
from orchestrator.reports.writers import plain
from orchestrator.results.comparison import compare
from orchestrator.results.sweeps import as_dict, scaling, sweep
from orchestrator.storage.sweeping import PlannedCell, SweepPlan
from tests.builders.events import JOB, failed_trial, trial

EXPONENTS = {"pytorch": 0.8, "tensorflow": 0.5}  # of its devices: how fast a side is
BLOCKS = 8
OTHER = {"batch_order_sha256": 64 * "b"}


def plan(axes, repeats=BLOCKS):
    several = [dict(zip(axes, at, strict=True)) for at in itertools.product(*axes.values())]
    cells = [PlannedCell(f"cell-{place}", at, {}) for place, at in enumerate(several)]
    return SweepPlan(axes, cells, repeats, False, False, 1.0, "0", {})


def seconds(side, devices, number):
    """A round is up to twice as slow as another: only pairs by round cancel that."""
    of_round = np.exp(0.7 * np.random.default_rng(number).normal())
    noise = np.exp(0.01 * np.random.default_rng((number, devices)).normal())
    return float(of_round * noise / devices ** EXPONENTS[side.partition("-")[0]])


def cell(devices, blocks=range(1, BLOCKS + 1), sides=tuple(EXPONENTS), took=seconds):
    trials = [
        trial(side, n, seconds=(took(side, devices, n),), step_losses=[2.0, 1.0])
        for n in blocks
        for side in sides
    ]
    return compare(JOB, trials)


def found(values=(4, 1, 2), cells=None, repeats=BLOCKS, **others):
    """How the sides scale in a sweep; ``cells``: some of its comparisons, by their devices."""
    asked = plan({"devices": list(values), **others}, repeats)
    made = {each.name: (cells or {}).get(each.at["devices"]) for each in asked.cells}
    compared = {
        each.name: made[each.name] or cell(each.at["devices"])
        for each in asked.cells
        if cells is None or each.at["devices"] in cells
    }
    return scaling.scalings(asked, compared)


def is_right(several):
    """Whether each speed-up is the one that was planted, in a narrow interval."""
    return all(
        row.devices == 1
        or (row.low <= row.devices ** EXPONENTS[each.side] <= row.high < 1.1 * row.low)
        for each in several
        for row in each.rows
    )


def test_each_speed_up_is_over_the_fewest_devices_by_round():
    several = found()
    assert [each.side for each in several] == ["pytorch", "tensorflow"]
    assert is_right(several)
    for each in several:
        assert (each.fewest, [row.devices for row in each.rows]) == (1, [1, 2, 4])
        first, *rest = each.rows
        assert (first.speed_up, first.efficiency, first.low) == (1.0, 1.0, None)
        assert [row.efficiency * row.devices for row in rest] == [row.speed_up for row in rest]
        assert {row.pairs for row in rest} == {BLOCKS}
        assert {str(row.verdict) for row in rest} == {"faster"}


def test_a_speed_up_over_the_wrong_devices_would_be_seen(monkeypatch):
    right = scaling._row

    def over_two(each, fewest, last):
        wrong = scaling._Cell(1, cell(2).counted["pytorch"], same=True)
        return right(each, fewest if each is fewest else wrong, last)

    monkeypatch.setattr(scaling, "_row", over_two)
    assert not is_right(found())


def test_pairs_that_are_not_of_one_round_would_be_seen():
    late = cell(2, took=lambda side, devices, number: seconds(side, devices, number + 1))
    assert not is_right(found((1, 2), {1: cell(1), 2: late}))


def test_an_efficiency_is_over_the_fewest_devices_that_there_are():
    (each, _) = found((2, 8))
    assert each.fewest == 2
    assert each.rows[1].speed_up == pytest.approx(4**0.8, rel=0.03)
    assert each.rows[1].efficiency == pytest.approx(4**-0.2, rel=0.03)
    assert each.rows[0].efficiency == 1.0


def test_blocks_beyond_the_rounds_make_no_pairs():
    """A precision gives them to single cells, at another time."""
    more = range(1, 13)
    several = found((1, 2), {1: cell(1, more), 2: cell(2, more)}, repeats=1)
    assert {each.rows[1].pairs for each in several} == {6}
    assert scaling.blocks_in_rounds(1, 3) == 7


def test_too_few_rounds_have_no_interval_which_is_said_first():
    few = range(1, 6)
    several = found((1, 2, 4), {1: cell(1), 2: cell(2), 4: cell(4, few)})
    assert several[0].rows[1].low
    row = several[0].rows[2]
    assert (row.low, row.high, str(row.verdict)) == (None, None, "too few blocks")
    assert row.speed_up == pytest.approx(4**0.8, rel=0.03)
    first, *rest = plain.report(report.report(several), 200).splitlines()
    assert first.startswith("A speed-up has no interval (5 rounds with PyTorch on 4 devices and on")
    assert any("3.0" in line and "too few blocks" in line for line in rest)


def test_a_job_that_was_not_the_same_has_no_speed_up_and_is_no_base():
    other = compare(
        JOB,
        [
            *(trial("pytorch", n, seconds=(1.0,)) for n in range(1, 9)),
            *(trial("tensorflow", n, seconds=(1.0,), inputs=OTHER) for n in range(1, 9)),
        ],
    )
    (each, _) = found((1, 2, 4), {1: other, 2: cell(2), 4: cell(4)})
    assert each.fewest == 2
    assert each.rows[0].speed_up is None
    assert str(each.rows[0].verdict) == "not the same job"
    assert each.rows[2].speed_up == pytest.approx(2**0.8, rel=0.03)
    (each, _) = found((1, 2), {1: other, 2: other})
    assert each.fewest is None
    assert "-" in plain.report(report.report([each]), 200)


def test_a_disturbed_machine_shows_nothing(monkeypatch):
    monkeypatch.setattr(scaling, "taken", lambda _trial: 0.3)
    assert {str(each.rows[1].verdict) for each in found((1, 2))} == {"CPUs taken by others"}


@pytest.mark.parametrize(
    ("times", "word"),
    [(1.0, "no difference shown"), (1.004, "level within 1 %"), (0.5, "slower")],
)
def test_what_the_trials_show_is_in_a_word(times, word):
    noise = 0.02 if times == 1.0 else 0.0001

    def took(_side, devices, number):
        of = np.random.default_rng((number, devices)).normal()
        return float(np.exp(noise * of) / times ** (devices - 1))

    several = found((1, 2), {k: cell(k, took=took) for k in (1, 2)})
    assert str(several[0].rows[1].verdict) == word


def test_a_failed_trial_and_a_cell_without_trials_do_not_count():
    failed = compare(JOB, [*cell(4).trials["pytorch"], failed_trial("tensorflow")])
    (one, other) = found((1, 2, 4, 8), {1: cell(1), 2: cell(2), 4: failed})
    assert [row.devices for row in one.rows] == [1, 2, 4]
    assert [row.devices for row in other.rows] == [1, 2]
    assert not found((1, 2), {1: cell(1)})


def test_only_a_sweep_over_devices_has_it_and_only_sides_that_follow_it():
    asked = plan({"threads": [1, 2]})
    assert not scaling.scalings(asked, {each.name: cell(1) for each in asked.cells})
    fixed = ("pytorch", "pytorch-devices=2")
    several = found((1, 2), {1: cell(1, sides=fixed), 2: cell(2, sides=fixed)})
    assert [each.side for each in several] == ["pytorch"]


def test_each_setting_of_another_axis_has_a_table_of_its_own():
    several = found((1, 2), batch_size=[16, 64])
    assert [each.others for each in several] == 2 * [{"batch_size": 16}] + 2 * [{"batch_size": 64}]
    text = plain.report(report.report(several), 200)
    assert "batch_size 64: TensorFlow by number of devices" in text
    with speaking(LANGUAGES[1]):
        assert "TensorFlow" in report.caption(several[1]) != "TensorFlow by number of devices"


def test_the_file_has_every_number():
    asked = plan({"devices": [1, 2]})
    result = sweep(asked, {each.name: cell(each.at["devices"]) for each in asked.cells})
    stored = json.loads(json.dumps(as_dict(result)))["scaling"]
    (one, two) = stored[0]["rows"]
    assert (stored[0]["side"], stored[0]["fewest"], stored[0]["others"]) == ("pytorch", 1, {})
    assert two["low"] < two["speed_up"] < two["high"]
    assert two["efficiency"] == two["speed_up"] / 2
    assert two["samples_per_second"] > one["samples_per_second"]
