"""A command as it is run: flags from the command line, faults to a message and an exit code."""

import functools
import importlib
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import typer

from orchestrator import workloads
from orchestrator.commands import COMMANDS
from orchestrator.errors import OrchestratorError
from orchestrator.options import grouped
from orchestrator.output import to_stderr

_EXIT_INTERRUPTED = 130


def command(name: str) -> Any:
    """Typer's command of that name. The only place where an error becomes an exit code."""
    module = importlib.import_module(f"orchestrator.commands.{COMMANDS[name]}")
    body = grouped(getattr(module, name))

    @functools.wraps(body)
    def run(**given: Any) -> None:
        try:
            with (
                _terminated_as_interrupted(),
                workloads.lines_in_refusals(given.get("workload")),
            ):
                body(**given)
        except OrchestratorError as error:
            to_stderr(f"orchestrator: {error.message}")
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            to_stderr("orchestrator: interrupted; what was finished is kept")
            raise typer.Exit(_EXIT_INTERRUPTED) from None

    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(name)(run)
    return typer.main.get_command(alone)


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM ends a run as tidily as Ctrl-C."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
