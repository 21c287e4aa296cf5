"""A layer's call as a program that needs the framework alone: what it is given, as text and arrays.

Each framework writes its own; what they share is here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.traced import TracedCase

Array = NDArray[np.generic]
_WIDTH = 90  # of a line
_END = """
# How far that is from what was returned in the models, relative to the largest value.
for whose, name in (("this model", "{framework}.output"), ("the other", "{framework}.other")):
    wanted = arrays[name]
    apart = np.inf
    if made.shape == wanted.shape:
        apart = np.abs(made - wanted).max() / (np.abs(wanted).max() or 1)
    print(f"{{whose}}: {{apart:.3e}}")
"""


class Unwritten(Exception):
    """It cannot be a program; the message is what stands after "because"."""


@dataclass(slots=True)
class Writer:
    """Writes values as Python. ``array``: an array of the framework as NumPy's; None: no array.

    ``arrays``: those written so far, by the names that stand for them.
    """

    array: Callable[[object], Array | None]
    arrays: dict[str, Array] = field(default_factory=dict)
    given: list[object] = field(default_factory=list)  # what they are to the framework
    _names: dict[int, tuple[str, object]] = field(
        default_factory=dict
    )  # by identity, which is held

    def name(self, value: object, name: str) -> None:
        """Say what a value is called from now on."""
        self._names[id(value)] = name, value

    def text(self, value: object) -> str:
        """Write a value. Raises Unwritten for what has no text of its own."""
        if id(value) in self._names:
            return self._names[id(value)][0]
        array = self.array(value)
        if array is not None:
            name = f"given{len(self.arrays)}"
            self.arrays[name] = array
            self.given.append(value)
            self.name(value, name)
            return name
        if isinstance(value, list):
            return f"[{', '.join(map(self.text, value))}]"
        if isinstance(value, tuple):
            listed = ", ".join(map(self.text, value))
            return f"({listed}{',' * (len(value) == 1)})"
        if isinstance(value, float) and not np.isfinite(value):
            return f'float("{value}")'
        if value is None or isinstance(value, bool | int | float | str):
            return repr(value)
        raise Unwritten(f"it is given a {type(value).__name__}, which cannot be written down")

    def call(self, name: str, values: Iterable[object], named: Mapping[str, object]) -> str:
        """Write a call of ``name``. Raises Unwritten."""
        arguments = [*map(self.text, values)]
        arguments += [f"{key}={self.text(value)}" for key, value in named.items()]
        return joined(name, arguments)


def joined(name: str, arguments: list[str]) -> str:
    """Write a call, on one line if it fits."""
    whole = f"{name}({', '.join(arguments)})"
    if len(whole) <= _WIDTH:
        return whole
    return f"{name}(\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"


def program(framework: str, text: str) -> TracedCase:
    """Return a program with its end."""
    return TracedCase(text, end=_END.format(framework=framework))


def no_array(_: object) -> None:
    """Be the ``array`` of a `Writer` that is given none."""
    return
