"""A comparison -> figures, as contents by file name. The same comparison makes the same bytes.

matplotlib's object interface only: no window, no global figure; its settings are put back after.
"""

import io
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from orchestrator import cells, fonts, panels
from orchestrator.certificate import Certificate, retold
from orchestrator.comparison import Comparison
from orchestrator.evaluation import Evaluation
from orchestrator.explain import Row
from orchestrator.language import ENGLISH, Phrase, current, say, speaking
from orchestrator.palette import looks
from orchestrator.panels import pitfalls
from orchestrator.panels.confusion import confusion
from orchestrator.preview import Preview
from orchestrator.trial import State
from orchestrator.words import label, number, percent

_STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.titlesize": 15,
    "axes.titleweight": "bold",
    "figure.dpi": 160,
    "figure.constrained_layout.h_pad": 0.12,  # inches
    "figure.constrained_layout.w_pad": 0.12,
    "font.size": 12,
    "grid.color": "#E0E0E0",
    "hatch.linewidth": 0.8,
    "legend.frameon": False,
    "svg.hashsalt": "twinrun",
    "text.parse_math": False,  # a dollar in a message is a dollar
}
_FOOTER_COLUMNS = 130
_IMAGES_ACROSS = 10
_TITLE_COLUMNS = 86  # characters that fit above a figure

_EXPLAINED = Phrase("One difference at a time: what each does to a comparison of the same job")
_ORIGINALS, _DIFFERENCE = Phrase("originals"), Phrase("difference")
_MISTAKES = Phrase("{framework}, weights of {trained}:\n{mistakes:,} of {samples:,} said wrongly")
_TEST_ACCURACY, _TRAINING_LOSS = Phrase("Test accuracy"), Phrase("Training loss")
_BATCH_SIZE = Phrase("batch size {size}")
_THREADS = Phrase("threads {threads}")
_TOGETHER = Phrase("Losses stay together")
_ACCURACY_OF = Phrase("Accuracy of {second}\nabove {first}'s, points")
_TIME_OF = Phrase("Training time of {second}\nover {first}'s")
_ACCURACIES = Phrase("Test accuracies end within {points:.2f} points of each other.")
_ACCURACY = Phrase("{framework} ends at {accuracy} test accuracy.")
_LOSSES = Phrase("Training losses of the last epoch are within {share} of each other.")
_LOSS = Phrase("{framework} ends at a training loss of {loss}.")


def figures(comparison: Comparison) -> dict[str, bytes]:
    """``accuracy``, ``loss``, ``time`` and ``overview``, each as .svg and .png.

    Of several pairs of trials ``ratios`` too.
    """
    with _style():
        drawn = {
            "accuracy": _single(comparison, panels.accuracy, _accuracy_title(comparison), 5.6),
            "loss": _single(comparison, panels.loss, _loss_title(comparison), 5.6),
            "time": _single(comparison, panels.time, say(comparison.finding), 4.6),
            "overview": _overview(comparison),
        }
        if comparison.verdict is not None and comparison.verdict.pairs > 1:
            drawn["ratios"] = _single(comparison, panels.ratios, say(comparison.finding), 5.6)
        return {
            f"{name}.{kind}": _bytes(figure, kind)
            for name, figure in drawn.items()
            for kind in ("svg", "png")
        }


def certificate_figures(certificate: Certificate) -> dict[str, bytes]:
    """``certificate`` as .svg and .png."""
    with _style():
        figure = Figure(figsize=(10, 6), layout="constrained")
        panels.parting(figure.add_subplot(), certificate)
        title = _wrapped(say(certificate.sentence))
        figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
        return {f"certificate.{kind}": _bytes(figure, kind) for kind in ("svg", "png")}


def explanation_figures(rows: Sequence[Row]) -> dict[str, bytes]:
    """``explanation`` as .svg and .png."""
    with _style():
        first, second = (label(name) for name in rows[0].seconds)
        look = looks(list(rows[0].seconds))[list(rows[0].seconds)[1]]
        headings = {
            pitfalls.parts: say(_TOGETHER),
            pitfalls.accuracy: say(_ACCURACY_OF, first=first, second=second),
            pitfalls.time: say(_TIME_OF, first=first, second=second),
        }
        figure = Figure(figsize=(14, 2 + 0.62 * len(rows)), layout="constrained")
        found = figure.subplots(1, 3, sharey=True, width_ratios=(5, 4, 4))
        for axes, (panel, heading) in zip(found, headings.items(), strict=True):
            panel(axes, rows, look)
            axes.set_title(heading, fontsize=13)
            axes.grid(visible=False, axis="y")
        found[0].invert_yaxis()
        figure.suptitle(say(_EXPLAINED), x=0.01, ha="left", fontsize=17, fontweight="bold")
        return {f"explanation.{kind}": _bytes(figure, kind) for kind in ("svg", "png")}


def evaluation_figures(found: Evaluation, name: str) -> dict[str, bytes]:
    """``evaluation-<name>.svg`` and .png: the confusion matrix."""
    with _style():
        figure = Figure(figsize=(8, 7.6), layout="constrained")
        axes = figure.subplots()
        confusion(axes, found)
        mistakes = sum(sum(row) for row in found.confusion) - sum(
            row[index] for index, row in enumerate(found.confusion)
        )
        axes.set_title(
            say(
                _MISTAKES,
                framework=label(found.framework),
                trained=label(found.trained),
                mistakes=mistakes,
                samples=found.samples,
            )
        )
        return {f"evaluation-{name}.{kind}": _bytes(figure, kind) for kind in ("svg", "png")}


def preview_figures(found: Preview) -> dict[str, bytes]:
    """By suffix, .svg and .png: originals, each framework's images, their difference, in rows."""
    rows = {say(_ORIGINALS): found.originals}
    rows |= {label(name): array for name, array in found.augmented.items()}
    count, across = len(found.labels), min(len(found.labels), _IMAGES_ACROSS)
    bands = -(-count // across)
    more = found.differences is not None
    height = len(rows) + more
    with _style():
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
                panels.images(axes, name, images[part])
            for axes, number_of in zip(here[0], found.labels[part], strict=True):
                axes.set_title(str(number_of), fontsize="small", loc="center", pad=3)
            if found.differences is not None:
                panels.differences(here[-1], say(_DIFFERENCE), found.differences[part])
        columns = int(_TITLE_COLUMNS * size[0] / 11)
        title = "\n".join(cells.wrap(say(found.sentence), columns))
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
        return {f".{kind}": _bytes(figure, kind) for kind in ("svg", "png")}


def _single(comparison: Comparison, panel: panels.Panel, title: str, height: float) -> Figure:
    """One panel; ``height`` in inches."""
    figure = Figure(figsize=(10, height), layout="constrained")
    axes = figure.add_subplot()
    panel(axes, comparison)
    figure.suptitle(_wrapped(title), x=0.01, ha="left", fontsize=14, fontweight="bold")
    _footer(figure, comparison)
    return figure


def _overview(comparison: Comparison) -> Figure:
    figure = Figure(figsize=(14, 9), layout="constrained")
    grid = figure.add_gridspec(2, 2, height_ratios=(4, 5), hspace=0.08, wspace=0.06)
    for place, panel, title in (
        (grid[0, :], panels.time, ""),
        (grid[1, 0], panels.accuracy, say(_TEST_ACCURACY)),
        (grid[1, 1], panels.loss, say(_TRAINING_LOSS)),
    ):
        axes = figure.add_subplot(place)
        panel(axes, comparison)
        axes.set_title(title, fontsize=13)
    title = _wrapped(say(comparison.finding))
    figure.suptitle(title, x=0.01, ha="left", fontsize=19, fontweight="bold")
    _footer(figure, comparison)
    return figure


def _footer(figure: Figure, comparison: Comparison) -> None:
    """What ran and whether it was the same job, small, below."""
    lines = [_job_line(comparison)]
    if comparison.certificate is not None:
        sentence = say(retold(comparison.certificate))
        lines += cells.wrap(sentence, _FOOTER_COLUMNS, max_lines=2, placeholder=" ...")
    figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=9, color="#555555")


def _job_line(comparison: Comparison) -> str:
    job: Mapping[str, Any] = comparison.job
    optimizer = job.get("optimizer", {})
    threads = job.get("threads")
    parts = [
        job.get("dataset", {}).get("name"),
        *(kind for kind in ("sgd", "adam", "adamw") if kind in optimizer),
        say(_BATCH_SIZE, size=job["batch_size"]) if "batch_size" in job else None,
        str(job.get("precision", "")).removeprefix("PRECISION_").lower(),
        str(job.get("device", "")).removeprefix("DEVICE_").lower(),
        say(_THREADS, threads=threads) if threads else None,
        *(
            f"{label(name)} {trials[0].environment.framework_version}"
            for name, trials in comparison.trials.items()
            if trials[0].environment
        ),
    ]
    return ", ".join(part for part in parts if part)


def _accuracy_title(comparison: Comparison) -> str:
    ends = _ends(comparison, "test_accuracy")
    if len(ends) > 1:
        return say(_ACCURACIES, points=100 * (max(ends.values()) - min(ends.values())))
    for name, value in ends.items():
        return say(_ACCURACY, framework=label(name), accuracy=percent(value))
    return say(comparison.finding)


def _loss_title(comparison: Comparison) -> str:
    ends = _ends(comparison, "train_loss")
    if len(ends) > 1:
        apart = max(ends.values()) / min(ends.values()) - 1
        return say(_LOSSES, share=percent(max(1, math.ceil(10_000 * apart)) / 10_000))
    for name, value in ends.items():
        return say(_LOSS, framework=label(name), loss=number(value))
    return say(comparison.finding)


def _ends(comparison: Comparison, field: str) -> dict[str, float]:
    """Each framework's median of the last epoch; nothing unless all got there with a number."""
    ends = {
        name: median(getattr(trial.epochs[-1], field) for trial in trials)
        for name, trials in comparison.trials.items()
        if all(trial.state is State.SUCCEEDED and trial.epochs for trial in trials)
    }
    whole = len(ends) == len(comparison.trials)
    return ends if whole and all(0 < value < math.inf for value in ends.values()) else {}


def _wrapped(title: str) -> str:
    lines = cells.wrap(title, _TITLE_COLUMNS, max_lines=3, placeholder=" ...")
    return "\n".join(lines)


@contextmanager
def _style() -> Iterator[None]:
    """In the current language, where a font has its characters; else in English."""
    chinese = None if current() == ENGLISH else fonts.family(current())
    with (
        speaking(current() if chinese else ENGLISH),
        mpl.rc_context(),
        warnings.catch_warnings(),
    ):
        # A message from elsewhere may hold what the font has not.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        mpl.rcParams["font.family"] = [fonts.LATIN, *([chinese] if chinese else [])]
        yield


def _bytes(figure: Figure, kind: str) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, metadata={"Date": None} if kind == "svg" else None)
    return buffer.getvalue()
