"""The figure of a certificate: what is drawn, and that nothing falls off a logarithmic axis."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from orchestrator.figures import panels, plots
from orchestrator.figures.canvas import _split
from orchestrator.figures.drawing import TITLE
from tests.builders.events import losses
from tests.builders.proofs import evidence, made, rounded


def drawn(certificate):
    axes = Figure().add_subplot()
    panels.parting(axes, certificate)
    return axes


ROUNDED = [rounded(1e-16), rounded(1e-7, precision="FLOAT32", own=1e-7, growth=1.05)]


def test_in_float64_each_step_is_a_point_and_what_is_allowed_a_line():
    values = np.array(losses(2))
    values[3] *= 1 + 1e-14
    axes = drawn(made(second=evidence("tensorflow", step_losses=values)))
    points, allowed = axes.lines
    assert len(points.get_ydata()) == 100
    assert points.get_ydata()[3] == pytest.approx(1e-14, rel=0.1)
    assert set(allowed.get_ydata()) == {1e-12}
    assert "the same" in [text.get_text() for text in axes.texts]


@pytest.mark.parametrize("certificate", ROUNDED)
def test_where_rounding_is_held_against_rounding_there_are_three_curves(certificate):
    axes = drawn(certificate)
    labels = [line.get_label() for line in axes.lines]
    assert labels[0] == "PyTorch and TensorFlow"
    assert [label.partition(" and itself")[0] for label in labels[1:]] == ["PyTorch", "TensorFlow"]
    low, high = axes.get_ylim()
    for line in axes.lines:
        assert ((line.get_ydata() > low) & (line.get_ydata() < high)).all()


def test_infinite_differences_are_drawn_at_the_top():
    values = [float("inf"), *losses(2)[1:]]
    axes = drawn(made(second=evidence("tensorflow", step_losses=values)))
    assert np.isfinite(axes.lines[0].get_ydata()).all()


def placed(certificate):
    """The canvas, laid out, and what draws it."""
    canvas = plots.certificate_canvas(certificate)
    return canvas.figure, FigureCanvasAgg(canvas.figure).get_renderer()


@pytest.mark.parametrize("certificate", [made(), *ROUNDED])
def test_the_legend_lies_above_the_curves_and_below_the_title(certificate):
    figure, renderer = placed(certificate)
    (axes,) = figure.axes
    legend = axes.get_legend().get_window_extent(renderer)
    assert legend.y0 >= axes.get_window_extent(renderer).y1 - 2
    title = next(text for text in figure.texts if text.get_gid() == TITLE)
    assert legend.y1 <= title.get_window_extent(renderer).y0 + 2


def test_what_is_allowed_is_written_beside_its_line():
    figure, renderer = placed(made())
    (axes,) = figure.axes
    text = next(each for each in axes.texts if each.get_text().startswith("allowed"))
    _, height = axes.transData.transform((0, 1e-12))
    assert text.get_window_extent(renderer).y0 > height


@pytest.mark.parametrize("certificate", [made(), *ROUNDED])
def test_nothing_of_a_long_title_is_cut(certificate):
    canvas = plots.certificate_canvas(certificate)
    texts = " ".join(text.get_text() for text in canvas.figure.texts)
    assert " ".join(texts.split()).endswith(canvas.title)


def test_a_title_without_room_for_one_sentence_is_whole_below_the_figure():
    sentence = "It is " + 80 * "very " + "long."
    lines, rest = _split(sentence)
    assert lines[-1].endswith(" ...")
    assert rest == [sentence]
    assert _split("Short. " + sentence) == (["Short."], [sentence])


@pytest.mark.parametrize("certificate", [made(), ROUNDED[1]])
def test_it_is_made_as_svg_and_png(certificate):
    assert set(plots.certificate_canvas(certificate).drawing().files()) == {
        "certificate.svg",
        "certificate.png",
    }
