"""A font that has the characters of a language, for figures."""

import functools
from collections.abc import Iterator, Sequence
from contextlib import suppress

from matplotlib import font_manager, ft2font

from orchestrator.language.phrases import characters

LATIN = "DejaVu Sans"  # included in matplotlib
# Fonts with Chinese characters, those with Taiwan's shapes first. If a file has several fonts,
# older versions of matplotlib see only the first one, which is Japanese.
FAMILIES = (
    *("Noto Sans CJK TC", "Noto Sans TC", "Source Han Sans TC", "Source Han Sans TW"),
    *("PingFang TC", "Heiti TC", "Microsoft JhengHei", "Noto Sans CJK HK", "Noto Sans CJK JP"),
    *("AR PL UMing TW", "AR PL UKai TW", "Noto Serif CJK TC", "Noto Serif CJK JP"),
    *("WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Droid Sans Fallback", "Arial Unicode MS"),
)


def family(language: str, families: Sequence[str] | None = None) -> str | None:
    """Return the first of the families with every character that `LATIN` lacks. None: none."""
    wanted = characters(language) - _glyphs(_file(LATIN) or "")
    _learn_new_fonts()
    asked = FAMILIES if families is None else families
    return next((name for name in asked if (at := _file(name)) and wanted <= _glyphs(at)), None)


def _file(name: str) -> str | None:
    return next((f.fname for f in font_manager.fontManager.ttflist if f.name == name), None)


@functools.cache
def _glyphs(file: str) -> frozenset[str]:
    return frozenset(map(chr, ft2font.FT2Font(file).get_charmap()))


@functools.cache
def _learn_new_fonts() -> None:
    """Add fonts that were installed after matplotlib had created its list of fonts."""
    for file in _unknown():
        with suppress(OSError, RuntimeError):  # a font that FreeType cannot read
            font_manager.fontManager.addfont(file)


def _unknown() -> Iterator[str]:
    known = {font.fname for font in font_manager.fontManager.ttflist}
    return (file for file in font_manager.findSystemFonts() if file not in known)
