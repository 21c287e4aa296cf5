"""A page -> HTML: one file, without scripts, that loads nothing from elsewhere."""

import functools
import re

import jinja2

from orchestrator.language.phrases import Phrase, current, say
from orchestrator.page.blocks import Page

_WORDS = {
    "answers": Phrase("Answers"),
    "contents": Phrase("Contents"),
    "differs": Phrase("differs"),
    "made": Phrase("Made by Twinrun from what the run kept. This page holds all that it shows."),
    "skip": Phrase("To the content"),
}
_EXPONENT = re.compile(r"(?<=\d)e-(?=\d)")
_UNIT = re.compile(r"(?<=\d) (%|s|GB|MB)(?!\w)")


def render(page: Page) -> bytes:
    """Return HTML; the same page gives the same bytes."""
    words = {name: say(phrase) for name, phrase in _WORDS.items()}
    return _template().render(page=page, language=current(), words=words).encode()


def _unbroken(text: str) -> str:
    """Prevent line breaks between a number and its unit, and within a number."""
    return _EXPONENT.sub("e\u2060-\u2060", _UNIT.sub("\u00a0\\1", text))


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("orchestrator.page", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["unbroken"] = _unbroken
    return environment.get_template("page.html.jinja")
