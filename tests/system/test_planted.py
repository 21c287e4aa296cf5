"""A job that is not quite the same is not certified: differences planted in TensorFlow."""

import json

import pytest

from tests.builders.cpu import ROUNDS_ONCE
from tests.builders.served import served
from tests.system.planted import PLANTS

SMALL = ("--workload=synthetic-mlp", "--steps=12", "--epochs=2", "--json", "--quiet", "--threads=1")
LAYERS = (
    "--set=layers=[{conv2d: {filters: 2, use_bias: false}}, {batch_norm: {}}, {flatten: {}}, "
    "{dropout: {rate: 0.25}}, {dense: {units: 10}}]"
)
NESTED = (
    "--set=layers=[{flatten: {}}, {dense: {units: 6}}, "
    "{residual: {layers: [{dense: {units: 6}}, {activation: {function: relu}}]}}, "
    "{concat: {branches: [{layers: [{dense: {units: 3}}]}, {layers: [{dense: {units: 3}}]}]}}, "
    "{repeat: {times: 2, layers: [{dense: {units: 6}}, {activation: {function: tanh}}]}}, "
    "{dense: {units: 10}}]"
)
NESTS = ("residual:", "concat:", "repeat:")
# In the layers that the workload itself lacks.
LAYERED = ("statistics", "epsilon x3", "dropout", "batch norm")
TIMED = ("float32", "without details")
SGD = "--set=optimizer={learning_rate: 0.01, sgd: {momentum: 0.9}}"
FIRST = {"step": 0, "tensor": "layers.1.kernel"}  # the first array, whose gradient differs too
# What the certificate says, and where it says that the two parted.
EXPECTED = {
    "nothing": ("The same job", None),
    "one weight off by 1e-6": (
        "initial values differ, first in layers.1.kernel",
        {"step": None, "tensor": "layers.1.kernel"},
    ),
    "two samples swapped in one batch": ("the losses in the order of samples differ", {"step": 2}),
    "epsilon 1e-7": ("differ by", {"step": 1}),
    "momentum 0.900001": ("differ by", {"step": 2}),
    "one label wrong": ("differ by", {"step": 1}),
    "data normalised in float32": ("differ by", {"step": 0}),
    "moving statistics x1.5": ("final weights", {}),
    "the evaluation's epsilon x3": ("test logits", None),
    "no update at all": ("differ by", {"step": 1}),
    "residual: the shortcut dropped": ("differ by", FIRST),
    "residual: the shortcut added twice": ("differ by", FIRST),
    "residual: the sum before the activation": ("differ by", FIRST),
    "concat: the branches swapped": ("differ by", FIRST),
    "repeat: parameters shared": ("differ by", FIRST),
    "a dropout that nobody seeded": ("TensorFlow's side is not deterministic", {"step": 0}),
}


@pytest.fixture(scope="module")
def runners(warm, tmp_path_factory):
    """Flags: a runner on PyTorch, and one on TensorFlow that plants what the job's seed says."""
    pytorch, _ = warm
    state = tmp_path_factory.mktemp("planted") / "tensorflow"
    with served(state, "tensorflow", "tests.system.planted") as planted:
        yield pytorch, planted


def flags_of(plant):
    flags = [f"--seed={list(PLANTS).index(plant)}", *([SGD] if "momentum" in plant else [])]
    flags += [NESTED] if plant.startswith(NESTS) else []
    flags += ["--precision=bfloat16"] if "bfloat16" in plant else []
    return [*flags, *([LAYERS] if any(name in plant for name in LAYERED) else [])]


def test_a_batch_that_is_dropped_is_no_report_of_the_job(orchestrator, runners):
    flags = flags_of("last batch dropped")
    done = orchestrator("verify", *SMALL, *flags, *runners, code=4)
    assert "len(steps) is 11, but should be a number from 12 to 12" in done.stderr


@pytest.mark.parametrize("plant", EXPECTED)
def test_what_is_planted_is_found_and_said_where(orchestrator, runners, plant):
    code = 0 if plant == "nothing" else 6
    done = orchestrator("verify", *SMALL, *flags_of(plant), *runners, code=code)
    certificate = json.loads(done.stdout)
    sentence, parting = EXPECTED[plant]
    assert certificate["same_job"] is (code == 0)
    assert sentence in certificate["sentence"]
    found = certificate["parting"]
    assert (found is None) if parting is None else (found.items() >= parting.items())


def test_a_speed_is_not_said_without_saying_that_it_was_not_shown_to_be_the_same_job(
    orchestrator, runners
):
    small = ("--workload=synthetic-mlp", "--epochs=1", "--threads=1", "--quiet")
    flags = flags_of("data normalised in float32")[:1]
    done = orchestrator("compare", *small, *flags, *runners, code=6)
    said = " ".join(done.stdout.split())
    finding = said.partition("Not shown to be the same job, because")
    assert finding[1], said
    assert "which does not show who is faster." in finding[2]


@pytest.mark.parametrize(
    "plant",
    [
        "batch norm x1.01 in float32",
        "dense products x1.0001 in float32",
        pytest.param("dense products x1.05 in bfloat16", marks=ROUNDS_ONCE),
        "longer steps without details",
    ],
)
@pytest.mark.parametrize("certified", ["--verify", "--no-verify"])
def test_what_is_planted_in_the_timed_trials_alone_is_found_there(
    orchestrator, runners, plant, certified
):
    small = ("--workload=synthetic-mlp", "--epochs=1", "--threads=1", "--quiet", certified)
    done = orchestrator("compare", *small, *flags_of(plant), *runners, code=6)
    said = "The timed trials were not the same job: in pair 1 the losses"
    assert said in " ".join(done.stdout.split())
    assert "no faster than rounding makes" not in done.stdout
