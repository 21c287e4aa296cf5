"""Where a command's output goes: results to stdout, everything else to stderr."""

import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

import typer

from orchestrator.cli.options import ShownOptions
from orchestrator.reports.grid import Part
from orchestrator.reports.writers import plain, terminal
from orchestrator.reports.writers.terminal import console
from orchestrator.runners.progress import Bars, Display, Lines


def display_of(shown: ShownOptions, frameworks: tuple[str, ...], epochs: int) -> Display:
    if shown.quiet:
        return Lines(lambda _: None)
    if sys.stderr.isatty():
        return Bars(console(stderr=True), frameworks, epochs)
    return Lines(to_stderr)


def say_of(shown: ShownOptions) -> Callable[[str], None]:
    return (lambda _: None) if shown.quiet else to_stderr


def to_stderr(text: str) -> None:
    typer.echo(text, err=True)


def print_report(parts: Iterable[Part], *, plain_elsewhere: bool = False) -> None:
    """Print to stdout, in colours. ``plain_elsewhere``: as plain text unless it is a terminal."""
    if plain_elsewhere and not sys.stdout.isatty():
        typer.echo(plain.report(parts))
    else:
        console().print(terminal.report(parts))


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2))
