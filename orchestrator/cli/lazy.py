"""Commands whose flags and bodies are imported once they are asked for.

Their names are known by `COMMANDS`, what they do in a sentence by the text of their modules, so
that ``--help`` and the completion of a command's name import nothing large.
"""

import ast
import functools
import importlib
from importlib import resources
from typing import Any

from typer.core import TyperCommand, TyperGroup

from orchestrator.cli.commands import COMMANDS


class LazyCommand(TyperCommand):
    """Stands for a command of `COMMANDS`, and makes place for it where more than help is wanted."""

    @functools.cached_property
    def whole(self) -> TyperCommand:
        """The command itself. Imports its module."""
        entry = importlib.import_module("orchestrator.cli.entry")
        made: TyperCommand = entry.command(self.name)
        return made

    @property
    def params(self) -> list[Any]:
        return self.whole.params

    @params.setter
    def params(self, _: list[Any]) -> None:
        """Typer gives none, for it knows of none."""

    def make_context(self, *given: Any, **settings: Any) -> Any:
        """Of the command itself, which is then the one that is run."""
        return self.whole.make_context(*given, **settings)


class Commands(TyperGroup):
    """All of `COMMANDS`."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {
            name: LazyCommand(name, help=_help(name, module)) for name, module in COMMANDS.items()
        }


def _help(name: str, module: str) -> str:
    """The docstring of the function that the module has for the command."""
    for node in _tree(module).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return ast.get_docstring(node) or ""
    raise LookupError(f"orchestrator.cli.commands.{module} has no function {name}")


@functools.cache
def _tree(module: str) -> ast.Module:
    source = resources.files("orchestrator.cli.commands") / f"{module}.py"
    return ast.parse(source.read_text(encoding="utf-8"))
