"""What ``--help`` shows, in the current language; and all texts that are not marked as phrases."""

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from orchestrator import workloads
from orchestrator.language import ENGLISH, Phrase, current, say


class _Folded(Text):
    """Folded where it does not fit, not cut off: Chinese has no spaces to break lines at."""

    @classmethod
    def from_markup(cls, text: str, **settings: Any) -> Text:
        return super().from_markup(text, **{"overflow": "fold", **settings})


# Where a command, or a flag, has its texts.
_FIELDS = ("help", "rich_help_panel")


def texts(group: Any) -> Iterator[tuple[Any, str, Phrase]]:
    """Each text of a command and of those in it: what has it, in which field, and the text."""
    own = (flag for flag in group.params if not flag.name.endswith("_completion"))  # Typer's
    for found in (group, *own):
        for field in _FIELDS:
            if isinstance(text := getattr(found, field, None), str) and text:
                yield found, field, Phrase(text)
    for command in getattr(group, "commands", {}).values():
        yield from texts(command)


def say_help(group: Any) -> None:
    """Puts every text into the current language, and lets none be cut off where --help shows it."""
    if current() == ENGLISH:
        return
    from typer import rich_utils  # noqa: PLC0415 - takes a while to import

    rich_utils.Text = _Folded  # type: ignore[attr-defined]
    for found, field, text in list(texts(group)):
        setattr(found, field, say(text))


def unmarked() -> set[Phrase]:
    """Of ``--help``, some of which are docstrings, and the presets' descriptions."""
    from orchestrator.cli import group  # noqa: PLC0415 - which imports this

    described = {Phrase(preset.description) for preset in workloads.presets()}
    return described | {text for _, _, text in texts(group())}


def extract(*_: Any, **_options: Any) -> Iterator[tuple[int, str, str, list[str]]]:
    """As Babel wants it, which does not see these."""
    return ((1, "", text, []) for text in sorted(unmarked()))
