"""Where a command's words go: results to stdout, all else to stderr."""

import json
import sys
from collections.abc import Callable
from typing import Any

import typer

from orchestrator.cli.options import ShownOptions
from orchestrator.reports.plain import console
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


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2))
