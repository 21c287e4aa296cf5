"""The command line: ``orchestrator``, its commands, and the sources of their flags."""

import atexit
import gc
import io
import os
import sys
from importlib import metadata
from typing import Annotated, Any

import typer

from orchestrator.cli.ending import errors_told
from orchestrator.cli.help import say_help
from orchestrator.cli.language_option import LanguageOption, chosen
from orchestrator.cli.lazy import Commands
from orchestrator.errors import OrchestratorError
from orchestrator.language.phrases import Phrase, say, speaking
from orchestrator.settings import file as settings
from orchestrator.settings import locales

_ERROR = Phrase("orchestrator: {message}")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"twinrun {metadata.version('twinrun')}")
        raise typer.Exit


_VersionOption = Annotated[
    bool,
    typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True),
]


def _before(
    context: typer.Context, lang: LanguageOption = None, version: _VersionOption = False
) -> None:
    """Set a flag: from the command line, else the environment, else the file, else its default."""
    del lang, version  # `chosen` and `_print_version` read them
    with errors_told(), speaking(chosen(context)), errors_told():
        file = settings.path()
        if file is not None:  # only then import every command, for its flags
            context.default_map = settings.defaults(_flags(context.command), file)


app = typer.Typer(
    cls=Commands,
    callback=_before,
    help="Run exactly the same training job on each framework, and report which was "
    "faster.\n\nExit codes: 0 success; 1 an unforeseen error; 2 invalid input; 3 "
    "no runner could be reached, or it is the wrong one; 4 a job failed; 5 "
    "results could not be written; 6 not shown to be the same job; 7 the result "
    "stands with warnings, and --strict is set; 8 a limit of --fail-if or "
    "--fail-if-slower is exceeded; 9 the measurements do not decide whether it "
    "is; 130 interrupted (what has "
    "finished is kept); 141 nobody reads the output any "
    "more.\n\nAny flag can also be set by an environment variable (--batch-size of "
    "compare: TWINRUN_COMPARE_BATCH_SIZE), or in twinrun.toml "
    "(here or in ~/.config/twinrun; $TWINRUN_CONFIG names another): a key at "
    "the top is a flag of every command, one in a table such as \\[compare] of "
    "that command only.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line of ``orchestrator``."""
    # Else the interpreter looks through all objects before it ends, which takes 0.2 s.
    atexit.register(gc.freeze)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # its encoding may lack characters
    commands = group()
    try:
        language = locales.asked(sys.argv) or locales.of(os.environ)
    except OrchestratorError as error:
        typer.echo(say(_ERROR, message=error.message), err=True)
        sys.exit(error.exit_code)
    with speaking(language):
        say_help(commands)
        commands(auto_envvar_prefix="TWINRUN")


def group() -> Any:
    """Return all commands, as Click's group."""
    return typer.main.get_command(app)


def _flags(commands: Any) -> dict[str, dict[str, str]]:
    """Return each command's flags without leading dashes, and the parameters that they set."""
    return {
        name: {
            flag.lstrip("-"): parameter.name
            for parameter in command.params
            for flag in parameter.opts
            if flag.startswith("--")
        }
        for name, command in commands.commands.items()
    }
