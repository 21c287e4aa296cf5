"""What one difference at a time does, and what is said of it."""

import io
from dataclasses import replace

import pytest
from rich.console import Console
from twinrun.contract.code import Code, CodeSource
from twinrun.contract.enums import Device, Execution, Loop, Precision
from twinrun.contract.initializers import Constant
from twinrun.contract.layers import BatchNorm, Conv2d, Dense, LayerNorm
from twinrun.contract.losses import MeanSquaredError, SigmoidCrossEntropy, SoftmaxCrossEntropy
from twinrun.v1 import job_pb2

from orchestrator.figures import plots
from orchestrator.reports import explanation
from orchestrator.reports.writers import terminal
from orchestrator.results.habits import pitfalls
from orchestrator.results.habits.explanation import as_dict, asked_in, explain, skipped
from orchestrator.results.habits.numbering import number_of
from orchestrator.results.habits.pitfalls import NAMES, PITFALLS
from orchestrator.results.habits.touching import why_not
from tests.builders.events import losses, trial
from tests.builders.explained import BOTH, SGD, TOUCHED, changed, pair, rows

BY_NAME = {pitfall.name: pitfall for pitfall in PITFALLS}


def test_the_matched_job_comes_first_and_never_parts():
    (row,) = rows(pair())
    assert (row.pitfall, row.parts_at, row.steps) == (None, None, 100)
    assert row.apart.value == 0
    assert row.time.ratio == pytest.approx(2)


@pytest.mark.parametrize("step", [0, 37, 99])
def test_the_first_step_that_parts_is_told(step):
    pitfall = BY_NAME["adam-epsilon"]
    found = rows(pair(), pair(number_of(pitfall), parts_at=step))
    assert [row.pitfall for row in found] == [None, pitfall]
    assert found[1].parts_at == step


def test_a_step_less_parts_at_the_missing_one():
    number = number_of(BY_NAME["last-batch"])
    first = trial("pytorch", number, seconds=(1.0,), step_losses=losses(1, 100)[:80])
    second = trial("tensorflow", number, seconds=(1.0,), step_losses=losses(1, 100))
    (row,) = explain([first, second], BOTH)
    assert (row.parts_at, row.steps) == (80, 100)


def test_running_accuracy_is_what_tensorflow_reports_where_that_is_the_difference():
    pitfall = BY_NAME["running-accuracy"]
    plain, own = rows(pair(running=0.5), pair(number_of(pitfall), running=0.5))
    assert plain.apart.value == 0
    assert own.ends["tensorflow"] == 0.5


def test_few_pairs_are_provisional_and_seconds_stand_beside_the_ratio():
    pitfall = BY_NAME["data-pipeline"]
    found = rows(pair(seconds=(1.2, 1.3)), pair(number_of(pitfall), seconds=(7.4, 2.716)))
    grid = explanation.differences(found)
    assert [each.heading.text for each in grid.columns][3:] == ["PyTorch", "TensorFlow", "time"]
    assert grid.rows[1].values[2:] == ["7.40 s", "2.72 s", "0.367"]
    assert "One pair of trials each: provisional" in explanation.meaning(found)


def test_times_of_a_disturbed_machine_are_said_to_be():
    quiet = rows(pair())
    assert "Others took" not in explanation.meaning(quiet)
    busy = [replace(quiet[0], taken=0.8)]
    assert "Others took up to 80.00 % of the CPUs" in explanation.meaning(busy)


def test_repetitions_have_intervals_and_one_that_parts_is_told():
    pitfall = BY_NAME["batch-order"]
    repeated = [
        pair(number_of(each, repetition), parts_at, seconds=(1.0, 2 + repetition / 100))
        for repetition in range(6)
        for each, parts_at in ((None, None), (pitfall, 20 + repetition))
    ]
    plain, own = rows(*repeated)
    assert (plain.time.pairs, plain.parts_at, own.parts_at) == (6, None, 20)
    assert plain.time.low < plain.time.ratio < plain.time.high
    assert "from 6 pairs of trials each" in explanation.meaning([plain, own])
    time, accuracy = (explanation.differences([own]).rows[0].values[n] for n in (-1, 1))
    assert time.startswith("2.02 (2.0")
    assert accuracy == "+0.00 (+0.00 to +0.00)"
    held = as_dict("w", [[plain, own]])["rows"][1]
    assert held["time"]["low"] < held["time_ratio"] < held["time"]["high"]


DRAWN = Dense(3, kernel_initializer=Constant(1.0), bias_initializer=Constant(1.0))
OWN = Code(pytorch=CodeSource("net.py"))


@pytest.mark.parametrize(
    ("name", "inputs", "spec", "why"),
    [
        ("adam-epsilon", {}, {"optimizer": SGD}, "the optimizer is SGD."),
        ("rmsprop-epsilon", {}, {"optimizer": SGD}, "the optimizer is SGD."),
        ("weight-decay", {}, {}, "the job has no weight_decay beside"),
        ("norm-epsilon", {}, {}, "no layer of the model is a norm"),
        ("norm-epsilon", {}, {"layers": (LayerNorm(0.1),)}, "no layer of the model is a norm"),
        ("norm-epsilon", {}, {"code": OWN}, "the user's own code"),
        ("last-batch", {}, {"accumulate_steps": 2}, "a short batch is part of a step"),
        ("last-batch", {"train_samples": 3200}, {}, "the batch size of 64 divides the 3,200"),
        ("last-batch", {"train_samples": 60}, {}, "one batch has all 60 training samples."),
        ("batch-order", {"train_samples": 64}, {}, "one batch has all 64 training samples."),
        ("data-pipeline", {}, {"execution": Execution.COMPILED}, "with execution compiled"),
        ("cuda-graph", {}, {"loop": Loop.CUSTOM}, "a CUDA graph is for execution default"),
        ("denormals", {"steps_per_epoch": 10}, {"epochs": 1}, "some 438 steps; there are 10."),
        ("denormals", {}, {"optimizer": SGD}, "SGD as set here keeps no moments"),
        ("denormals", {}, {"precision": Precision.FLOAT64}, "float64 reaches far smaller"),
        ("denormals", {}, {"device": Device.CUDA}, "a GPU is as fast"),
        ("softmax-in-model", {}, {"loss": MeanSquaredError()}, "no plain softmax_cross_entropy"),
        ("softmax-in-model", {}, {"loss": SoftmaxCrossEntropy(0.1)}, "no plain softmax_cross"),
        ("target-shape", {}, {}, "the target is not one number."),
        ("target-shape", {}, {"loss": MeanSquaredError()}, "the target is not one number."),
        ("running-accuracy", {}, {"loss": SigmoidCrossEntropy()}, "the targets are no classes."),
        ("norm-momentum", {}, {"layers": (BatchNorm(0.5),)}, "has no batch norm whose momentum"),
        ("epsilon-place", {}, {"optimizer": SGD}, "the optimizer is SGD."),
        ("same-padding", {}, {"layers": (Conv2d(3, same=True),)}, "'same' with a stride and an"),
        ("same-padding", {}, {"layers": (Conv2d(3, 2, 2, same=True),)}, "'same' with a stride"),
        ("initialisers", {}, {"layers": (DRAWN,)}, "leaves its initialiser to its default"),
        ("pipeline-workers", {}, {"execution": Execution.COMPILED}, "with execution compiled"),
        ("memory-layout", {}, {}, "no layer of the model is a convolution of images"),
        ("memory-layout", {}, {"execution": Execution.COMPILED}, "the compiler lays images out"),
        ("tf32", {}, {"allow_tf32": True}, "TF32 on both sides"),
        ("tf32", {}, {"precision": Precision.FLOAT64}, "the precision is another"),
        ("cudnn-benchmark", {}, {}, "no layer of the model is a convolution."),
        ("softmax-in-model", {}, {"code": OWN}, "the user's own code"),
        ("data-pipeline", {}, {"code": OWN}, "the user's own code"),
        ("cuda-graph", {}, {"code": OWN}, "the user's own code"),
    ],
)
def test_a_difference_that_cannot_touch_the_job_says_why(name, inputs, spec, why):
    assert why in why_not(BY_NAME[name], *changed(inputs, **spec))


@pytest.mark.parametrize("pitfall", PITFALLS, ids=NAMES)
def test_a_difference_that_may_touch_the_job_is_measured(pitfall):
    spec = TOUCHED.get(pitfall.name, {})
    assert why_not(pitfall, *changed(**spec)) is None


def test_what_does_not_apply_is_said_below_the_table_and_kept():
    job, inputs = changed(optimizer=SGD)
    trials = [replace(found, spec=job, inputs=inputs) for found in pair()]
    asked = [BY_NAME["adam-epsilon"], BY_NAME["softmax-in-model"]]
    pairs = [explain(trials, BOTH)]
    passed = skipped(pairs, asked, job, trials)
    said = '"Adam\'s epsilon" does not apply: the optimizer is SGD.'
    assert [each.sentence for each in passed] == [said]
    assert said in [getattr(part, "text", "") for part in explanation.report(pairs[0], passed)]
    held = as_dict("w", pairs, passed, asked)
    assert held["skipped"][0]["why"] == "the optimizer is SGD."
    assert asked_in(held) == asked


def test_a_pitfall_that_one_framework_did_not_end_is_left_out():
    found = rows(pair(), pair(number_of(PITFALLS[0]))[:1])
    assert [row.pitfall for row in found] == [None]


def test_the_report_names_every_row_and_fits_a_narrow_terminal():
    found = rows(pair(), *(pair(number_of(pitfall), parts_at=5) for pitfall in PITFALLS))
    console = Console(file=io.StringIO(), width=80)
    console.print(terminal.report(explanation.report(found)))
    text = console.file.getvalue()
    assert all(pitfall.title in text for pitfall in PITFALLS)
    assert max(map(len, text.splitlines())) <= 80
    assert set(plots.explanation_canvas(found).drawing().files()) == {
        "explanation.svg",
        "explanation.png",
    }
    assert [row["pitfall"] for row in as_dict("w", [found])["rows"]] == [None, *NAMES]


@pytest.mark.parametrize("pitfall", PITFALLS, ids=NAMES)
def test_every_pitfall_has_its_paragraph_and_its_source(pitfall):
    text = explanation.paragraph(pitfall)
    assert pitfall.title in text
    assert "https://" in text
    assert len(pitfall.paragraph) > 200
    assert all(len(line) <= 80 or "https" in line for line in text.splitlines())


def test_every_own_way_is_a_pitfall_once():
    ways = [value for value in job_pb2.OwnWay.values() if value]
    assert sorted(pitfall.way for pitfall in PITFALLS) == sorted(ways)


ON_GPU = ("cuda-graph", "tf32", "cudnn-benchmark")


def test_a_difference_that_only_a_gpu_has_is_introduced_there_alone():
    names = {
        device: [pitfall.name for pitfall in pitfalls.of(device)]
        for device in (job_pb2.DEVICE_UNSPECIFIED, job_pb2.DEVICE_CPU, job_pb2.DEVICE_CUDA)
    }
    assert names.pop(job_pb2.DEVICE_CUDA) == list(NAMES)
    for on_cpu in names.values():
        assert [name for name in NAMES if name not in ON_GPU] == on_cpu
