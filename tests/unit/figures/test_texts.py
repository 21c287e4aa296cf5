"""No text of a figure lies on another or is cut off, however long names and numbers are."""

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from orchestrator.figures import plots, sweeps
from orchestrator.figures.canvas import POINTS, style
from orchestrator.figures.panels.common import short_number
from orchestrator.language.phrases import LANGUAGES, english, speaking
from orchestrator.results.comparison import compare
from orchestrator.results.estimate import estimate
from orchestrator.results.sweeps import Sweep
from orchestrator.results.sweeps.lines import LinePoint, lines
from orchestrator.results.sweeps.scaling import Scaled, Scaling
from orchestrator.results.sweeps.words import FEW
from orchestrator.results.variants import CHANGES, variants
from orchestrator.storage.about import Kind
from tests.builders.comparisons import NOISE, timed
from tests.builders.events import JOB, failed_trial, losses, trial

LONG = tuple(
    f"{name}-execution=compiled,optimizer.learning_rate=0.001" for name in ("pytorch", "tensorflow")
)
WORD = english(FEW)
MANY = (*LONG, "pytorch-loop=custom,execution=eager", "tensorflow", "jax", "pytorch")


def large(side):
    return trial(side, step_losses=[1e10 * value for value in losses(3)])


def blocks(sides):
    return [
        timed(side, (1 + place) * noise, number)
        for number, noise in enumerate(NOISE, start=1)
        for place, side in enumerate(sides)
    ]


CASES = {
    "short names": [trial("pytorch"), trial("tensorflow")],
    "long names": [trial(side) for side in LONG],
    "identical sides": [trial("tensorflow-a"), trial("tensorflow-b")],
    "a short job": [trial("pytorch", seconds=(0.0017, 0.0021), accuracies=[0.7, 0.8])],
    "many sides": [trial(side) for side in MANY],
    "a failed one": [trial(LONG[0]), failed_trial(LONG[1])],
    "pairs": blocks(LONG),
    "blocks": blocks(MANY),
    "large losses": [large("pytorch"), large("tensorflow")],
}


def drawn_texts(figure):
    """Each text with its box; of an axis only those in view."""
    canvas = FigureCanvasAgg(figure)
    with style():
        canvas.draw()
    hidden = {
        tick.label1
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis.get_major_ticks() + axis.get_minor_ticks()
        if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
    }
    found = [text for text in figure.findobj(Text) if text.get_visible() and text not in hidden]
    renderer = canvas.get_renderer()
    return [(t.get_text(), t.get_window_extent(renderer)) for t in found if t.get_text().strip()]


def faults(canvas):
    figure = canvas.figure
    texts = drawn_texts(figure)
    for (one, box), (other, second) in itertools.combinations(texts, 2):
        width = min(box.x1, second.x1) - max(box.x0, second.x0)
        height = min(box.y1, second.y1) - max(box.y0, second.y0)
        if width > 3 and height > 3:
            yield f"{one!r} lies on {other!r}"
    whole = figure.bbox
    for text, box in texts:
        if min(box.x0, box.y0) < 0 or box.x1 > whole.width or box.y1 > whole.height:
            yield f"{text!r} is cut"
    # A page shows only what is between the title and the footer.
    left, top, width, tall = (each * figure.dpi / POINTS for each in canvas.view_box)
    outside = {text.get_text() for text in figure.texts}
    for text, box in texts:
        below = whole.height - top - tall
        if text not in outside and (box.y1 > whole.height - top + 1 or box.y0 < below - 1):
            yield f"{text!r} is cut on a page"
        if text not in outside and (box.x0 < left or box.x1 > left + width):
            yield f"{text!r} is cut on a page"


def canvases(case):
    comparison = compare(JOB, CASES[case])
    return {name: plots.canvas(comparison, name) for name in plots.names(comparison)}


@pytest.mark.parametrize(
    ("case", "language"), [*((case, LANGUAGES[0]) for case in CASES), ("long names", LANGUAGES[1])]
)
def test_every_text_of_a_comparison_can_be_read(case, language):
    with speaking(language):
        found = {name: list(faults(each)) for name, each in canvases(case).items()}
    assert not any(found.values()), found


@pytest.mark.parametrize("kind", [Kind.RECIPES, Kind.LOOPS])
@pytest.mark.parametrize("sides", [("pytorch", "tensorflow"), LONG])
def test_every_text_of_variants_can_be_read(kind, sides):
    compared = {name: compare(JOB, [trial(side) for side in sides]) for name in CHANGES[kind]}
    assert list(faults(plots.variants_canvas(variants(kind, compared)))) == []


def swept(sides, values, others, slope=0.1):
    """Lines along an axis, of 8 blocks a cell; they cross between the axis's ends, or not."""
    axes = {"batch_size": values, **others}
    rng = np.random.default_rng(0)

    def point(at):
        logs = slope * np.log(max(at["batch_size"], 1) / 150) + 0.03 * rng.normal(size=8)
        ratios = np.exp(logs).tolist()
        found = estimate([1.0] * 8, ratios)
        return LinePoint(*sides, found.ratio, found.low, found.high, None, ratios)

    cells = [dict(zip(axes, at, strict=True)) for at in itertools.product(*axes.values())]
    return Sweep(axes, [], lines(axes, [(at, [point(at)]) for at in cells]), [])


@pytest.mark.parametrize("sides", [("pytorch", "tensorflow"), LONG])
@pytest.mark.parametrize(
    "others",
    [{}, {"execution": ["default", "compiled"], "optimizer.learning_rate": [0.1, 0.01, 0.001]}],
)
def test_every_text_of_a_sweep_can_be_read(sides, others):
    found = swept(sides, [16, 64, 256, 1024], others)
    (canvas,) = [each for each in sweeps.canvases(found) if each.name.endswith("batch_size")]
    assert list(faults(canvas)) == []


def scales(side, pace, others, efficiency=0.8, values=(1, 2, 4, 8)):
    rows = [
        Scaled(k, k * pace, k * share, 0.9 * k * share, 1.1 * k * share, share, 8, WORD)
        for k, share in ((k, 1 if k == 1 else efficiency) for k in values)
    ]
    return Scaling(side, others, 1, rows)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("sides", "pace"), [(("pytorch", "tensorflow"), 31.0), (LONG, 123e5)])
def test_every_text_of_how_sides_scale_can_be_read(sides, pace, language):
    many = [1, 2, 3, 4, 32, 63, 64]
    several = [scales(side, pace, {"execution": "default"}, values=many) for side in sides]
    with speaking(language):
        (canvas,) = sweeps.canvases(Sweep({}, [], [], [], scaling=several))
    assert list(faults(canvas)) == []


def test_the_figure_of_how_sides_scale_has_bands_and_what_is_ideal_from_the_fewest_devices():
    settings = [{"threads": 1}, {"threads": 2}]
    several = [scales(side, 100.0, at) for at in settings for side in ("pytorch", "tensorflow")]
    canvases = sweeps.canvases(Sweep({}, [], [], [], scaling=several))
    assert [each.name for each in canvases] == ["scaling-1", "scaling-2"]
    (axes,) = canvases[1].figure.axes
    ideal, points = axes.lines[:2]
    assert list(ideal.get_ydata()) == pytest.approx([100, 800])
    assert list(points.get_ydata()) == pytest.approx([100, 160, 320, 640])
    band = axes.collections[0].get_paths()[0].vertices
    assert band[band[:, 0] == 8, 1].max() == pytest.approx(704)


def test_the_figure_of_a_sweep_has_its_crossover_and_the_bands_of_its_lines():
    (canvas,) = sweeps.canvases(swept(("pytorch", "tensorflow"), [16, 64, 256, 1024], {}))
    (axes,) = canvas.figure.axes
    dotted = [line.get_xdata() for line in axes.lines if line.get_linestyle() == ":"]
    assert 100 < dotted[0][0] < 200
    assert axes.get_xscale() == axes.get_yscale() == "log"
    flat = sweeps.canvases(swept(("pytorch", "tensorflow"), [0, 1, 2], {}, slope=0))
    assert flat[0].figure.axes[0].get_xscale() == "linear"


def test_values_close_together_have_room_for_their_numbers():
    found = swept(("pytorch", "tensorflow"), [16, 17, 18, 19, 20, 64, 1024, 1100], {})
    (canvas,) = sweeps.canvases(found)
    assert list(faults(canvas)) == []


def test_a_text_on_another_and_one_that_is_cut_are_seen():
    canvas = plots.canvas(compare(JOB, CASES["short names"]), "time")
    figure = canvas.figure
    figure.text(0.5, 0.5, "first")
    figure.text(0.51, 0.5, "second")
    figure.text(0.97, 0.9, "beyond the edge")
    figure.axes[0].text(0.5, 1.8, "over the edge", transform=figure.axes[0].transAxes)
    said = " ".join(faults(canvas))
    assert "'first' lies on 'second'" in said
    assert "'beyond the edge' is cut" in said
    assert "'over the edge' is cut on a page" in said


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.01, "0.01"), (500.0, "500"), (20_000.0, "20000"), (2e9, "2e9"), (5e-5, "5e-5")],
)
def test_numbers_beside_an_axis_are_short(value, written):
    assert short_number(value) == written
