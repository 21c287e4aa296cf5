"""How well a binary model's outputs rank: a curve for each side."""

from typing import Any

from matplotlib.axes import Axes

from orchestrator.figures.panels.lines import pens_of
from orchestrator.language.palette import GREY
from orchestrator.language.phrases import Phrase, say
from orchestrator.results.evaluation import Curve, Evaluation

_FALSE, _RECALL = Phrase("false positive rate"), Phrase("recall (true positive rate)")
_PRECISION = Phrase("precision")
_AREA = Phrase("{side}: ROC AUC {value:.4f}")
_MEAN = Phrase("{side}: average precision {value:.4f}")
_GUESSING = Phrase("guessing")
_LIMITS: dict[str, Any] = {"xlim": (-0.01, 1.01), "ylim": (-0.01, 1.02)}


def roc(axes: Axes, found: Evaluation) -> None:
    """Draw recall over the false positive rate."""
    for curve, pen in _pens(found):
        x, y = [0.0, *curve.false_positive_rate], [0.0, *curve.recall]
        text = say(_AREA, side=say(curve.side), value=curve.roc_auc)
        axes.plot(x, y, label=text, **pen)
    axes.plot([0, 1], [0, 1], color=GREY, ls=":", lw=1, label=say(_GUESSING))
    axes.set(xlabel=say(_FALSE), ylabel=say(_RECALL), **_LIMITS)
    axes.legend(loc="lower right", fontsize="small")


def precision_recall(axes: Axes, found: Evaluation) -> None:
    """Draw precision over recall, in steps, as average precision adds them up."""
    for curve, pen in _pens(found):
        x, y = [0.0, *curve.recall], [curve.precision[0], *curve.precision]
        text = say(_MEAN, side=say(curve.side), value=curve.average_precision)
        axes.step(x, y, where="pre", label=text, **pen)
    share = found.curves[0].precision[-1]  # all samples said to be positive
    axes.axhline(share, color=GREY, ls=":", lw=1, label=say(_GUESSING))
    axes.set(xlabel=say(_RECALL), ylabel=say(_PRECISION), **_LIMITS)
    axes.legend(loc="lower left", fontsize="small")


def _pens(found: Evaluation) -> list[tuple[Curve, dict[str, Any]]]:
    """Return each curve's line style, so that coinciding ones are all visible."""
    names = [
        curve.trained if curve.framework == curve.trained else say(curve.side)
        for curve in found.curves
    ]
    pens = pens_of(names)
    return [
        (curve, {**pens[name], "marker": ""})
        for curve, name in zip(found.curves, names, strict=True)
    ]
