"""How a command ends: errors and interrupts become a message and an exit code."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from orchestrator.errors import OrchestratorError
from orchestrator.language.phrases import Phrase, english, say

_EXIT_INTERRUPTED = 130
_EXIT_UNREAD = 128 + signal.SIGPIPE  # as a shell reports it of any program
_ERROR = Phrase("orchestrator: {message}")
_INTERRUPTED = Phrase("interrupted; what has finished is kept")


@contextmanager
def errors_told() -> Iterator[None]:
    """Turn errors into a message and an exit code; the only place that does."""
    try:
        yield
    except OrchestratorError as error:
        typer.echo(say(_ERROR, message=error.message), err=True)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        typer.echo(say(_ERROR, message=english(_INTERRUPTED)), err=True)
        raise typer.Exit(_EXIT_INTERRUPTED) from None


@contextmanager
def unread_is_an_end() -> Iterator[None]:
    """End quietly if nobody reads the output any more, as in ``orchestrator runs | head``."""
    try:
        yield
    except (BrokenPipeError, SystemExit) as error:
        # Rich turns the first into the second.
        if not any(isinstance(each, BrokenPipeError) for each in (error, error.__context__)):
            raise
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):  # what is left in them is written at exit
            os.dup2(nowhere, stream.fileno())
        raise typer.Exit(_EXIT_UNREAD) from None


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM end a run as cleanly as Ctrl-C."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
