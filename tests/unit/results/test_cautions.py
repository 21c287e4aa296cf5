"""Each warning: what brings it up, and that nothing else does."""

import dataclasses
from dataclasses import replace

import pytest
from twinrun.contract.events import AcceleratorUsed, Load, Metrics, ResourcesUsed
from twinrun.contract.stopping import EarlyStopping
from twinrun.v1 import job_pb2

from orchestrator.results.cautions import cautions
from orchestrator.results.verdict import verdict
from orchestrator.storage import machine
from orchestrator.storage.machine import Known, Noise
from tests.builders.events import JOB, trial
from tests.builders.events import job as spec
from tests.builders.proofs import certified

QUIET = Load(1.0, 0.01, 0.0, 0.0, 2.6e9)
SAME = certified()
GPU = AcceleratorUsed("GPU-aa", 10, 10**9, 0.9, 200.0, 900.0)
CUDA = spec(device="DEVICE_CUDA")


def ran(side, number=1, load=QUIET, environment=None, slower=1.0, **changes):
    """A trial on a quiet machine of two CPUs, three epochs of 1 s."""
    found = trial(side.partition("-")[0], number, seconds=(slower,) * 3)
    environment = {"available_cpus": 2, "cpu_model": "A", **(environment or {})}
    return replace(
        found,
        framework=side,
        epochs=tuple(replace(epoch, load=load) for epoch in found.epochs),
        environment=job_pb2.Environment(**environment),
        **changes,
    )


def on(gpu):
    return ResourcesUsed(10**9, 0, gpu)


def pair(slower=1.0, count=8, **changes):
    """TensorFlow's trials with ``changes``."""
    numbers = range(1, count + 1)
    return {
        "pytorch": [ran("pytorch", number) for number in numbers],
        "tensorflow": [ran("tensorflow", number, slower=slower, **changes) for number in numbers],
    }


def found(sides, job=JOB, certificate=SAME, known=None, judged=True):
    made = [verdict(sides)] if judged else []
    given = cautions(sides, job, made, certificate, known or Known(), counted=sides)
    for caution in given:
        for text in (caution.sentence, caution.remedy):
            assert text.endswith(".")
            assert "{" not in text
    return {caution.code: caution for caution in given}


def codes(*given, **more):
    return set(found(*given, **more))


def test_a_quiet_machine_and_enough_pairs_bring_up_nothing():
    assert codes(pair(1.2)) == set()
    assert codes(pair(1.0)) == set()


def test_few_pairs():
    caution = found(pair(count=5))["FEW_PAIRS"]
    assert caution.sentence == (
        "Too few for a confidence interval: 5 pairs of trials; it needs at least 6."
    )
    assert ": 1 pair of trials;" in found(pair(count=1))["FEW_PAIRS"].sentence


@pytest.mark.parametrize(
    ("certificate", "code"),
    [(None, "CERTIFICATE_MISSING"), (certified(same_job=False), "CERTIFICATE_FAILED")],
)
def test_a_certificate_that_is_not_there_or_failed(certificate, code):
    assert codes(pair(), certificate=certificate) == {code}


def test_no_certificate_is_missed_where_none_can_be():
    own = spec(recipe="RECIPE_IDIOMATIC")
    assert codes(pair(), job=own, certificate=None) == set()
    alone = {"pytorch": pair()["pytorch"]}
    assert codes(alone, certificate=None, judged=False) == set()
    twice = {f"pytorch-{name}": [ran(f"pytorch-{name}", n) for n in range(8)] for name in "ab"}
    assert codes(twice, certificate=None) == set()


def test_a_job_that_does_not_learn():
    job = spec(target_accuracy=0.99)
    caution = found(pair(), job=job)["BELOW_TARGET"]
    assert "below the target of 99.00 %" in caution.sentence
    assert codes(pair(), job=spec(target_accuracy=0.9)) == set()


def ended(accuracy, loss, samples=1000):
    """TensorFlow's trials end so."""
    sides = pair()
    test = Metrics(loss, accuracy, samples)
    sides["tensorflow"] = [
        replace(each, epochs=tuple(replace(epoch, test=test) for epoch in each.epochs))
        for each in sides["tensorflow"]
    ]
    return sides


@pytest.mark.parametrize(
    ("accuracy", "at_chance"), [(0.1, True), (0.05, True), (0.128, True), (0.13, False)]
)
def test_an_accuracy_that_guessing_gives_is_remarked_without_a_target(accuracy, at_chance):
    assert codes(ended(accuracy, 2.3)) == ({"ACCURACY_AT_CHANCE"} if at_chance else set())
    aimed = spec(target_accuracy=0.9)
    assert codes(ended(accuracy, 2.3), job=aimed) == {"BELOW_TARGET"}
    caution = found(ended(0.1, 2.3)).get("ACCURACY_AT_CHANCE")
    assert "TensorFlow ends at 10.00 % test accuracy" in caution.sentence


@pytest.mark.parametrize(
    ("loss", "high"), [(32.0, True), (2.6, True), (float("inf"), True), (2.4, False), (0.2, False)]
)
def test_a_test_loss_above_that_of_guessing_is_remarked(loss, high):
    assert codes(ended(0.9, loss)) == ({"TEST_LOSS_HIGH"} if high else set())


def test_trials_that_early_stopping_ended_after_different_numbers_of_epochs_are_remarked():
    def stopping(side, epochs):
        found = ran(side)
        job = replace(spec(), epochs=9, early_stopping=EarlyStopping(1))
        held = [
            replace(epoch, validation=Metrics(loss, 0.9, 10))
            for epoch, loss in zip(found.epochs, [1.0, 0.9, 2.0][-epochs:], strict=False)
        ]
        return replace(found, spec=job, epochs=tuple(held))

    def told(one, other):
        sides = {
            "pytorch": [stopping("pytorch", one)],
            "tensorflow": [stopping("tensorflow", other)],
        }
        return "STOPPED_APART" in codes(sides)

    assert told(3, 2)
    assert not told(3, 3)
    assert not told(2, 2)


@pytest.mark.parametrize(
    ("changes", "lags"),
    [
        ({"momentum": 0.99}, True),  # 0.99 ** 150 is 22 %
        ({"momentum": 0.9}, False),
        ({"momentum": 0.97}, True),  # 1.04 %
        ({"momentum": 0.969}, False),  # 0.9 %
    ],
)
def test_moving_statistics_that_still_hold_their_initial_values_are_remarked(changes, lags):
    layers = [{"flatten": {}}, {"batch_norm": changes}, {"dense": {"units": 10}}]
    assert codes(pair(), job=spec(layers=layers)) == ({"MOVING_STATISTICS_LAG"} if lags else set())
    own = spec(layers=layers, recipe="RECIPE_IDIOMATIC")  # where a default is the framework's
    lags_there = lags or changes["momentum"] == 0.9
    assert ("MOVING_STATISTICS_LAG" in codes(pair(), job=own)) == lags_there


@pytest.mark.parametrize(
    ("load", "code", "said"),
    [
        (replace(QUIET, other_cpu_seconds=0.5), "CPU_SHARED", "25.00 % of the CPUs"),
        (replace(QUIET, other_cpu_seconds=2.5), "CPU_SHARED", "took 100.00 % of the CPUs"),
        (replace(QUIET, stolen_seconds=0.2), "CPU_STOLEN", "10.00 % of the CPUs"),
        (replace(QUIET, throttled_seconds=0.3), "CPU_THROTTLED", "for 30.00 % of its training"),
    ],
)
def test_cpus_that_others_took(load, code, said):
    sides = pair()
    sides["tensorflow"][3] = ran("tensorflow", 4, load=load)
    caution = found(sides)[code]
    assert said in caution.sentence
    assert "trial 4 of TensorFlow" in caution.sentence
    assert codes(sides) == {code}


def test_a_clock_that_varied():
    sides = pair(load=replace(QUIET, clock_hertz=2.0e9))
    assert "from 2.00 to 2.60 GHz" in found(sides)["CLOCK_VARIED"].sentence
    assert codes(pair(load=replace(QUIET, clock_hertz=2.5e9))) == set()
    assert codes(pair(load=replace(QUIET, clock_hertz=0.0))) == set()  # not known


@pytest.mark.parametrize(
    ("used", "code"),
    [
        (replace(GPU, most_processes=2), "GPU_SHARED"),
        (replace(GPU, throttled=("thermal slowdown",)), "GPU_THROTTLED"),
    ],
)
def test_a_gpu_that_was_not_its_own_or_was_held_back(used, code):
    assert codes(pair(resources=on(used)), job=CUDA) == {code}
    assert codes(pair(resources=on(replace(GPU, most_processes=1))), job=CUDA) == set()


def test_swap():
    assert codes(pair(resources=ResourcesUsed(10**9, 0, swapped_bytes=4096))) == {"SWAPPED"}


@pytest.mark.parametrize(
    ("different", "said"),
    [
        ({"cpu_model": "B"}, "processor"),
        ({"available_cpus": 1}, "number of CPUs"),
        ({"cpu_set": "0"}, "CPU set"),
        ({"cpu_limit": 1.5}, "CPU limit"),
        ({"threads": 4}, "threads"),
    ],
)
def test_sides_that_did_not_have_the_same_cpus(different, said):
    sides = pair(environment=different)
    assert f"the same {said}." in found(sides)["CPUS_UNEQUAL"].sentence


def test_tensorfloat_32_on_one_side_only():
    sides = pair(environment={"tf32": True})
    assert codes(sides, job=CUDA) == {"TF32_UNEQUAL"}
    assert codes(sides) == set()  # on a CPU it is nothing


def test_variables_that_change_arithmetic_and_are_not_the_same_are_named():
    given = {"NVIDIA_TF32_OVERRIDE": "0", "XLA_FLAGS": "--a", "MKL_CBWR": "AVX2"}
    sides = pair(environment={"variables": given})
    assert codes({"tensorflow": sides["tensorflow"]}, judged=False) == set()
    for each in sides["pytorch"]:
        each.environment.variables.update({**given, "XLA_FLAGS": "--b"})
    del sides["pytorch"][3].environment.variables["MKL_CBWR"]
    caution = found(sides)["VARIABLES_UNEQUAL"]
    assert caution.sentence.endswith("differed: MKL_CBWR, XLA_FLAGS.")


def test_a_debug_build():
    caution = found(pair(environment={"debug_build": True}))["DEBUG_BUILD"]
    assert caution.sentence.startswith("TensorFlow ran")


@pytest.mark.parametrize(("slower", "within"), [(1.03, True), (1.2, False), (1.0, False)])
def test_a_difference_that_the_machine_shows_with_itself_too(slower, within):
    noise = Noise(0.98, 1.04, 8, "w", "2026-11-24T00:00")
    known = Known({f"pytorch {machine.conditions(JOB)}": noise})
    assert ("WITHIN_NOISE_FLOOR" in codes(pair(slower), known=known)) is within


def test_noise_under_other_conditions_says_nothing_here():
    noise = Noise(0.5, 2.0, 8, "w", "2026-11-24T00:00")
    known = Known({"pytorch cpu float64 default 2 threads": noise})
    assert codes(pair(1.2), known=known) == set()


def test_a_caution_is_written_whole_into_a_result():
    caution = found(pair(count=1))["FEW_PAIRS"]
    assert dataclasses.asdict(caution).keys() == {"code", "sentence", "remedy"}
