"""A comparison on a GPU that waits says so before any ratio, wherever it is read."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinrun.contract.enums import Device, Execution, Precision
from twinrun.contract.events import AcceleratorUsed, Operation, Profiled, ResourcesUsed

from orchestrator.api import notebook
from orchestrator.language.phrases import say, speaking
from orchestrator.page import comparison_page
from orchestrator.reports import comparison as report
from orchestrator.reports import markdown
from orchestrator.reports.time_breakdown import why
from orchestrator.reports.writers import plain
from orchestrator.results.comparison import compare
from orchestrator.results.comparison_file import as_dict
from orchestrator.storage.about import About, Kind
from tests.builders.events import JOB, STEPS, trial

CUDA = replace(JOB, device=Device.CUDA)
FRAMEWORKS = ("pytorch", "tensorflow")
IDLE = "leave the GPU idle"


def ran(side, busy=None, number=1, seconds=1.0, spec=CUDA, **epoch):
    """A trial of epochs of so many seconds; ``busy``: as NVML says it, None: it says nothing."""
    found = trial(side.partition("-")[0], number, seconds=(seconds,) * 3)
    gpu = AcceleratorUsed("GPU-aa", 10, mean_utilization=busy)
    epochs = tuple(replace(each, **epoch) for each in found.epochs)
    resources = ResourcesUsed(10**9, 0, gpu)
    return replace(found, framework=side, spec=spec, epochs=epochs, resources=resources)


def profiled(side, busy, kernels=34, steps=20, step_seconds=1.0 / STEPS):
    """A trial under the profiler, which makes its steps four times as long as timed ones."""
    seconds = busy * step_seconds * steps
    gemm = Operation("gemm", kernels * steps, seconds)
    wall = 4 * step_seconds * steps
    found = Profiled((gemm,), seconds, steps, kernels * steps, seconds, wall)
    return replace(ran(side), profile=found)


def compared(*busy, spec=CUDA, profiles=(), sides=FRAMEWORKS, trials=3, seconds=None, **given):
    seconds = seconds or [1.0 + 0.5 * index for index in range(len(sides))]
    ran_trials = [
        ran(side, each, number, spec=spec, seconds=took, **given)
        for side, each, took in zip(sides, busy, seconds, strict=True)
        for number in range(1, trials + 1)
    ]
    return compare(spec, ran_trials, sides=sides, profiles=profiles)


def caution(comparison):
    return next((each for each in comparison.cautions if each.code == "GPU_IDLE"), None)


def test_a_card_that_waits_for_both_is_said_before_the_ratio():
    found = compared(0.13, 0.31)
    assert found.finding.startswith(
        "Both leave the GPU idle (13 % and 31 % busy by NVML): this compares how fast each "
        "launches work. PyTorch took 1.00 s an epoch"
    )
    assert "--profile counts its kernels" in caution(found).sentence


def test_nvml_says_nothing_of_a_trial_that_is_over_before_its_mean_is():
    found = compared(0.0, 0.17, seconds=(0.03, 0.97))
    assert "GPU" not in found.finding
    assert caution(found) is None
    assert IDLE in compared(0.0, 0.17, seconds=(1.0, 1.0)).finding


def test_one_side_alone_is_named():
    assert compared(0.9, 0.31).finding.startswith(
        "TensorFlow leaves the GPU idle (31 % busy by NVML): the time of TensorFlow is that of "
        "launching work, not of computing. PyTorch took"
    )


def test_where_every_side_keeps_it_busy_or_nothing_is_known_nothing_is_said():
    for busy in ((0.5, 0.97), (None, None), (None, 0.5)):
        found = compared(*busy)
        assert "GPU" not in found.finding
        assert caution(found) is None


def test_what_is_not_known_of_one_side_is_not_said_of_it():
    found = compared(None, 0.2)
    assert found.finding.startswith("TensorFlow leaves the GPU idle (20 % busy by NVML)")
    assert "pytorch" not in found.gpu


def test_a_profile_says_more_than_nvml_and_each_source_is_named():
    both = [profiled("pytorch", 0.13), profiled("tensorflow", 0.31, step_seconds=1.5 / STEPS)]
    found = compared(0.99, 0.99, profiles=both)
    assert "(13 % and 31 % busy by a profile's kernel times)" in found.finding
    found = compared(0.99, 0.31, profiles=both[:1])
    assert "(13 % busy by a profile's kernel times and 31 % busy by NVML)" in found.finding


def test_the_kernels_of_a_profile_are_held_against_the_timed_steps_not_the_profiled_ones():
    found = compared(None, None, profiles=[profiled("pytorch", 0.6)])
    use = found.gpu["pytorch"]
    assert use.busy == pytest.approx(0.6)
    assert use.kernels == 34
    assert use.gap_seconds == pytest.approx(0.4 / STEPS / 34)
    assert caution(found) is None


def test_a_profile_of_an_older_version_or_of_a_cpu_says_nothing_of_the_gpu():
    old = replace(ran("pytorch"), profile=Profiled((), 1.0, 20))
    assert compared(0.13, 0.31, profiles=[old]).finding.startswith("Both leave the GPU idle (13 % ")
    assert "GPU" not in compared(None, None, profiles=[old]).finding


def test_the_kernels_and_the_gap_between_them_stand_in_the_warning_and_in_the_table():
    found = compared(None, 0.31, profiles=[profiled("pytorch", 0.15)])
    assert caution(found).sentence == (
        "PyTorch launched 34.0 kernels a step, with 500 µs between two on average. The GPU was "
        "busy for 31 % of the training of TensorFlow, by NVML; --profile counts its kernels."
    )
    rows = {row.name: row.values for row in why(found).rows}
    assert rows["GPU busy"] == ["15 % (profile)", "31 % (NVML)"]
    assert rows["kernels per step"] == ["34.0", "-"]
    assert rows["between two kernels"] == ["500 µs", "-"]


@pytest.mark.parametrize(
    ("busy", "batch"), [((0.13, 0.31), 512), ((0.49, 0.9), 256), ((0.0, 0.0), 4096)]
)
def test_the_remedy_names_the_command_and_a_batch_that_may_fill_the_card(busy, batch):
    remedy = caution(compared(*busy)).remedy
    assert f"orchestrator compare ... --batch-size {batch}'" in remedy
    assert "--execution compiled" in remedy
    compiled = caution(compared(*busy, spec=replace(CUDA, execution=Execution.COMPILED))).remedy
    assert "--batch-size" in compiled
    assert "--execution" not in compiled


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"precision": Precision.BFLOAT16}, "bfloat16"),
        ({"allow_tf32": True}, "TensorFloat-32"),
        ({}, None),
        ({"allow_tf32": True, "precision": Precision.FLOAT64}, None),
    ],
)
def test_a_lower_precision_that_nobody_waits_for_is_named(changes, named):
    sentence = caution(compared(0.13, 0.31, spec=replace(CUDA, **changes))).sentence
    shorter = f"A lower precision ({named}) only makes kernels shorter"
    assert (shorter in sentence) is (named is not None)
    assert ("shorter" in sentence) is (named is not None)
    assert caution(compared(0.8, 0.9, spec=replace(CUDA, **changes))) is None


def test_a_side_that_waits_for_data_is_not_said_to_launch():
    found = compared(0.13, 0.31, data_wait_seconds=0.6)
    assert "this compares how fast each brings it data." in found.finding


def test_one_framework_alone_and_several_sides():
    alone = compared(0.13, sides=("pytorch",), trials=1)
    assert "PyTorch leaves the GPU idle (13 % busy by NVML)" in alone.finding
    assert "orchestrator train ... --batch-size" in caution(alone).remedy
    sides = ("pytorch", "tensorflow", "pytorch-execution=compiled")
    every = compared(0.13, 0.31, 0.4, sides=sides)
    assert every.finding.startswith("All sides leave the GPU idle (13 %, 31 % and 40 % busy by")
    some = compared(0.13, 0.31, 0.8, sides=sides)
    assert some.finding.startswith("PyTorch and TensorFlow leave the GPU idle (13 % and 31 % busy")


def test_two_identical_sides_share_a_profile():
    sides = ("pytorch-a", "pytorch-b")
    found = compared(None, None, sides=sides, profiles=[profiled("pytorch", 0.1)])
    assert found.gpu.keys() == set(sides)


SHARES = st.none() | st.floats(0, 1)


@given(SHARES, SHARES)
def test_the_sentence_is_there_exactly_where_some_side_is_less_than_half_busy(one, other):
    found = compared(one, other, trials=1)
    idle = any(share is not None and share < 0.5 for share in (one, other))
    assert ("the GPU idle" in found.finding) is idle
    assert (caution(found) is not None) is idle
    if idle:
        assert found.finding.index("the GPU idle") < found.finding.index("s an epoch")


ABOUT = About("run", Kind.COMPARE, "mnist-mlp", None, FRAMEWORKS)


def test_text_page_markdown_and_notebook_all_begin_with_it():
    found = compared(0.13, 0.31)
    begin = "Both leave the GPU idle (13 % and 31 % busy by NVML)"
    text = plain.report(report.report(found), width=1000)
    assert begin in text
    assert "GPU_IDLE" in text
    assert markdown.text(found, "title").split("\n\n")[1].startswith(f"**{begin[:22]}")
    assert begin in notebook.page(found, "runs/x", "")
    page = comparison_page(found, ABOUT, [])
    assert page.headline.startswith(begin)
    faster = next(each for each in page.answers if each.question.startswith("Who was faster"))
    assert faster.sentences[0].startswith(begin)
    assert as_dict(found)["gpu"]["pytorch"]["source"] == "nvml"


def test_it_is_also_said_in_chinese():
    found = compared(0.13, 0.31)
    with speaking("zh_TW"):
        assert "GPU" in say(found.finding)
        assert IDLE not in say(found.finding)
