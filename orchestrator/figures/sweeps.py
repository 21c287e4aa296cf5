"""A sweep -> its figures: the ratio over each numeric axis."""

from collections.abc import Sequence
from functools import partial

from orchestrator.figures.canvas import Canvas, Room, drawn, style
from orchestrator.figures.panels.common import legend_inches
from orchestrator.figures.panels.sweeps import ratios, words_of
from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label
from orchestrator.results.sweeps import Sweep
from orchestrator.results.sweeps.lines import Line

_TITLE = Phrase("Seconds of an epoch of {side} over those of {baseline}, by {axis}")
_LEFT, _ABOVE = 0.8, 0.15  # inches
_LINE = 1.25  # of the usual height: lines of a legend that has patches


def canvases(found: Sweep) -> list[Canvas]:
    """Return one figure for each numeric axis and pair of sides, with all its lines."""
    groups: dict[tuple[str, str, str], list[Line]] = {}
    for line in found.lines:
        groups.setdefault((line.axis, line.baseline, line.side), []).append(line)
    pairs = {(baseline, side) for _, baseline, side in groups}
    return [
        _canvas(f"ratio-over-{axis}{'' if len(pairs) == 1 else f'-{side}'}", lines)
        for (axis, _, side), lines in groups.items()
    ]


def _canvas(name: str, lines: Sequence[Line]) -> Canvas:
    with style():
        first = lines[0]
        names = {"side": label(first.side), "baseline": label(first.baseline)}
        more = _LINE * legend_inches(words_of(lines))
        room = Room(left=_LEFT, above=_ABOVE + more, taller=more)
        footer = [say(line.sentence) for line in lines]
        title = say(_TITLE, **names, axis=first.axis)
        return drawn(name, title, footer, partial(ratios, lines=lines), room)
