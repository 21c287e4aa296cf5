import dataclasses
import hashlib
import io
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from orchestrator.figures import panels, plots, titles
from orchestrator.figures.drawing import FOOTER
from orchestrator.language.palette import looks
from orchestrator.results.comparison import compare
from orchestrator.trials.fold import fold
from tests.builders.comparisons import NOISE, pairs
from tests.builders.drawn import BOTH, figures, overview
from tests.builders.events import JOB, failed_trial, job, losses, trial
from tests.builders.proofs import certified

NAN = float("nan")
CASES = {
    "one trial": [trial("pytorch")],
    "one epoch": [trial("pytorch", seconds=(1.0,)), trial("tensorflow", seconds=(1.2,))],
    "one step": [trial("pytorch", seconds=(1.0,), step_losses=[2.3])],
    "three frameworks": [trial("pytorch"), trial("tensorflow"), trial("jax")],
    "several trials": [trial("pytorch", n) for n in (1, 2, 3)] + [trial("tensorflow", 1)],
    "a failed trial": [trial("pytorch"), failed_trial("tensorflow")],
    "a trial that failed early": [trial("pytorch"), failed_trial("tensorflow", after=0)],
    "a failed trial among several": [trial("pytorch"), failed_trial("pytorch", 2, after=0)],
    "a trial that never started": [trial("pytorch"), fold("tensorflow", 1, [])],
    "losses that became NaN": [
        trial("pytorch"),
        trial("tensorflow", step_losses=[*losses(3)[:70], *80 * [NAN]]),
    ],
    "losses that all are NaN": [trial("pytorch", step_losses=150 * [NAN])],
    "an infinite loss": [trial("pytorch", step_losses=[*losses(3)[:149], float("inf")])],
    "losses of zero": [trial("pytorch", step_losses=150 * [0.0])],
    "no trial": [],
}


def panel(draw, comparison):
    axes = Figure().add_subplot()
    draw(axes, comparison)
    return axes


def curve(axes, framework):
    (line,) = [line for line in axes.lines if line.get_label() == framework]
    return line


def texts(axes):
    return [text.get_text() for text in axes.texts]


@pytest.fixture(scope="module")
def made():
    return figures(BOTH)


def test_every_figure_is_made_as_svg_and_png(made):
    names = ("overview", "time", "accuracy", "reaching", "loss", "memory")
    assert set(made) == {f"{name}.{kind}" for name in names for kind in ("svg", "png")}
    for name, content in made.items():
        if name.endswith(".svg"):
            assert ET.fromstring(content).tag.endswith("svg")
        else:
            assert Image.open(io.BytesIO(content)).size[0] >= 1290


@pytest.mark.parametrize("ratio", [1.0, 1.3])
def test_several_pairs_have_a_figure_of_their_ratios(ratio):
    drawn = figures(compare(JOB, pairs([ratio * noise for noise in NOISE])))
    assert ET.fromstring(drawn["ratios.svg"]).tag.endswith("svg")
    assert "ratios.png" in drawn


@pytest.mark.parametrize("case", CASES)
def test_a_figure_is_made_without_a_warning_of(case):
    assert ET.fromstring(overview(compare(JOB, CASES[case])))


def test_every_single_figure_has_a_title_where_nothing_was_finished():
    empty = compare(JOB, [])
    assert titles._accuracy_title(empty) == titles._loss_title(empty) == empty.finding


@pytest.mark.parametrize(
    ("other", "accuracy", "loss"),
    [
        (
            {},
            "Test accuracies end within 0.00 points",
            "Training losses of the last epoch are within",
        ),
        (
            {"accuracies": [0.9, 0.9, 0.9]},
            "Test accuracies end within 6.67 points",
            "Training losses",
        ),
        (
            {"step_losses": 150 * [NAN]},
            "Test accuracies end within",
            "The timed trials were not the same job",
        ),
    ],
)
def test_a_title_says_the_finding_of_its_figure(other, accuracy, loss):
    comparison = compare(JOB, [trial("pytorch"), trial("tensorflow", **other)])
    assert titles._accuracy_title(comparison).startswith(accuracy)
    assert titles._loss_title(comparison).startswith(loss)


def test_losses_within_a_bound_are_never_said_to_be_closer_than_they_are():
    other = trial("tensorflow", step_losses=[1.00011 * loss for loss in losses(3)])
    comparison = compare(JOB, [trial("pytorch"), other])
    assert "within 0.02 %" in titles._loss_title(comparison)


def test_one_framework_alone_is_titled_by_what_it_reached():
    alone = compare(JOB, [trial("pytorch")])
    assert titles._accuracy_title(alone) == "PyTorch ends at 96.67 % test accuracy."
    assert titles._loss_title(alone).startswith("PyTorch ends at a training loss of 0.1")


def test_the_same_comparison_makes_the_same_bytes(made):
    assert figures(BOTH) == made


def test_the_same_comparison_makes_the_same_svg_in_another_process(made):
    script = """
import hashlib
from tests.builders.drawn import BOTH, overview
print(hashlib.sha256(overview(BOTH)).hexdigest())
"""
    command = [sys.executable, "-c", script]
    other = subprocess.run(command, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == hashlib.sha256(made["overview.svg"]).hexdigest()


def test_an_svg_holds_no_date_and_no_reference_to_elsewhere(made):
    svg = made["overview.svg"].decode()
    assert "<dc:date>" not in svg
    assert not re.search(r'(href|src)="(?!#)', svg)


def test_drawing_leaves_the_users_settings_alone_and_is_not_changed_by_them(made):
    with mpl.rc_context({"font.size": 99.0, "axes.facecolor": "red"}):
        before = dict(mpl.rcParams)
        assert overview(BOTH) == made["overview.svg"]
        assert dict(mpl.rcParams) == before


def test_no_window_toolkit_and_no_global_figure_is_used():
    script = "import sys, orchestrator.figures.plots; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_message_in_a_title_is_neither_read_as_a_formula_nor_warned_of():
    assert overview(dataclasses.replace(BOTH, finding="It cost $5, \\frac$ and \u4e2d\u6587."))


def test_a_long_message_is_cut_to_a_few_lines_of_title():
    found = plots.overview(dataclasses.replace(BOTH, finding=100 * "word "))
    assert found.figure.get_suptitle().count("\n") == 2


def test_accuracy_is_drawn_in_percent_by_epoch_from_one():
    axes = panel(panels.accuracy, BOTH)
    line = curve(axes, "tensorflow")
    assert list(line.get_xdata()) == [1, 2, 3]
    assert np.allclose(line.get_ydata(), [94.0, 96.0, 96.6667])


@pytest.mark.parametrize(
    ("accuracies", "limits"),
    [
        ([0.9731, 0.9732, 0.9733], (90, 100)),
        ([0.905, 0.95, 0.97], (80, 100)),
        ([0.098, 0.098, 0.098], (0, 10)),
        ([0.0, 0.5, 1.0], (0, 100)),
        ([1.0, 1.0, 1.0], (90, 100)),
        ([0.0, 0.0, 0.0], (0, 10)),
    ],
)
def test_the_accuracy_axis_spans_at_least_ten_points(accuracies, limits):
    axes = panel(panels.accuracy, compare(JOB, [trial(accuracies=accuracies)]))
    assert axes.get_ylim() == limits


def test_final_accuracies_are_written_beside_their_lines():
    assert texts(panel(panels.accuracy, BOTH)) == ["PyTorch\n96.67 %", "TensorFlow\n96.67 %"]


def test_labels_of_lines_that_coincide_do_not():
    heights = [text.get_position()[1] for text in panel(panels.accuracy, BOTH).texts]
    assert abs(heights[0] - heights[1]) > 0.1


def test_losses_of_all_frameworks_are_drawn_by_step_on_one_axis():
    axes = panel(panels.loss, BOTH)
    raw = [line for line in axes.lines if len(line.get_ydata()) == 150]
    assert [list(line.get_ydata()) for line in raw] == [losses(3), losses(3)]
    assert axes.get_xlabel() == "step (50 in an epoch)"


def test_the_strong_line_is_the_mean_of_blocks_of_steps():
    line = curve(panel(panels.loss, BOTH), "pytorch")
    values = losses(3)
    assert np.allclose(line.get_ydata()[:2], [np.mean(values[:6]), np.mean(values[6:12])])
    assert list(line.get_xdata()[:2]) == [2.5, 8.5]


def test_lines_that_coincide_differ_in_width_and_dashes_and_marker():
    axes = panel(panels.accuracy, BOTH)
    first, second = curve(axes, "pytorch"), curve(axes, "tensorflow")
    assert first.get_linewidth() > 2 * second.get_linewidth()
    assert second.get_linestyle() == "--"
    assert first.get_marker() != second.get_marker()
    assert first.get_zorder() < second.get_zorder()


def test_a_line_that_stops_early_is_named_where_it_stops():
    axes = panel(panels.accuracy, compare(JOB, CASES["a failed trial"]))
    assert "TensorFlow\nunfinished" in texts(axes)


def test_losses_that_become_nan_are_named_where_they_do():
    axes = panel(panels.loss, compare(JOB, CASES["losses that became NaN"]))
    assert "TensorFlow\nnot finite from here" in texts(axes)


def test_bars_are_the_phases_in_seconds_from_a_common_start_of_training():
    axes = panel(panels.time, BOTH)
    starts = {(round(bar.get_y()), bar.get_x()): bar.get_width() for bar in axes.patches}
    assert starts[0, 0] == pytest.approx(3.4)
    assert starts[1, 0] == pytest.approx(2.8)
    assert sum(bar.get_width() for bar in axes.patches) == pytest.approx(2 * 5.3 + 1.1 * 6.2)


def test_seconds_and_accuracies_of_reaching_are_those_of_the_trial():
    line = next(line for line in panel(panels.reaching, BOTH).lines if len(line.get_xdata()) == 3)
    assert np.allclose(line.get_xdata(), [1.2, 2.3, 3.4])
    assert np.allclose(line.get_ydata(), [94.0, 96.0, 96.6667])


def test_when_the_target_was_reached_is_said_where_it_was():
    found = compare(JOB, [trial("pytorch"), trial("tensorflow", accuracies=[0.9, 0.9, 0.9])])
    found = dataclasses.replace(found, job=job(target_accuracy=0.955))
    labels = [text.get_text() for text in panel(panels.reaching, found).get_legend().get_texts()]
    assert labels == ["PyTorch: target after 2.30 s", "TensorFlow: target not reached"]
    assert titles._reaching_title(found) == "Not every trial reached 95.50 % test accuracy."


def test_a_band_spans_the_least_and_the_most_of_the_trials():
    given = [trial("pytorch", n, accuracies=[a, a, a]) for n, a in ((1, 0.93), (2, 0.95))]
    (band,) = panel(panels.accuracy, compare(JOB, given)).collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (pytest.approx(93), pytest.approx(95))


def test_of_one_trial_there_is_no_band():
    assert not panel(panels.accuracy, BOTH).collections


def test_memory_is_drawn_in_gigabytes_with_a_mark_for_each_of_several_trials():
    axes = panel(panels.peaks, compare(JOB, [trial("pytorch", 1), trial("pytorch", 2)]))
    assert [bar.get_width() for bar in axes.patches] == [pytest.approx(0.612)]
    assert list(axes.lines[0].get_xdata()) == [pytest.approx(0.612)] * 2


def test_of_many_steps_only_as_many_are_drawn_as_can_be_told_apart_extremes_among_them():
    values = losses(1, 9000)
    given = trial("pytorch", seconds=(1.0,), step_losses=values)
    raw = panel(panels.loss, compare(JOB, [given])).lines[0].get_ydata()
    assert len(raw) <= 1500
    assert (min(raw), max(raw)) == (min(values), max(values))


def test_only_the_compared_part_has_the_frameworks_full_colour():
    axes = panel(panels.time, BOTH)
    full = [bar for bar in axes.patches if bar.get_facecolor()[:3] == bar.get_edgecolor()[:3]]
    assert [bar.get_x() for bar in full] == [0, 0]


@pytest.mark.parametrize("seconds", [0.001, 1.0, 1000.0])
def test_the_training_time_is_always_written(seconds):
    axes = panel(panels.time, compare(JOB, [trial("pytorch", seconds=(seconds,))]))
    assert any(text.startswith("train ") for text in texts(axes))


def test_a_framework_has_the_same_look_whatever_runs_beside_it():
    alone, beside = looks(["tensorflow"]), looks(["jax", "pytorch", "tensorflow"])
    assert alone["tensorflow"] == beside["tensorflow"]
    assert len({look.colour for look in beside.values()}) == 3
    assert len({look.marker for look in beside.values()}) == 3


def test_every_figure_says_whether_it_was_the_same_job():
    sentence = "The same job: in float64, they agree."
    trials = [trial("pytorch"), trial("tensorflow")]
    found = compare(JOB, trials, certified(sentence))
    assert sentence in plots.overview(found).figure.get_supxlabel()
    for name in set(plots.names(found)) - {plots.OVERVIEW, plots.CERTIFICATE}:
        drawn = plots.canvas(found, name).figure.texts
        footer = next(text for text in drawn if text.get_gid() == FOOTER)
        assert sentence in " ".join(footer.get_text().split())


def test_a_failed_certificate_stands_above_the_figure():
    failed = certified("Not shown to be the same job, because of this.", same_job=False)
    found = compare(JOB, [trial("pytorch"), trial("tensorflow")], failed)
    title = plots.overview(found).figure.get_suptitle()
    assert title.startswith("Not shown to be the same job, because of this.")
    assert "trained" in title
