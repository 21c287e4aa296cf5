"""The texts of ``--help``, in the current language: of the commands, and of Typer's own."""

from collections.abc import Iterator
from typing import Any

import typer
from rich.text import Text

from orchestrator.language.phrases import ENGLISH, Phrase, current, say


class _Folded(Text):
    """Wrapped if it does not fit, not cut off: Chinese has no spaces to break lines at."""

    @classmethod
    def from_markup(cls, text: str, **settings: Any) -> Text:
        return super().from_markup(text, **{"overflow": "fold", **settings})


# Where a command or a flag stores its texts.
_FIELDS = ("help", "rich_help_panel", "options_metavar", "subcommand_metavar")
_USAGE = Phrase("Usage: ")
# Where typer.rich_utils stores its own.
_TYPERS = {
    "ARGUMENTS_PANEL_TITLE": Phrase("Arguments"),
    "OPTIONS_PANEL_TITLE": Phrase("Options"),
    "COMMANDS_PANEL_TITLE": Phrase("Commands"),
    "ERRORS_PANEL_TITLE": Phrase("Error"),
    "DEFAULT_STRING": Phrase("[default: {}]"),
    "ENVVAR_STRING": Phrase("[env var: {}]"),
    "REQUIRED_LONG_STRING": Phrase("[required]"),
    "ABORTED_TEXT": Phrase("Aborted."),
    "RICH_HELP": Phrase("Try [blue]'{command_path} {help_option}'[/] for help."),
}


def texts(group: Any) -> Iterator[tuple[Any, str, Phrase]]:
    """Yield each text of a command and its subcommands: its owner, its field, and the text."""
    yield from _own(group)
    for command in getattr(group, "commands", {}).values():
        yield from texts(command)


def _own(command: Any) -> Iterator[tuple[Any, str, Phrase]]:
    context = typer.Context(command, **command.context_settings)
    for owner in (command, *command.params, command.get_help_option(context)):
        yield from _of(owner)


def _of(found: Any) -> Iterator[tuple[Any, str, Phrase]]:
    for field in _FIELDS:
        if isinstance(text := getattr(found, field, None), str) and text:
            yield found, field, Phrase(text)


def say_help(command: Any) -> None:
    """Set its texts in the current language, and let --help cut none off.

    A group's commands show one sentence each; they set their own flags' texts.
    """
    if current() == ENGLISH:
        return
    from typer import rich_utils  # noqa: PLC0415 - takes a while to import

    rich_utils.Text = _Folded  # type: ignore[attr-defined]
    for name, phrase in _TYPERS.items():
        setattr(rich_utils, name, say(phrase))
    command.format_usage = lambda context, formatter: formatter.write_usage(
        context.command_path, " ".join(command.collect_usage_pieces(context)), say(_USAGE)
    )
    listed = getattr(command, "commands", {}).values()
    for owner, field, text in [*_own(command), *(each for one in listed for each in _of(one))]:
        setattr(owner, field, say(text))
