"""Two runs of the same job, held against each other."""

import json
from dataclasses import replace

import pytest
from twinrun.v1 import job_pb2

from orchestrator.errors import BadInput
from orchestrator.reports import difference as difference_report
from orchestrator.results.comparison import compare
from orchestrator.results.difference import as_dict, difference
from tests.builders.comparisons import NOISE, timed
from tests.builders.events import job


def run(seconds, count=8, framework="pytorch", environment=None, **spec):
    """``count`` trials of about so many seconds an epoch."""
    given = job(**spec)
    made = [
        replace(
            timed(framework, seconds * NOISE[number % len(NOISE)], number),
            spec=given,
            environment=job_pb2.Environment(**(environment or {})),
        )
        for number in range(count)
    ]
    return compare(given, made)


def test_a_slower_framework_is_found_with_its_interval():
    (side,) = difference(run(1.0), run(1.2)).sides
    assert side.ratio.low < 1.2 < side.ratio.high
    assert side.sentence.startswith("An epoch of PyTorch took 1.20 times as long in the second run")
    assert side.sentence.endswith("8 and 8 trials).")


def test_noise_is_no_difference():
    (side,) = difference(run(1.0), run(1.0)).sides
    assert side.sentence.startswith("No difference is shown between the epochs of PyTorch")


def test_exchanging_the_runs_inverts_the_ratio():
    (one,), (other,) = (difference(*p).sides for p in ((run(1), run(2)), (run(2), run(1))))
    assert one.ratio.ratio == pytest.approx(1 / other.ratio.ratio)


@pytest.mark.parametrize("count", [1, 5])
def test_few_trials_are_provisional(count):
    (side,) = difference(run(1.0), run(1.2, count)).sides
    assert side.ratio.low is None
    assert side.sentence.endswith(f"(8 and {count} trials: provisional).")


@pytest.mark.parametrize(
    "spec",
    [{"batch_size": 32}, {"layers": [{"flatten": {}}]}, {"precision": "PRECISION_FLOAT64"}],
)
def test_jobs_that_differ_on_purpose_are_listed_before_their_times(spec):
    found = difference(run(1.0), run(1.2, **spec))
    assert f"not of the same job: they differ in {next(iter(spec))}" in found.purpose
    lines = list(difference_report.lines(found))
    assert lines[0] == found.purpose
    assert lines[1].startswith("An epoch of PyTorch took 1.20 times")
    assert "Changed on purpose:" in lines
    assert as_dict(found)["purpose"].startswith("These runs are not of the same job")


@pytest.mark.parametrize("spec", [{"epochs": 9}, {"steps_per_epoch_limit": 3}])
def test_runs_whose_epochs_are_other_work_are_refused(spec):
    with pytest.raises(BadInput, match=f"their jobs differ in {next(iter(spec))}, so what one"):
        difference(run(1.0), run(1.0, **spec))


def test_the_metric_of_both_runs_is_told():
    lines = list(difference_report.lines(difference(run(1.0), run(1.0, batch_size=8))))
    assert any(line.startswith("Test accuracy of PyTorch: 9") for line in lines)


def test_different_machines_are_named_before_everything_else():
    before = {"cpu_model": "Old", "available_cpus": 2}
    after = {"cpu_model": "New", "available_cpus": 2}
    found = difference(run(1.0, environment=before), run(1.0, environment=after, batch_size=8))
    first, second, *_ = difference_report.lines(found)
    assert first.startswith("These runs are of different machines (cpu_model: Old and New)")
    assert second == found.purpose


@pytest.mark.parametrize(
    ("hosts", "said"),
    [(("a", "b"), True), (("a", "a"), False), (("a", ""), False), (("", "b"), False)],
)
def test_computers_of_other_names_are_named_if_both_are_known(hosts, said):
    found = difference(run(1.0), run(1.0), hosts)
    assert (found.machines is not None) == said
    assert not said or "different names, a and b" in found.machines


def on(machines, made):
    """The run with its trials on these machines of a cluster, in turn."""
    trials = [
        replace(trial, machine=machines[number % len(machines)])
        for number, trial in enumerate(made.trials["pytorch"])
    ]
    return compare(made.job, trials)


@pytest.mark.parametrize("which", [0, 1])
def test_blocks_of_machines_are_named_because_the_interval_does_not_cover_machines(which):
    runs = [run(1.0), run(1.2)]
    runs[which] = on("ab", runs[which])
    found = difference(*runs)
    first, second, *_ = difference_report.lines(found)
    assert first.startswith("A run with --cluster is compared here: the interval covers")
    assert second.startswith("An epoch of PyTorch took 1.20 times")
    assert as_dict(found)["cluster"] == first
    assert difference(run(1.0), run(1.2)).cluster is None


def test_of_machines_it_is_not_said_that_compiling_is_slower():
    compiled = on("ab", run(1.2, execution="EXECUTION_COMPILED"))
    (side,) = difference(run(1.0), compiled).sides
    assert side.ratio.shown
    assert SAID not in side.sentence


def test_columns_of_other_data_are_named_once():
    file = {"name": "file", "file": {"path": "/d.csv", "target": ["y", "z"]}}
    with pytest.raises(BadInput, match=r"dataset.file.target, dataset.file.test_f\w+, dataset"):
        difference(run(1.0), run(1.0, dataset=file))


def test_what_may_differ_of_a_spec_is_listed():
    found = difference(run(1.0), run(1.0, threads=4, seed=3))
    assert [(c.field, c.first, c.second) for c in found.spec] == [("seed", 0, 3), ("threads", 2, 4)]


def test_runs_without_a_framework_in_common_are_refused():
    with pytest.raises(BadInput, match="No framework"):
        difference(run(1.0), run(1.0, framework="tensorflow"))


def test_what_differs_of_the_environment_is_listed_package_by_package():
    before = {"framework_version": "2.1", "packages": {"numpy": "1", "torch": "2.1"}}
    after = {"framework_version": "2.2", "packages": {"numpy": "1", "torch": "2.2", "new": "7"}}
    found = difference(run(1.0, environment=before), run(1.0, environment=after))
    (side,) = found.sides
    assert {c.field: (c.first, c.second) for c in side.environment} == {
        "framework_version": ("2.1", "2.2"),
        "package torch": ("2.1", "2.2"),
        "package new": (None, "7"),
    }
    lines = list(difference_report.lines(found))
    assert lines[0] == side.sentence
    assert "  package torch: 2.1 -> 2.2" in lines
    assert json.loads(json.dumps(as_dict(found)))["schema"] == "twinrun.difference/1"


def test_the_same_environment_is_said_to_be():
    lines = list(difference_report.lines(difference(run(1.0), run(1.0))))
    assert lines[-1] == "PyTorch's environments are the same."


DEFAULT, COMPILED = "EXECUTION_DEFAULT", "EXECUTION_COMPILED"
SAID = "Compiling makes PyTorch slower at this job."


@pytest.mark.parametrize("swapped", [False, True])
def test_a_compiled_run_that_is_slower_than_its_default_is_named(swapped):
    runs = [run(1.0, execution=DEFAULT), run(1.5, execution=COMPILED)]
    (side,) = difference(*(runs[::-1] if swapped else runs)).sides
    assert side.sentence.endswith(SAID)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (run(1.5, execution=DEFAULT), run(1.0, execution=COMPILED)),
        (run(1.0, execution=DEFAULT), run(1.0, execution=COMPILED)),
        (run(1.0, count=2, execution=DEFAULT), run(1.5, count=2, execution=COMPILED)),
        (run(1.0, execution=DEFAULT), run(1.5, execution=DEFAULT)),
        (run(1.0, execution=COMPILED), run(1.5, execution=COMPILED)),
    ],
    ids=["faster", "level", "too few", "neither", "both"],
)
def test_compiling_is_not_named_for_anything_else(first, second):
    (side,) = difference(first, second).sides
    assert SAID not in side.sentence
