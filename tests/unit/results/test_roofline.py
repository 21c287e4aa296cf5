"""What an epoch needs at its machine's rates: numbers, sentences, figure; where nothing is said."""

from dataclasses import replace

import pytest
from twinrun.contract.enums import Device
from twinrun.contract.events import MachineMeasured, Profiled

from orchestrator.figures import plots
from orchestrator.page.of_comparison import comparison_page
from orchestrator.reports.comparison import sentences
from orchestrator.results.comparison import compare
from orchestrator.results.comparison_file import as_dict
from orchestrator.results.roofline import rooflines
from orchestrator.storage import machine
from orchestrator.storage.about import About, Kind
from tests.builders.events import JOB, trial

# 40 GFLOP need 0.4 s, 8 GB need 0.8 s, and 100 starts of each of 50 steps 0.05 s.
RATE = MachineMeasured(100e9, 10e9, 1e5)


def ran(framework, seconds=2.0, operations=40e9, spec=JOB):
    found = trial(framework, seconds=(seconds,) * 3)
    inputs = replace(found.inputs, epoch_operations=operations, epoch_bytes=8e9)
    return replace(found, inputs=inputs, spec=spec)


def compared(*trials, rates=None, profile=None, job=JOB):
    rates = {"pytorch": RATE, "tensorflow": RATE} if rates is None else rates
    profiles = [
        replace(ran(name, spec=job), profile=each) for name, each in (profile or {}).items()
    ]
    known = machine.Known(rates={machine.rates_of(job): rates})
    return compare(job, trials, known=known, profiles=profiles)


def test_an_epoch_is_held_against_what_its_arithmetic_and_its_bytes_need():
    found = compared(ran("pytorch"), ran("tensorflow", 1.0))
    one, other = rooflines(found)
    assert (one.side, one.attained, one.intensity) == ("pytorch", 20e9, 5.0)
    assert (one.arithmetic_seconds, one.memory_seconds) == (0.4, 0.8)
    assert one.calls is None
    said = (
        "PyTorch's epoch took 5.00 times what its arithmetic needs at this machine's rate: 2.00 s, "
        "where 40.0 GFLOP at 100 GFLOP/s need 0.400 s, and 8.00 GB of memory traffic 0.800 s."
    )
    assert one.sentence == said
    assert "2.50 times" in other.sentence


def test_a_profile_says_what_starting_the_operations_needs():
    profile = {"pytorch": Profiled((), 1.0, 4, calls=400)}
    one, other = rooflines(compared(ran("pytorch"), ran("tensorflow"), profile=profile))
    assert (one.calls, one.starting_seconds) == (100, pytest.approx(0.05))
    assert "the 100 operations of each step, one after the other at 10.0 µs each" in one.sentence
    assert "needs 0.0500 s; 77.50 % of the epoch is left to small matrices" in one.sentence
    assert other.starting_seconds is None
    unmeasured = {"tensorflow": RATE, "pytorch": replace(RATE, calls_per_second=0.0)}
    one, _ = rooflines(
        compared(ran("pytorch"), ran("tensorflow"), rates=unmeasured, profile=profile)
    )
    assert one.starting_seconds is None  # the other's cost is not its own


def test_a_version_has_its_own_cost_of_a_start_once_it_is_measured():
    profile = {"pytorch-2.13.0": Profiled((), 1.0, 4, calls=400)}
    of_usual = {"pytorch": RATE}
    of_each = {**of_usual, "pytorch-2.13.0": replace(RATE, calls_per_second=2e5)}
    for rates, wanted in ((of_usual, 0.05), (of_each, 0.025)):
        sides = ran("pytorch"), ran("pytorch-2.13.0")
        _, version = rooflines(compared(*sides, profile=profile, rates=rates))
        assert version.starting_seconds == pytest.approx(wanted)


def test_on_a_gpu_kernels_are_started_while_others_run():
    job = replace(JOB, device=Device.CUDA)
    profile = {"pytorch": Profiled((), 1.0, 4, kernels=400, busy_seconds=0.1, wall_seconds=1.0)}
    (one,) = rooflines(compared(ran("pytorch", spec=job), profile=profile, job=job))
    assert "To start the 100 kernels of each step, at 10.0 µs each, needs 0.0500 s." in one.sentence
    assert "left to small" not in one.sentence


def test_a_rate_that_an_epoch_exceeds_is_not_believed():
    one, _ = rooflines(compared(ran("pytorch", 0.3), ran("tensorflow")))
    assert "PyTorch's epoch took 0.300 s, and its 40.0 GFLOP would need 0.400 s" in one.sentence
    assert "Measure it again: 'orchestrator env --measure'" in one.sentence


def test_each_side_is_held_against_the_rates_of_its_own_job():
    fast = replace(JOB, threads=(JOB.threads or 1) + 1)
    side = f"pytorch-threads={fast.threads}"
    known = {machine.rates_of(JOB): {"pytorch": RATE}}
    known[machine.rates_of(fast)] = {"pytorch": replace(RATE, operations_per_second=400e9)}
    trials = [ran("pytorch"), replace(ran("pytorch", spec=fast), framework=side)]
    found = compare(JOB, trials, sides=("pytorch", side), known=machine.Known(rates=known))
    assert [each.arithmetic_seconds for each in rooflines(found)] == [0.4, 0.1]


@pytest.mark.parametrize(
    ("operations", "rates"), [(0.0, None), (40e9, {}), (40e9, {"pytorch": MachineMeasured(0, 1)})]
)
def test_where_a_number_is_not_known_nothing_is_said(operations, rates):
    found = compared(ran("pytorch", operations=operations), rates=rates)
    assert rooflines(found) == []
    assert "roofline" not in plots.names(found)
    assert not any("--profile counts" in each for each in sentences(found))


def test_every_report_has_it():
    profile = {"pytorch": Profiled((), 1.0, 4, calls=400)}
    plain = compared(ran("pytorch"), ran("tensorflow", 1.0))
    assert sum("--profile counts" in each for each in sentences(plain)) == 1
    found = compared(ran("pytorch"), ran("tensorflow", 1.0), profile=profile)
    assert not any("--profile counts" in each for each in sentences(found))
    one, other = rooflines(found)
    assert {one.sentence, other.sentence} <= {*sentences(found)}
    told = as_dict(found)["rooflines"]
    assert [each["side"] for each in told] == ["pytorch", "tensorflow"]
    assert told[0]["starting_seconds"] == pytest.approx(0.05)
    drawing = plots.drawing(found, "roofline")
    assert drawing.title == (
        "An epoch over what its arithmetic needs at the machine's rate: PyTorch 5.00 times, "
        "TensorFlow 2.50 times."
    )
    assert "PyTorch: 20.0 GFLOP/s" in drawing.svg.decode()
    page = comparison_page(found, About("r", Kind.COMPARE, "w", None), [drawing])
    assert any(one.sentence in each.sentences for each in page.answers)
