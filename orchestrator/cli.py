"""The command line: parse, call, print, exit code."""

import functools
import inspect
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import typer

from orchestrator import locales, settings, workloads
from orchestrator.commands import COMMANDS
from orchestrator.errors import OrchestratorError
from orchestrator.help import say_help
from orchestrator.language import Phrase, current, english, say, speaking
from orchestrator.options import LanguageOption, grouped
from orchestrator.output import to_stderr

_EXIT_INTERRUPTED = 130
_ERROR = Phrase("orchestrator: {message}")
_INTERRUPTED = Phrase("interrupted; what was finished is kept")

app = typer.Typer(
    help="Run exactly the same training job on PyTorch and on TensorFlow, and say which was "
    "faster.\n\nExit codes: 0 success; 1 an unforeseen fault; 2 bad input; 3 no runner could be "
    "reached, or it is the wrong one; 4 a job failed; 5 results could not be written; "
    "6 not shown to be the same job; 7 the result stands with warnings, and --strict was given; "
    "130 interrupted (what was finished is kept).\n\nEvery flag can be given as an environment "
    "variable too (--batch-size of compare: TWINRUN_COMPARE_BATCH_SIZE), or in twinrun.toml (here "
    "or in ~/.config/twinrun; $TWINRUN_CONFIG names another): a key at the top is a flag of every "
    "command, one in a table such as \\[compare] of that command alone.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """A flag: from the command line, else the environment, else the file, else its default."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # what its encoding has not is no fault
    commands = group()
    try:
        language = locales.of(os.environ)
        with speaking(language):
            found = settings.defaults(_flags(commands), settings.path())
    except OrchestratorError as error:
        to_stderr(say(_ERROR, message=error.message))
        sys.exit(error.exit_code)
    with speaking(locales.asked(sys.argv) or language):
        say_help(commands)
    with speaking(language):
        commands(default_map=found, auto_envvar_prefix="TWINRUN")


def group() -> Any:
    """All commands, as Click has them."""
    return typer.main.get_command(app)


@app.callback()
def _before(lang: LanguageOption = None) -> None:
    """What may stand before a command."""
    del lang  # `_language` finds it


def _flags(commands: Any) -> dict[str, dict[str, str]]:
    """Each command's flags without dashes before them, and the parameters that they set."""
    return {
        name: {
            flag.lstrip("-"): parameter.name
            for parameter in command.params
            for flag in parameter.opts
            if flag.startswith("--")
        }
        for name, command in commands.commands.items()
    }


def _command(function: Callable[..., None]) -> Callable[..., None]:
    """Add a command, with a flag for its language."""
    body = grouped(function)

    @functools.wraps(body)
    def command(context: typer.Context, lang: str | None, **given: Any) -> None:
        del lang  # `_language` finds it
        with (
            _errors_told(),
            speaking(_language(context)),
            _errors_told(),
            _terminated_as_interrupted(),
            workloads.lines_in_refusals(given.get("workload")),
        ):
            body(**given)

    flags = inspect.signature(body).parameters.values()
    own = {"context": typer.Context, "lang": LanguageOption}
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for (name, kind), default in zip(own.items(), (inspect.Parameter.empty, None), strict=True)
    ]
    command.__signature__ = inspect.Signature([*flags, *added])  # type: ignore[attr-defined]
    command.__annotations__ = {**body.__annotations__, **own}
    app.command(function.__name__.removesuffix("_"))(command)  # `open_` is no builtin
    return function


def _language(context: typer.Context) -> str:
    """As the command line says, behind the command or before it; else the environment, the file."""
    for source in ("COMMANDLINE", "ENVIRONMENT", "DEFAULT_MAP"):
        for each in (context, context.parent):
            told = each.get_parameter_source("lang") if each else None
            if each and told and told.name == source:
                return locales.named(each.params["lang"])
    return current()


@contextmanager
def _errors_told() -> Iterator[None]:
    """The only place where an error becomes a message and an exit code."""
    try:
        yield
    except OrchestratorError as error:
        to_stderr(say(_ERROR, message=error.message))
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        to_stderr(say(_ERROR, message=english(_INTERRUPTED)))
        raise typer.Exit(_EXIT_INTERRUPTED) from None


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


for _function in COMMANDS:
    _command(_function)
