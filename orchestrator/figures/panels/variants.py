"""The time of each side in each variant of a job: by each recipe, or by each loop."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from matplotlib.axes import Axes

from orchestrator.figures.panels.common import name_row
from orchestrator.language.palette import PALE, lighter, looks
from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import OF, label, number
from orchestrator.results.variants import Loops, Variants, title

_TRAINING, _EPOCH = Phrase("seconds of training"), Phrase("Seconds of an epoch")
_SECONDS = Phrase("{seconds} s")
_OF_WHICH = Phrase("{seconds} s ({wait} s waiting)")


class Bar(NamedTuple):
    """Seconds of a side in a variant, of which it waited for data."""

    variant: str
    side: str
    seconds: float
    wait: float = 0.0


def bars(found: Variants) -> Iterator[Bar]:
    """Yield a bar for each side of each variant, in the order in which they are drawn."""
    if isinstance(found, Loops):
        for variant, by_side in found.epoch_seconds.items():
            yield from (Bar(variant, side, seconds) for side, seconds in by_side.items())
    else:
        for variant, times in found.times.items():
            for side, each in times.items():
                yield Bar(variant, side, each.train_seconds, each.wait_seconds or 0.0)


def variants(axes: Axes, found: Variants) -> None:
    """Draw the bars, in each side's colour; the part that waited for data is hatched."""
    drawn = list(bars(found))
    longest = max(bar.seconds for bar in drawn)
    axes.set(xlabel=say(_EPOCH if isinstance(found, Loops) else _TRAINING))
    axes.set(xlim=(0, 1.01 * longest), ylim=(len(drawn) - 0.5, -0.75), yticks=[])
    axes.grid(visible=False, axis="y")
    by_side = looks(list(dict.fromkeys(bar.side for bar in drawn)))
    for row, bar in enumerate(drawn):
        colour, worked = by_side[bar.side].colour, bar.seconds - bar.wait
        edge: dict[str, Any] = {"height": 0.5, "edgecolor": colour, "lw": 0.8}
        axes.barh(row, worked, facecolor=colour, **edge)
        if bar.wait:
            pale = lighter(colour, PALE)
            axes.barh(row, bar.wait, left=worked, facecolor=pale, hatch="//", **edge)
        name_row(axes, row, *words_of(bar), longest)


def words_of(bar: Bar) -> tuple[str, str]:
    """Return the name and the seconds of a bar."""
    name = say(OF, name=title(bar.variant), what=label(bar.side))
    seconds, wait = number(bar.seconds), number(bar.wait)
    if not bar.wait:
        return name, say(_SECONDS, seconds=seconds)
    return name, say(_OF_WHICH, seconds=seconds, wait=wait)
