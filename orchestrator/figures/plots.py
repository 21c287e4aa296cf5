"""A comparison -> its figures. The same comparison gives the same bytes."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from orchestrator.certificate.certificate import Certificate
from orchestrator.certificate.certificates import Certificates
from orchestrator.figures import panels, rooms
from orchestrator.figures.canvas import POINTS, Canvas, drawn, style, whole
from orchestrator.figures.drawing import TITLE, Drawing
from orchestrator.figures.panels import pitfalls, variants
from orchestrator.figures.panels.confusion import confusion
from orchestrator.figures.panels.ranking import precision_recall, roc
from orchestrator.figures.titles import footer, titles, trials_of
from orchestrator.language import columns as cells
from orchestrator.language.palette import looks
from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label
from orchestrator.results.comparison import Comparison
from orchestrator.results.evaluation import Evaluation
from orchestrator.results.habits.explanation import Row
from orchestrator.results.preview import Preview
from orchestrator.results.variants import Variants
from orchestrator.storage.about import Kind
from orchestrator.trials.metrics import ACCURACY, headline

_FOOTER_COLUMNS = 130
_IMAGES_ACROSS = 10
_TITLE_COLUMNS = 86  # characters that fit above a figure
_HEADING_COLUMNS, _EVALUATION_COLUMNS, _NAME_COLUMNS = 36, 54, 16
_HEADING_PAD = 12  # points
_BARS = 1.8  # inches that the overview has for bars
OVERVIEW, CERTIFICATE = "overview", "certificate"
# In reading order.
_PANELS: Mapping[str, panels.Panel] = {
    "ratios": panels.ratios,
    "time": panels.time,
    "ahead": panels.break_even,
    "roofline": panels.roofline,
    "accuracy": panels.accuracy,
    "reaching": panels.reaching,
    "loss": panels.loss,
    "memory": panels.peaks,
}
_VARIANTS = {
    Kind.RECIPES: Phrase("Seconds of training, by recipe"),
    Kind.LOOPS: Phrase("Seconds of an epoch, by loop"),
}
_EXPLAINED = Phrase("One difference at a time: the effect of each on a comparison of the same job")
_ORIGINALS, _DIFFERENCE = Phrase("originals"), Phrase("difference")
_DIFFERENCE_OF = Phrase("{first}\nminus {second}")
_MISTAKES = Phrase("{framework}, weights of {trained}:\n{mistakes:,} of {samples:,} misclassified")
_TRAINING_LOSS = Phrase("Training loss")
_TOGETHER = Phrase("Losses stay together")
_ACCURACY_OF = Phrase("Accuracy of {second}\nabove {first}'s, points")
_METRIC_OF = Phrase("{metric} of {second}\nabove {first}'s")
_TIME_OF = Phrase("Training time of {second}\nover {first}'s")


def names(comparison: Comparison) -> list[str]:
    """Return the names of figures that have something to show: the overview, then the others."""
    drawn_names = [OVERVIEW] if any(t.epochs for t in trials_of(comparison)) else []
    shown = titles(comparison)
    drawn_names += [name for name in _PANELS if name in shown]
    return [*drawn_names, *_certificates(comparison.certificates)]


def certificate_canvases(found: Certificates) -> list[Canvas]:
    """Return one canvas for each certificate that could be made."""
    return [certificate_canvas(each, name) for name, each in _certificates(found).items()]


def _certificates(found: Certificates | None) -> dict[str, Certificate]:
    """Return certificates that a figure can show, by the figure's name."""
    alone = found is not None and len(found.pairs) == 1
    certificates = found.made if found else []
    return {CERTIFICATE if alone else f"{CERTIFICATE}-{each.second}": each for each in certificates}


def canvas(comparison: Comparison, name: str) -> Canvas:
    """Return the figure of one of `names`."""
    if name == OVERVIEW:
        return overview(comparison)
    if (certificate := _certificates(comparison.certificates).get(name)) is not None:
        return certificate_canvas(certificate, name)
    panel = _PANELS[name]
    with style():
        above, below = titles(comparison)[name], footer(comparison)
        room = rooms.ROOMS[name](comparison)
        return drawn(name, above, below, lambda axes: panel(axes, comparison), room)


def drawing(comparison: Comparison, name: str) -> Drawing:
    """Return `canvas`, rendered."""
    return canvas(comparison, name).drawing()


def overview(comparison: Comparison) -> Canvas:
    """Return the summary: time, accuracy, loss."""
    with style():
        return whole(OVERVIEW, say(comparison.finding), _overview(comparison))


def certificate_canvas(certificate: Certificate, name: str = CERTIFICATE) -> Canvas:
    """Return how far the two diverged, step by step."""
    with style():
        return drawn(
            *(name, say(certificate.sentence), []),
            *(lambda axes: panels.parting(axes, certificate), rooms.of_parting(certificate)),
        )


def explanation_canvas(rows: Sequence[Row], *, alone: bool = True) -> Canvas:
    """Return a row for each difference, a panel for each of its effects.

    ``alone``: there is no figure of another pair, so its name does not need the pair.
    """
    with style():
        first, second = (label(name) for name in rows[0].seconds)
        look = looks(list(rows[0].seconds))[list(rows[0].seconds)[1]]
        metric = rows[0].metric
        above = _ACCURACY_OF if metric is ACCURACY else _METRIC_OF
        headings = {
            pitfalls.parts: say(_TOGETHER),
            pitfalls.accuracy: say(above, first=first, second=second, metric=metric.word),
            pitfalls.time: say(_TIME_OF, first=first, second=second),
        }
        figure = Figure(figsize=(14, 2 + 0.62 * len(rows)), layout="constrained")
        subplots = figure.subplots(1, 3, sharey=True, width_ratios=(5, 4, 4))
        for axes, (panel, heading) in zip(subplots, headings.items(), strict=True):
            panel(axes, rows, look)
            axes.set_title(_in_lines(heading, _HEADING_COLUMNS), fontsize=13)
            axes.grid(visible=False, axis="y")
        subplots[0].invert_yaxis()
        bold: dict[str, Any] = {"x": 0.01, "ha": "left", "fontsize": 17, "fontweight": "bold"}
        figure.suptitle(say(_EXPLAINED), gid=TITLE, **bold)
        name = "explanation" if alone else f"explanation-{list(rows[0].seconds)[1]}"
        return whole(name, say(_EXPLAINED), figure)


def variants_canvas(found: Variants) -> Canvas | None:
    """Return the time of each side in each variant. None: none has finished."""
    if not any(variants.bars(found)):
        return None
    with style():
        title, room = say(_VARIANTS[found.kind]), rooms.of_variants(found)
        return drawn(found.kind, title, [], lambda axes: variants.variants(axes, found), room)


def evaluation_canvas(found: Evaluation, name: str) -> Canvas:
    """Return ``evaluation-<name>``: the confusion matrix, and beside it all curves."""
    with style():
        panels_of = [confusion, *([roc, precision_recall] if found.curves else [])]
        size = (8 if len(panels_of) == 1 else 6 * len(panels_of), 7.6)
        figure = Figure(figsize=size, layout="constrained")
        (axes, *_) = all_axes = figure.subplots(1, len(panels_of), squeeze=False)[0]
        for each, panel in zip(all_axes, panels_of, strict=True):
            panel(each, found)
        judged = sum(map(sum, found.confusion))  # of a text or an image each position
        mistakes = judged - sum(row[index] for index, row in enumerate(found.confusion))
        title = say(
            _MISTAKES,
            framework=label(found.framework),
            trained=label(found.trained),
            mistakes=mistakes,
            samples=judged,
        )
        axes.set_title(_in_lines(title, _EVALUATION_COLUMNS))
        return whole(f"evaluation-{name}", axes.get_title("left"), figure)


def preview_canvas(found: Preview) -> Canvas:
    """Return originals, each framework's images, and their difference, in rows."""
    rows = {say(_ORIGINALS): found.originals}
    rows |= {label(name): array for name, array in found.augmented.items()}
    count = len(found.originals)
    across = min(count, _IMAGES_ACROSS)
    bands = -(-count // across)
    height = len(rows) + len(found.differences)
    with style():
        size = max(7.0, 1.2 * across + 1), 1.25 * height * bands + 1.2
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(bands * height, across, squeeze=False)
        for band in range(bands):
            part = slice(band * across, min(count, (band + 1) * across))
            here = grid[band * height : (band + 1) * height]
            for unused in here[:, part.stop - part.start :].flat:
                unused.set_axis_off()
            here = here[:, : part.stop - part.start]
            for axes, (name, images) in zip(here, rows.items(), strict=False):
                panels.images(axes, _in_lines(name, _NAME_COLUMNS), images[part])
            for axes, number_of in zip(here[0], found.labels[part], strict=bool(found.labels)):
                axes.set_title(str(number_of), fontsize="small", loc="center", pad=3)
            for axes, (name, apart) in zip(
                here[len(rows) :], found.differences.items(), strict=True
            ):
                what = _in_lines(_difference(found, name), _NAME_COLUMNS)
                panels.differences(axes, what, apart[part])
        columns = int(_TITLE_COLUMNS * size[0] / 11)
        title = "\n".join(cells.wrap(say(found.sentence), columns))
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
        return whole("preview", title, figure)


def _difference(found: Preview, name: str) -> str:
    """Name the baseline and another framework; with only two it is obvious."""
    if len(found.differences) == 1:
        return say(_DIFFERENCE)
    return say(_DIFFERENCE_OF, first=label(found.baseline), second=label(name))


def _overview(comparison: Comparison) -> Figure:
    """Draw the overview; nothing is laid out by trial, as in `drawn`."""
    title = _wrapped(say(comparison.finding))
    metric = headline(comparison.job).heading
    lines = [
        line
        for text in footer(comparison)
        for line in cells.wrap(text, _FOOTER_COLUMNS, max_lines=2, placeholder=" ...")
    ]
    legend = rooms.legend_of_sides(comparison)
    bars = max(0.0, rooms.of_bars(len(comparison.trials)) - _BARS)
    width, height = 14.0, 9.0 + legend + bars  # inches, like all below
    top = height - 0.45 - 0.36 * (title.count("\n") + 1)
    bottom = 0.85 + 0.17 * len(lines)
    middle = bottom + 0.5 * (top - bottom + legend - bars)
    figure = Figure(figsize=(width, height))
    for (left, low, right, high), panel, heading in (
        ((0.3, middle + 0.75, width - 0.3, top - 0.5), panels.time, ""),
        ((0.85, bottom, 5.4, middle - 0.45 - legend), panels.accuracy, say(metric)),
        ((7.85, bottom, 12.3, middle - 0.45 - legend), panels.loss, say(_TRAINING_LOSS)),
    ):
        place = (left / width, low / height, (right - left) / width, (high - low) / height)
        axes = figure.add_axes(place)
        panel(axes, comparison)
        axes.set_title(heading, fontsize=13, pad=_HEADING_PAD + POINTS * legend)
    edge: dict[str, Any] = {"x": 0.01, "ha": "left"}
    figure.suptitle(title, y=1 - 0.2 / height, va="top", fontsize=19, fontweight="bold", **edge)
    figure.supxlabel(
        "\n".join(lines), y=0.12 / height, va="bottom", fontsize=9, color="#555555", **edge
    )
    return figure


def _in_lines(text: str, columns: int) -> str:
    """Wrap each line of a text."""
    return "\n".join(part for line in text.split("\n") for part in cells.wrap(line, columns))


def _wrapped(title: str) -> str:
    lines = cells.wrap(title, _TITLE_COLUMNS, max_lines=3, placeholder=" ...")
    return "\n".join(lines)
