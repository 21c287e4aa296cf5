"""A command as Typer runs it: its flags, its language, and how it ends."""

import functools
import importlib
import inspect
import itertools
from typing import Any

import typer
from typer.core import TyperCommand

from orchestrator.cli import cluster_option
from orchestrator.cli.commands import COMMANDS
from orchestrator.cli.ending import errors_told, terminated_as_interrupted
from orchestrator.cli.groups import grouped
from orchestrator.cli.help import say_help
from orchestrator.cli.language_option import LanguageOption, chosen
from orchestrator.language.phrases import speaking
from orchestrator.settings import config, workloads

STRICT = "--strict"


class _Command(TyperCommand):
    """A command in which ``--strict`` takes its value or leaves it, as no flag of Click's can."""

    def parse_args(self, context: Any, arguments: list[str]) -> list[str]:
        """Parse, and take ``--strict`` without a value for all warnings."""
        before = [
            f"{STRICT}={config.EVERY}" if here == STRICT and after.startswith("-") else here
            for here, after in itertools.pairwise([*arguments, "-"])
        ]
        rest: list[str] = super().parse_args(context, before)
        cluster_option.remember(context)
        return rest


def command(name: str) -> Any:
    """Return Typer's command of that name, with a flag for its language."""
    module = importlib.import_module(f"orchestrator.cli.commands.{COMMANDS[name]}")
    body = grouped(getattr(module, name.replace("-", "_")))

    @functools.wraps(body)
    def run(context: typer.Context, lang: str | None, **given: Any) -> None:
        del lang  # `chosen` reads it
        with (
            errors_told(),
            speaking(chosen(context)),
            errors_told(),
            terminated_as_interrupted(),
            workloads.lines_in_refusals(given.get("workload")),
        ):
            body(**given)

    flags = inspect.signature(body).parameters.values()
    own = {"context": typer.Context, "lang": LanguageOption}
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for (name, kind), default in zip(own.items(), (inspect.Parameter.empty, None), strict=True)
    ]
    run.__signature__ = inspect.Signature([*flags, *added])  # type: ignore[attr-defined]
    run.__annotations__ = {**body.__annotations__, **own}
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(name, cls=_Command)(run)
    whole = typer.main.get_command(alone)
    for flag in whole.params:
        _name_variable(name, flag)
    say_help(whole)
    return whole


def _name_variable(command_name: str, flag: Any) -> None:
    """Name a flag's environment variable after the flag, whatever its parameter is called."""
    spelt = max(flag.opts, key=len).lstrip("-").replace("-", "_")
    if flag.param_type_name == "option" and spelt != flag.name:
        own = f"TWINRUN_{command_name}_{spelt}".upper()
        flag.envvar = [flag.envvar, own] if flag.envvar else own
        flag.allow_from_autoenv = False
