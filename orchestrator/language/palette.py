"""The look of each framework, the same in figures, tables and progress bars."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.frameworks import FRAMEWORKS

GREY = "#555555"
FAINT = "#E4E4E4"  # for parts that belong to no framework
HALF, PALE = 0.5, 0.75  # shares of white: for a line under others, for parts not compared


@dataclass(frozen=True, slots=True)
class Look:
    """``colour``, and a ``marker`` by matplotlib's name, which identifies without colour."""

    colour: str
    marker: str


# For sides without a look of their own, such as the second of two of the same framework: the rest
# of Okabe and Ito's colours and similar ones, which colour-blind people can distinguish.
_OTHERS = (
    Look("#CC79A7", "^"),
    Look("#E69F00", "v"),
    Look("#56B4E9", "P"),
    Look("#000000", "X"),
    Look("#A6A000", "*"),
    Look("#8C564B", "<"),
    Look("#7F7F7F", ">"),
    Look("#882255", "s"),
)


def looks(frameworks: Sequence[str]) -> dict[str, Look]:
    """Return the look of each; one without a look of its own takes the next unused one."""
    known = {name: FRAMEWORKS.get(name.removesuffix("-a")) for name in frameworks}
    assigned = {name: each and Look(each.colour, each.marker) for name, each in known.items()}
    unknown = sorted(name for name, look in assigned.items() if look is None)
    taken = {part for each in assigned.values() if each for part in (each.colour, each.marker)}
    unused = [each for each in _OTHERS if not taken & {each.colour, each.marker}]
    spare = {name: unused[index % len(unused)] for index, name in enumerate(unknown)}
    return {name: look or spare[name] for name, look in assigned.items()}


def lighter(colour: str, share: float) -> tuple[float, ...]:
    """Mix a ``#rrggbb`` with this share of white; red, green and blue, 0..1."""
    return tuple(share + (1 - share) * part / 255 for part in bytes.fromhex(colour[1:]))
