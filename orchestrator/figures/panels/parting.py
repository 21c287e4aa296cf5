"""How far the losses of two trials are apart, step by step, on a logarithmic axis."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray
from twinrun.contract.enums import Precision

from orchestrator.certificate.certificate import Certificate
from orchestrator.certificate.envelope import Envelope
from orchestrator.figures.panels.common import legend_above
from orchestrator.figures.panels.lines import extremes
from orchestrator.language.palette import GREY, looks
from orchestrator.language.phrases import Phrase, english, say
from orchestrator.language.words import label

# Where identical losses are drawn: below the resolution of each precision.
_LEAST, _LEAST_ROUNDED = 1e-17, 1e-8
_BETWEEN = Phrase("{first} and {second}")
_OWN = Phrase("{framework} and itself, every initial value\nmoved by one unit in its last place")
_ALLOWED = Phrase("allowed: {tolerance:.0e}")
_SAME = Phrase("the same")
_STEP, _EACH, _LARGEST = Phrase("step"), Phrase("each step"), Phrase("largest so far")
_AXIS = Phrase("relative difference, {what}")


def parting(axes: Axes, certificate: Certificate) -> None:
    """Draw relative differences: of each step in float64, the largest so far in float32."""
    axes.set_yscale("log")
    names = curve_names(certificate)
    if certificate.envelope is None:
        _steps(axes, certificate.loss_differences, certificate.tolerance.losses, names[0])
    else:
        _running(axes, certificate.envelope, certificate.job.precision, names)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0e}"))
    axes.set_xlabel(say(_STEP))
    # Above the curves, which may be anywhere.
    legend_above(axes, fontsize="small", borderpad=0)


def curve_names(certificate: Certificate) -> list[str]:
    """Return the legend's texts."""
    between = say(_BETWEEN, first=label(certificate.first), second=label(certificate.second))
    own = certificate.envelope.own if certificate.envelope else {}
    return [between, *(say(_OWN, framework=label(name)) for name in own)]


def _steps(axes: Axes, found: NDArray[np.float64], allowed: float, text: str) -> None:
    dots: dict[str, Any] = {"color": "black", "marker": ".", "markersize": 3, "linestyle": ""}
    steps = extremes(found)
    axes.plot(steps, np.clip(found[steps], _LEAST, 10), label=text, **dots)
    beside: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "color": GREY}
    if not found.all():
        axes.text(1.01, _LEAST, say(_SAME), va="center", **beside)
    axes.axhline(allowed, color=GREY, linestyle="--")
    above: dict[str, Any] = {"xytext": (0, 3), "textcoords": "offset points", "color": GREY}
    text_of = axes.get_yaxis_transform()
    axes.annotate(
        say(_ALLOWED, tolerance=allowed), (0.99, allowed), xycoords=text_of, ha="right", **above
    )
    axes.set_ylabel(say(_AXIS, what=english(_EACH)))
    axes.set_ylim(_LEAST / 3, 10)


def _running(axes: Axes, envelope: Envelope, precision: Precision, names: Sequence[str]) -> None:
    least = _LEAST_ROUNDED if precision is Precision.FLOAT32 else _LEAST
    axes.plot(np.clip(envelope.between, least, 10), color="black", lw=2.5, label=names[0])
    for (name, look), text in zip(looks(list(envelope.own)).items(), names[1:], strict=True):
        curve = np.clip(envelope.own[name], least, 10)
        axes.plot(curve, "--", color=look.colour, lw=2, label=text)
    axes.set_ylabel(say(_AXIS, what=english(_LARGEST)))
    axes.set_ylim(least / 3, 10)
