"""Texts for people, in a language that they read: English or Traditional Chinese.

Texts are written in English with named placeholders. Each is marked as a `Phrase`, so that it is
found for translation. `say` renders one in the current language, for a terminal, a figure or a
page. `english` renders one in English, for data: stored texts are for machines and colleagues. It
keeps its parts, so that `say` can render it in another language later.
"""

import functools
import gettext
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import NewType

ENGLISH = "en"
LANGUAGES = (ENGLISH, "zh-TW")

Phrase = NewType("Phrase", str)

_current: ContextVar[str] = ContextVar("language", default=ENGLISH)


class Sentence(str):
    """English text that keeps the phrase and the values that it was made from."""

    __slots__ = ("phrase", "values")
    phrase: Phrase
    values: Mapping[str, object]


class Clause(Sentence):
    """A sentence without its full stop, for use inside another one."""


def say(text: Phrase | Sentence, /, **values: object) -> str:
    """Render in the current language, including values that are `Sentence`s."""
    language = _current.get()
    if isinstance(text, Sentence):
        return _told(language, text)
    return _made(language, text, values)


def english(phrase: Phrase, /, **values: object) -> Sentence:
    """Render in English, for data."""
    sentence = Sentence(_made(ENGLISH, phrase, values))
    sentence.phrase, sentence.values = phrase, values
    return sentence


def stored(text: str) -> Sentence:
    """Return English text of a file as a sentence; it can be translated if it holds no values."""
    return english(Phrase(text))


def kept(value: object) -> object:
    """Return the parts of a sentence, for JSON; `told` rebuilds it."""
    if isinstance(value, Sentence):
        values = {name: kept(each) for name, each in value.values.items()}
        return {"phrase": value.phrase, "values": values, "clause": isinstance(value, Clause)}
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": str(value)}
    return value if isinstance(value, bool | int | float | None) else str(value)


def told(found: object, text: str) -> Sentence:
    """Rebuild the sentence that `kept` stored; if it differs from ``text``, return ``text``."""
    with suppress(ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        sentence = _again(found)
        if isinstance(sentence, Sentence) and sentence == text:
            return sentence
    return stored(text)


def _again(found: object) -> object:
    if not isinstance(found, Mapping):
        return found
    if "number" in found:
        return float(found["number"])
    phrase, values = found["phrase"], found["values"]
    sentence = english(Phrase(phrase), **{name: _again(value) for name, value in values.items()})
    return clause(sentence) if found["clause"] else sentence


def clause(sentence: Sentence) -> Clause:
    """Return the sentence without its full stop."""
    result = Clause(_without_stop(sentence))
    result.phrase, result.values = sentence.phrase, sentence.values
    return result


def join(pair: Phrase, parts: Iterable[str]) -> Sentence:
    """Join ``parts`` by ``pair``, which has {one} and {other}; empty if there are none."""
    first, *rest = list(parts) or [""]
    start = first if isinstance(first, Sentence) else _verbatim(first)
    return functools.reduce(lambda one, other: english(pair, one=one, other=other), rest, start)


def current() -> str:
    """Return the current language, one of `LANGUAGES`."""
    return _current.get()


def characters(language: str) -> frozenset[str]:
    """Return the characters beyond ASCII that texts in a language need, at least."""
    return frozenset(filter(lambda c: not c.isascii(), _path(language).read_text("utf-8")))


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Make it the current language of the block, in this thread."""
    before = _current.set(language)
    try:
        yield
    finally:
        _current.reset(before)


def _verbatim(text: str) -> Sentence:
    """Return text that is the same in every language."""
    return english(Phrase("{text}"), text=text)


def _told(language: str, sentence: Sentence) -> str:
    text = _made(language, sentence.phrase, sentence.values)
    return _without_stop(text) if isinstance(sentence, Clause) else text


def _without_stop(text: str) -> str:
    return text.rstrip(".。")


def _made(language: str, phrase: Phrase, values: Mapping[str, object]) -> str:
    # The empty phrase means the catalogue's header.
    text = _catalogue(language).gettext(phrase) if phrase else phrase
    texts = {
        name: _told(language, value) if isinstance(value, Sentence) else value
        for name, value in values.items()
    }
    return text.format(**texts) if texts else text


@functools.cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == ENGLISH:
        return gettext.NullTranslations()
    with _path(language).with_suffix(".mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def _path(language: str) -> Path:
    """Return the path of the translations; the compiled file is beside it."""
    folder = Path(__file__).with_name("locale") / language.replace("-", "_")
    return folder / "LC_MESSAGES" / "twinrun.po"
