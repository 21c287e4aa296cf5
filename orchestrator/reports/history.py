"""Runs -> lines: what each is, what became of it, and below it its result."""

import json
import platform
from collections.abc import Iterator, Sequence

from orchestrator.language import columns
from orchestrator.language.phrases import Phrase, english, join, say
from orchestrator.language.words import AND, COMMA, SEMICOLON, label
from orchestrator.results.history import RUNNING, Entry
from orchestrator.storage.about import State

_SAME = {
    True: Phrase("same job"),
    False: Phrase("not shown to be the same job"),
}
_KINDS = {
    "compare": Phrase("compare"),
    "train": Phrase("train"),
    "recipes": Phrase("recipes"),
    "loops": Phrase("loops"),
    "verify": Phrase("verify"),
    "explain": Phrase("explain"),
    "parity": Phrase("parity"),
    "sweep": Phrase("sweep"),
    "unknown": Phrase("unknown"),
}
_STATES = {
    RUNNING: Phrase("running"),
    State.FINISHED: Phrase("finished"),
    State.STOPPED: Phrase("stopped"),
}
_HOST = Phrase("on {host}")
_SETTING = Phrase("{name} {value}")
_INDENT, _GAP = "    ", "  "
_MOST_VALUE = 40  # columns of a setting's value


def lines(found: Sequence[Entry], width: int) -> Iterator[str]:
    """Yield lines of at most ``width`` columns, except for a run's name.

    The names, states and kinds are columns if there is room, else the last two follow the name.
    """
    heads = [(say(_STATES[each.state]), say(_KINDS[each.kind])) for each in found]
    named = max((columns.width(each.name) for each in found), default=0)
    widths = [max((columns.width(head[place]) for head in heads), default=0) for place in (0, 1)]
    room = named + sum(len(_GAP) + each for each in widths) <= width
    for each, head in zip(found, heads, strict=True):
        texts = [columns.ljust(text, widest) for text, widest in zip(head, widths, strict=True)]
        yield _GAP.join([columns.ljust(each.name, named), *texts]).rstrip() if room else each.name
        for text in (each.label, *(() if room else (say(join(SEMICOLON, head)),)), *_details(each)):
            yield from columns.wrap(text, width, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _details(run: Entry) -> Iterator[str]:
    frameworks = join(AND, map(label, run.frameworks))
    same = "" if run.same_job is None else english(_SAME[run.same_job])
    elsewhere = run.host and run.host != platform.node()
    host = english(_HOST, host=run.host) if elsewhere else ""
    yield say(join(SEMICOLON, filter(None, (frameworks, same, ", ".join(run.warnings), host))))
    settings = (
        english(_SETTING, name=name, value=_value(value)) for name, value in run.settings.items()
    )
    yield say(join(COMMA, settings))
    yield say(run.finding)


def _value(value: object) -> str:
    """Write a setting's value; a long one, such as the layers, is cut off."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_VALUE else f"{text[:_MOST_VALUE]}..."
