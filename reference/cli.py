"""The page of all commands, from the flags that they declare."""

from collections.abc import Iterator
from typing import Any

import typer

from orchestrator.cli.main import app
from reference.text import cell, table

_INTRODUCTION = """# Commands

Every command with its flags, as `orchestrator --help` and `orchestrator COMMAND --help` show them.
"""
_ARGUMENTS, _OWN = "Arguments", "Flags of this command"


def page() -> str:
    group: Any = typer.main.get_command(app)
    parts = [_INTRODUCTION, _text(group.help)]
    for name, command in group.commands.items():
        parts += [f"## {name}", _text(command.help), _usage(name, command), *_tables(command)]
    return "\n\n".join(parts) + "\n"


def _text(given: str) -> str:
    """Return help as prose; an example becomes a block."""
    paragraphs = []
    for paragraph in given.strip().replace("\\[", "[").split("\n\n"):
        before, example, command = paragraph.partition("Example: ")
        if before.strip():
            paragraphs.append(before.strip())
        if example:
            paragraphs.append(f"```console\n$ {command.strip()}\n```")
    return "\n\n".join(paragraphs)


def _usage(name: str, command: Any) -> str:
    pieces = command.collect_usage_pieces(_context(command))
    return f"    orchestrator {' '.join([name, *pieces])}"


def _tables(command: Any) -> Iterator[str]:
    """Yield a table of arguments, and one for each group of flags."""
    of = {id(each): _panel(each) for each in command.params}
    for panel in dict.fromkeys(of.values()):
        rows = [
            [f"`{names}`", cell(help_text)]
            for each in command.params
            if of[id(each)] == panel
            for names, help_text in [each.get_help_record(_context(command))]
        ]
        yield table((panel, ""), rows)


def _panel(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return _ARGUMENTS
    return str(parameter.rich_help_panel or _OWN)


def _context(command: Any) -> typer.Context:
    return typer.Context(command)
