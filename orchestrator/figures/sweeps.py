"""A sweep -> its figures: the ratio over each numeric axis, and how the sides scale."""

from collections.abc import Sequence
from functools import partial

from orchestrator.figures.canvas import Canvas, Room, drawn, style
from orchestrator.figures.panels.common import legend_inches
from orchestrator.figures.panels.sweeps import ratios, words_of
from orchestrator.figures.panels.sweeps import scaling as panel
from orchestrator.language.phrases import Phrase, english, say
from orchestrator.language.words import OF, label
from orchestrator.results.sweeps import Sweep
from orchestrator.results.sweeps.lines import Line
from orchestrator.results.sweeps.scaling import Scaling
from orchestrator.results.sweeps.words import POINTS, SCALING, setting

_TITLE = Phrase("Seconds of an epoch of {side} over those of {baseline}, by {axis}")
_SCALING = Phrase("Samples per second by number of devices")
_LEFT, _ABOVE, _NUMBERS = 0.8, 0.15, 1.0  # inches
_LINE = 1.25  # of the usual height: lines of a legend that has patches


def canvases(found: Sweep) -> list[Canvas]:
    """Return one figure for each numeric axis and pair of sides, then those of how sides scale."""
    groups: dict[tuple[str, str, str], list[Line]] = {}
    for line in found.lines:
        groups.setdefault((line.axis, line.baseline, line.side), []).append(line)
    pairs = {(baseline, side) for _, baseline, side in groups}
    return [
        _canvas(f"ratio-over-{axis}{'' if len(pairs) == 1 else f'-{side}'}", lines)
        for (axis, _, side), lines in groups.items()
    ] + _scalings(found.scaling)


def _scalings(found: Sequence[Scaling]) -> list[Canvas]:
    """Return a figure with all sides for each setting of the other axes."""
    groups: dict[str, list[Scaling]] = {}
    for each in found:
        if len(panel.drawable(each)) > 1:
            groups.setdefault(setting(each.others), []).append(each)
    names = [SCALING] if len(groups) == 1 else [f"{SCALING}-{n + 1}" for n in range(len(groups))]
    return [_scaling(name, several) for name, several in zip(names, groups.values(), strict=True)]


def _scaling(name: str, found: Sequence[Scaling]) -> Canvas:
    with style():
        where, title = setting(found[0].others), english(_SCALING)
        more = _LINE * legend_inches(panel.words_of(found))
        room = Room(left=_NUMBERS, above=_ABOVE + more, taller=more)
        draw = partial(panel.scaling, found=found)
        said = english(OF, name=where, what=title) if where else title
        return drawn(name, say(said), [say(POINTS)], draw, room)


def _canvas(name: str, lines: Sequence[Line]) -> Canvas:
    with style():
        first = lines[0]
        names = {"side": label(first.side), "baseline": label(first.baseline)}
        more = _LINE * legend_inches(words_of(lines))
        room = Room(left=_NUMBERS, above=_ABOVE + more, taller=more)
        footer = [say(line.sentence) for line in lines]
        title = say(_TITLE, **names, axis=first.axis)
        return drawn(name, title, footer, partial(ratios, lines=lines), room)
