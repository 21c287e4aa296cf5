"""Commands whose flags and bodies are imported on demand.

`COMMANDS` has their names, and their modules' text a sentence about each, so ``--help`` and the
completion of a command's name import nothing large.
"""

import ast
import functools
import importlib
from importlib import resources
from typing import Any

from typer.core import TyperCommand, TyperGroup

from orchestrator.cli.commands import COMMANDS
from orchestrator.cli.ending import unread_is_an_end


class LazyCommand(TyperCommand):
    """Stands for a command of `COMMANDS`, and is replaced by it if more than help is needed."""

    @functools.cached_property
    def whole(self) -> TyperCommand:
        """The command itself. Imports its module."""
        entry = importlib.import_module("orchestrator.cli.entry")
        command: TyperCommand = entry.command(self.name)
        return command

    @property
    def params(self) -> list[Any]:
        return self.whole.params

    @params.setter
    def params(self, _: list[Any]) -> None:
        """Ignore Typer's value: it knows no parameters."""

    def make_context(self, *given: Any, **settings: Any) -> Any:
        """Make the context of the command itself, which is then the one that runs."""
        return self.whole.make_context(*given, **settings)


class Commands(TyperGroup):
    """All of `COMMANDS`."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {
            name: LazyCommand(name, help=_help(name, module)) for name, module in COMMANDS.items()
        }

    def make_context(self, *given: Any, **settings: Any) -> Any:
        """Make it; --help and --version are printed here."""
        with unread_is_an_end():
            return super().make_context(*given, **settings)

    def invoke(self, context: Any) -> Any:
        """Run the command."""
        with unread_is_an_end():
            return super().invoke(context)


def _help(name: str, module: str) -> str:
    """Return the docstring of the module's function for the command."""
    for node in _tree(module).body:
        if isinstance(node, ast.FunctionDef) and node.name == name.replace("-", "_"):
            return ast.get_docstring(node) or ""
    raise LookupError(f"orchestrator.cli.commands.{module} has no function {name}")


@functools.cache
def _tree(module: str) -> ast.Module:
    source = resources.files("orchestrator.cli.commands") / f"{module}.py"
    return ast.parse(source.read_text(encoding="utf-8"))
