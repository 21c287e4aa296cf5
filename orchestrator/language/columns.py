"""Text in terminal columns, where a Chinese character takes two.

As `str.ljust`, `str.rjust` and `textwrap.wrap`, and identical for text without such characters.
"""

import re
import textwrap
from collections.abc import Iterator
from typing import Any

from rich.cells import cell_len

_FILLER = "\ufdd0"  # follows each wide character, so that its length is two; never a real character
_OPENING, _CLOSING = (
    "（「『《〈【",
    "，。、；：？！）」』》〉】",
)  # no line ends, or begins, with these
# Unbreakable: one wide character or a run of others, with the brackets beside it.
_UNIT = re.compile(
    rf"(?:[{_OPENING}]{_FILLER})*"
    rf"(?:[^{_FILLER}]{_FILLER}|(?:[^{_FILLER}](?!{_FILLER}))+)"
    rf"(?:[{_CLOSING}]{_FILLER})*"
)
_NO_BREAK = "\xa0"


def width(text: str) -> int:
    """Return the number of columns that a line takes."""
    return cell_len(text)


def ljust(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def rjust(text: str, columns: int) -> str:
    return " " * (columns - width(text)) + text


def wrap(text: str, columns: int, **settings: Any) -> list[str]:
    """Wrap text into lines of at most this many columns; ``settings`` as for `TextWrapper`."""
    wide = "".join(_widened(text.replace(" %", f"{_NO_BREAK}%")))
    lines = _Wrapper(width=columns, **settings).wrap(wide)
    return [line.replace(_FILLER, "").replace(_NO_BREAK, " ") for line in lines]


class _Wrapper(textwrap.TextWrapper):
    """Also breaks lines between wide characters, which have no spaces between them."""

    def _split(self, text: str) -> list[str]:
        chunks: list[str] = super()._split(text)
        return [unit for chunk in chunks for unit in _UNIT.findall(chunk)]


def _widened(text: str) -> Iterator[str]:
    for character in text:
        yield character
        if width(character) == 2:
            yield _FILLER
