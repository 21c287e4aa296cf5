"""What people compute themselves between layers, where no call is traced: attention, gates.

A form says how such a thing may be computed. One way makes a side's next layer return what it did;
if another way, of which one choice is another one, makes it return what the other side's did, that
choice is the cause.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.pairing.causes.clues import Choices, Clues, Side, Tried, Way
from orchestrator.pairing.locate import Place
from orchestrator.pairing.measure import turned_gap

_CHOICE = Phrase("what {side} computes before `{path}` had {name} {value}, not {own}")


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """``ways``: to compute what a side's layer gets, the usual ones first; ``names`` of choices.

    ``traced``: what the layer gets may be traced, too: then nothing else is computed before it.
    """

    ways: Callable[[Side], Iterator[Way]]
    names: Mapping[str, Phrase]
    traced: bool = False

    def other(
        self, choice: str, fits: Callable[[str, str], bool] = lambda *_: True
    ) -> Callable[[Clues], Iterator[Tried]]:
        """Return what finds another ``choice``; ``fits``: whether own and other are the cause."""

        def find(clues: Clues) -> Iterator[Tried]:
            for side in clues.sides if clues.located.place is Place.OUTPUT else ():
                wanted = clues.other(side).output
                own = self._own(clues, side)
                if own is None or wanted is None:
                    continue
                for way in self.ways(side):
                    made = None
                    if _apart(own.choices, way.choices) == {choice} and (
                        fits(own.choices[choice], way.choices[choice])
                    ):
                        made = side.returned(way.made())
                    if made is not None:
                        yield Tried(self._change(side, choice, own, way), made, wanted)

        return find

    def _own(self, clues: Clues, side: Side) -> Way | None:
        """Return the way that makes the side's layer return what it did."""
        key = id(self), side.number
        if key not in clues.ways:
            clues.ways[key] = None if side.index is None else self._first(clues, side)
        return clues.ways[key]

    def _first(self, clues: Clues, side: Side) -> Way | None:
        if side.output is None or not (self.traced or clues.given(side) is None):
            return None
        for way in self.ways(side):
            made = side.returned(way.made())
            if made is not None and turned_gap(made, side.output) < clues.rounding:
                return way
        return None

    def _change(self, side: Side, choice: str, own: Way, way: Way) -> Sentence:
        return english(
            _CHOICE,
            side=side.name,
            path=side.layer.path,
            name=english(self.names[choice]),
            value=way.choices[choice],
            own=own.choices[choice],
        )


def _apart(one: Choices, other: Choices) -> set[str]:
    return {name for name in one if one[name] != other[name]}
