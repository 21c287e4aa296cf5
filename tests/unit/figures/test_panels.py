"""What each panel draws."""

import dataclasses

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from orchestrator.figures import panels, titles
from orchestrator.figures.panels import history, sweeps
from orchestrator.figures.panels.confusion import confusion
from orchestrator.language.palette import looks
from orchestrator.language.phrases import Phrase, english
from orchestrator.language.words import number
from orchestrator.reports.table import table
from orchestrator.results.comparison import compare
from orchestrator.results.sweeps.lines import LinePoint, lines
from orchestrator.results.track import Point, Series
from tests.builders import evaluations
from tests.builders.drawn import BOTH
from tests.builders.events import JOB, failed_trial, job, losses, trial


def panel(draw, comparison):
    axes = Figure().add_subplot()
    draw(axes, comparison)
    return axes


def curve(axes, framework):
    (line,) = [line for line in axes.lines if line.get_label() == framework]
    return line


def texts(axes):
    return [text.get_text() for text in axes.texts]


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


def test_the_numbers_beside_lines_are_those_of_the_table():
    trials = [
        trial(
            side, number, seconds=(1.0,), accuracies=[accuracy], step_losses=losses(1, 300, number)
        )
        for side in ("pytorch", "tensorflow")
        for number, accuracy in enumerate((0.9208, 0.9209), start=1)
    ]
    found = compare(JOB, trials)
    rows = {row.name: row.values for row in table(found).rows}
    for draw, name in ((panels.accuracy, "Test accuracy"), (panels.loss, "Training loss")):
        labels = [text.split("\n") for text in texts(panel(draw, found))]
        assert [label[1] for label in labels if label[0] == "PyTorch"] == rows[name][:1]


def test_the_loss_beside_a_line_is_the_epochs_as_the_log_says_and_the_panel_says_so():
    found = compare(JOB, [trial("pytorch", step_losses=losses(3, 300))])
    told = texts(panel(panels.loss, found))
    assert f"PyTorch\n{number(found.trials['pytorch'][0].epochs[-1].train_loss)}" in told
    assert any("numbers: mean of the last epoch" in text for text in told)


def test_a_mean_of_one_step_is_not_said_to_be_a_mean():
    short = panel(panels.loss, compare(JOB, [trial("pytorch", step_losses=losses(1)[:16])]))
    assert not [text for text in texts(short) if "mean of 1 " in text]
    long = panel(panels.loss, compare(JOB, [trial("pytorch", step_losses=losses(3))]))
    assert any("mean of 6 steps" in text for text in texts(long))


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
    axes = panel(panels.accuracy, compare(JOB, [trial("pytorch"), failed_trial("tensorflow")]))
    assert "TensorFlow\nunfinished" in texts(axes)


def test_losses_that_become_nan_are_named_where_they_do():
    diverged = trial("tensorflow", step_losses=[*losses(3)[:70], *80 * [float("nan")]])
    axes = panel(panels.loss, compare(JOB, [trial("pytorch"), diverged]))
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


@pytest.mark.parametrize(("low", "said"), [(1.1, "band: interval"), (None, "too few blocks")])
def test_a_ratio_without_an_interval_promises_no_band(low, said):
    point = LinePoint("pytorch", "tensorflow", 1.2, low, low and 1.3, None, [1.2])
    cells = [({"batch_size": at}, [point]) for at in (16, 64)]
    (text,) = sweeps.words_of(lines({"batch_size": [16, 64]}, cells))
    assert said in text


@pytest.mark.parametrize(("target", "side"), [(0.99, "top"), (0.9, "bottom")])
def test_a_target_at_the_upper_end_is_named_below_its_line(target, side):
    axes = panel(panels.reaching, dataclasses.replace(BOTH, job=job(target_accuracy=target)))
    (name,) = [each for each in axes.texts if each.get_text().startswith("target")]
    assert name.get_verticalalignment() == side


def test_a_band_spans_the_least_and_the_most_of_the_trials():
    given = [trial("pytorch", n, accuracies=[a, a, a]) for n, a in ((1, 0.93), (2, 0.95))]
    (band,) = panel(panels.accuracy, compare(JOB, given)).collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (pytest.approx(93), pytest.approx(95))


def test_of_one_trial_there_is_no_band():
    assert not panel(panels.accuracy, BOTH).collections


def test_bars_say_the_seconds_of_an_epoch_of_which_the_verdict_is():
    one, several = (trial("pytorch", seconds=seconds) for seconds in ((2.0,), (1.0, 1.0, 4.0)))
    assert "train 2.00 s of 7.50 s in all" in texts(panel(panels.time, compare(JOB, [one])))
    told = texts(panel(panels.time, compare(JOB, [several])))
    assert "train 6.00 s, 1.00 s an epoch, of 11.9 s in all" in told


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


def test_the_axes_of_a_confusion_matrix_are_the_predicted_and_the_true_class():
    axes = Figure().add_subplot()
    confusion(axes, evaluations.made())
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "1", "2"]


def test_no_axis_crosses_the_name_of_a_bar():
    axes = Figure().add_subplot()
    panels.time(axes, BOTH)
    name = next(text for text in axes.texts if text.get_text() == "PyTorch")
    renderer = FigureCanvasAgg(axes.figure).get_renderer()
    assert name.get_window_extent(renderer).x0 > axes.get_window_extent(renderer).x0 + 1


@pytest.mark.parametrize(
    ("low", "high", "written"),
    [
        (0.9, 1.3, [0.96, 1.04, 1.12, 1.2, 1.28]),
        (0.02, 3.0, [0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0]),
        (0.002, 300.0, [0.01, 0.1, 1.0, 10.0, 100.0]),
    ],
)
def test_ratios_beside_an_axis_lie_apart_whatever_their_range(low, high, written):
    found = [each for each in sweeps._ratios_beside(low, high) if low <= each <= high]
    assert found == pytest.approx(written)


@pytest.mark.parametrize(
    ("runs", "days"), [(1, [0]), (3, [0, 1, 2]), (20, [0, 3, 6, 9, 12, 15, 18])]
)
def test_a_day_below_the_axis_is_a_runs_own(runs, days):
    points = [Point(f"r{n}", f"2026-11-{n + 1:02}T00:00:00", "", "2", 1.0, 1) for n in range(runs)]
    series = Series("w", "pytorch", "epoch_seconds", english(Phrase("m")), {}, points, None, [])
    axes = Figure().add_subplot()
    history.history(axes, series)
    low, high = axes.get_xlim()
    assert [tick for tick in axes.get_xticks() if low <= tick <= high] == days
    assert axes.xaxis.get_major_formatter()(days[-1], 0) == f"2026-11-{days[-1] + 1:02}"
