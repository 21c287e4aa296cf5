"""One look for a framework everywhere: in figures, tables and progress bars."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """``colour``, and a ``marker`` by matplotlib's name, which tells without colour too."""

    colour: str
    marker: str


# Okabe and Ito's colours, which colour-blind people can tell apart.
_LOOKS = {"pytorch": Look("#D55E00", "o"), "tensorflow": Look("#0072B2", "D")}
_OTHERS = (Look("#009E73", "s"), Look("#CC79A7", "^"), Look("#E69F00", "v"))


def looks(frameworks: Sequence[str]) -> dict[str, Look]:
    """The look of each; one without a look of its own takes the next of the others."""
    unknown = sorted(name for name in frameworks if name not in _LOOKS)
    spare = {name: _OTHERS[index % len(_OTHERS)] for index, name in enumerate(unknown)}
    return {name: _LOOKS.get(name) or spare[name] for name in frameworks}
