import io
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from twinrun.contract.events import AcceleratorUsed

from orchestrator.language.words import memory, number, percent
from orchestrator.reports.comparison import report
from orchestrator.reports.markdown import text
from orchestrator.reports.writers import plain, terminal
from orchestrator.results.comparison import compare
from orchestrator.trials.fold import fold
from tests.builders.comparisons import pairs
from tests.builders.events import JOB, failed_trial, job, losses, trial
from tests.builders.proofs import certified

LAW = settings(database=None, max_examples=50)
PYTORCH = trial("pytorch", seconds=(2.0, 1.0), accuracies=[0.9, 0.9731], samples=60_000)
TENSORFLOW = trial("tensorflow", seconds=(1.0, 1.0), accuracies=[0.9, 0.9725], samples=60_000)
BOTH = compare(JOB, [PYTORCH, TENSORFLOW])


def plain_report(comparison, width=80):
    return plain.report(report(comparison), width)


def row(text, name):
    (line,) = [line for line in text.splitlines() if line.strip().startswith(f"{name}  ")]
    return re.split(r"\s{2,}", line.strip())[1:]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Outcome", ["succeeded", "succeeded"]),
        ("Epochs", ["2", "2"]),
        ("Training", ["3.00 s", "2.00 s", "0.67"]),
        ("per epoch", ["1.50 s", "1.00 s", "0.67"]),
        ("samples per second", ["40,000", "60,000"]),
        ("Test accuracy", ["97.31 %", "97.25 %"]),
        ("Training loss", ["0.234", "0.234"]),
        ("Test loss", ["0.257", "0.257"]),
        ("Start-up", ["4.90 s", "4.90 s", "1.00"]),
        ("Peak memory", ["612 MB", "612 MB", "1.00"]),
        ("train", ["3.00 s, CPU 6.00 s", "2.00 s, CPU 4.00 s"]),
        ("Version", ["2.14.1", "2.21.0"]),
    ],
)
def test_a_row_shows_a_quantity_for_each_framework(name, values):
    assert row(plain_report(BOTH), name) == values


def test_the_plain_report_says_the_verdict_and_what_it_rests_on():
    text = plain_report(BOTH, 200)
    assert (
        "PyTorch took 1.50 s an epoch and TensorFlow 1.00 s: only one trial each, which does not "
        "show who is faster.\n"
        "Measured: PyTorch took 1.50 times as long as TensorFlow (one trial each: provisional).\n"
    ) in text
    assert "All trials had the same job spec, data, initial weights and batch order." in text
    assert "Test accuracies of PyTorch and TensorFlow differ by 0.06 points." in text


def test_the_plain_report_is_plain_ascii_without_escapes():
    assert plain_report(BOTH).isascii()
    assert "\x1b" not in plain_report(BOTH)


@LAW
@given(st.integers(30, 300))
def test_the_plain_report_is_never_wider_than_asked(width):
    assert max(map(len, plain_report(BOTH, width).splitlines())) <= width


def test_a_narrow_plain_report_has_all_values_still():
    wide, narrow = (re.findall(r"\d[\d.,]*\s(?:s|%|MB)", plain_report(BOTH, n)) for n in (200, 40))
    assert sorted(map(str.split, wide)) == sorted(map(str.split, narrow))


def test_losses_that_are_the_same_are_called_so():
    text = plain_report(BOTH, 200)
    assert "Over 100 steps the losses of PyTorch and TensorFlow are the same." in text


def test_losses_that_differ_are_told_with_the_largest_difference_and_its_step():
    values = losses(2)
    values[61] *= 1.25
    other = trial("tensorflow", seconds=(1.0, 1.0), step_losses=values)
    text = plain_report(compare(JOB, [PYTORCH, other]), 200)
    assert "stay within 0.1 % of each other for 61 of 100 steps" in text
    assert "the largest relative difference is 2.0e-01, at step 61." in text


@pytest.mark.parametrize(
    ("part", "precision", "said"),
    [
        (1e-6 * 1.15 ** np.arange(100), "FLOAT32", True),
        (1e-6 * 1.15 ** np.arange(100), "FLOAT64", False),
        (np.where(np.arange(100) < 61, 0.0, 0.25), "FLOAT32", False),
    ],
)
def test_losses_that_part_as_rounding_does_in_float32_alone_come_with_that_reason(
    part, precision, said
):
    values = np.array(losses(2)) * (1 + np.minimum(part, 0.5))
    other = trial("tensorflow", seconds=(1.0, 1.0), step_losses=values.tolist())
    spec = job(precision=f"PRECISION_{precision}")
    trials = [replace(t, spec=spec) for t in (PYTORCH, other)]
    text = plain_report(compare(spec, trials, certified()), 200)
    assert ("no faster than rounding makes a framework diverge from itself" in text) is said


def test_losses_that_stay_together_are_told_with_the_largest_difference():
    values = [loss * (1 + 1e-6) for loss in losses(2)]
    other = trial("tensorflow", seconds=(1.0, 1.0), step_losses=values)
    text = plain_report(compare(JOB, [PYTORCH, other]), 200)
    assert "Over 100 steps the largest relative difference" in text


def test_the_rich_report_shows_what_the_plain_one_does():
    console = Console(file=io.StringIO(), width=120)
    console.print(terminal.report(report(BOTH)))
    text = console.file.getvalue()
    for value in ("PyTorch", "TensorFlow", "3.00 s", "40,000", "97.25 %", "1.50 times as long"):
        assert value in text


def test_a_framework_name_or_message_is_never_taken_for_markup():
    odd = compare(JOB, [trial("[red]jax[/nonsense]"), trial("pytorch")])
    console = Console(file=io.StringIO(), width=160)
    console.print(terminal.report(report(odd)))
    assert "[red]jax[/nonsense]" in console.file.getvalue()


def test_one_framework_alone_is_reported():
    text = plain_report(compare(JOB, [PYTORCH]))
    assert row(text, "Training") == ["3.00 s"]
    assert "PyTorch ran alone" in text
    assert "TensorFlow" not in text
    assert "All trials" not in text


def test_a_failed_trial_is_reported_with_what_it_finished():
    text = plain_report(compare(JOB, [PYTORCH, failed_trial("tensorflow")]), 200)
    assert row(text, "Outcome") == ["succeeded", "failed"]
    assert row(text, "Epochs") == ["2", "1"]
    assert row(text, "Peak memory") == ["612 MB", "-"]
    assert "No verdict on speed: trial 1 of TensorFlow failed" in text


def test_several_trials_are_shown_by_their_medians_and_counted():
    trials = [trial("pytorch", n, seconds=(n, n)) for n in (1.0, 2.0, 30.0)]
    text = plain_report(compare(JOB, [*trials, failed_trial("pytorch", 4)]), 200)
    assert row(text, "Outcome") == ["3 of 4 succeeded"]
    assert row(text, "Epochs") == ["2"]


def on_gpu(framework, energy):
    used = AcceleratorUsed("GPU-aa", 9, 1_500_000_000, 0.8, 300.0, energy)
    found = trial(framework)
    return replace(found, resources=replace(found.resources, accelerator=used))


def test_what_depends_on_the_seed_is_shown_with_its_spread_below_the_median():
    seeds = {1: (0.739, 0.75), 2: (0.8116, 0.8116), 3: (0.942, 0.93)}
    trials = [
        trial(side, number, seconds=(1.0,), accuracies=[accuracy])
        for number, pair in seeds.items()
        for side, accuracy in zip(("pytorch", "tensorflow"), pair, strict=True)
    ]
    found = compare(JOB, trials)
    text = plain_report(found, 200)
    assert row(text, "Test accuracy") == ["81.16 %", "81.16 %"]
    assert row(text, "over the trials") == ["73.90 % to 94.20 %", "75.00 % to 93.00 %"]
    assert (
        "Median test accuracies of PyTorch and TensorFlow differ by 0.00 points, those of a pair "
        "by up to 1.20." in text
    )
    assert "over the trials" not in plain_report(BOTH, 200)


def test_a_ratio_that_is_no_quotient_of_its_row_is_explained():
    note = "need not be the quotient of the two medians beside it"
    assert note not in plain_report(BOTH, 200)
    found = compare(JOB, pairs([0.5, 2.0, 4.0]))
    assert note in plain_report(found, 200)
    assert note in text(found, "run")


def test_what_nvml_saw_is_shown_as_far_as_the_gpu_tells_it():
    text = plain_report(compare(JOB, [on_gpu("pytorch", 310.0), on_gpu("tensorflow", None)]))
    assert row(text, "GPU memory, by NVML") == ["1.50 GB", "1.50 GB"]
    assert row(text, "GPU utilisation") == ["80.00 %", "80.00 %"]
    assert row(text, "Mean power") == ["300 W", "300 W"]
    assert row(text, "Energy") == ["310 J", "-"]


def test_trials_that_ran_at_the_same_time_are_told_so():
    said = "The trials ran at the same time, each on a GPU of its own."
    assert said in plain_report(compare(JOB, [PYTORCH, TENSORFLOW], concurrent=True))
    assert said not in plain_report(BOTH)


def test_a_quantity_that_nobody_reported_has_no_row():
    assert "GPU" not in plain_report(BOTH)
    assert "Energy" not in plain_report(BOTH)
    assert "Peak device memory" not in plain_report(BOTH)
    assert "Version" not in plain_report(compare(JOB, [fold("pytorch", 1, [])]))


def test_a_run_without_trials_is_a_sentence():
    assert plain_report(compare(JOB, [])).strip() == "There is no trial to compare."


def test_losses_that_diverged_are_said_with_the_step():
    values = losses(2)
    values[61] = float("nan")
    other = trial("tensorflow", seconds=(1.0, 1.0), step_losses=values)
    text = plain_report(compare(JOB, [PYTORCH, other]), 200)
    assert "some loss of PyTorch or TensorFlow is not a finite number (first at step 61)" in text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        *((0.0, "0"), (1e-7, "1e-07"), (0.0772, "0.0772"), (0.41234, "0.412"), (6.2145, "6.21")),
        *(
            (12.04, "12.0"),
            (123.4, "123"),
            (1234.5, "1,230"),
            (-2.5, "-2.50"),
            (9.999, "10.0"),
            (99_950, "100,000"),
        ),
        *((float("nan"), "nan"), (float("inf"), "inf")),
    ],
)
def test_a_number_is_written_with_three_digits_that_matter(value, written):
    assert number(value) == written


def test_memory_is_written_in_powers_of_ten_and_fractions_in_percent():
    assert (memory(612_345_678), memory(1_500_000_000)) == ("612 MB", "1.50 GB")
    assert percent(0.97314) == "97.31 %"
