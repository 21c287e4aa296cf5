"""How a command takes a group of flags as one argument."""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_args, get_type_hints

import typer

from orchestrator.settings.job import Flag

JOB = "The job"  # the panel of its flags


def grouped(function: Callable[..., None]) -> Callable[..., None]:
    """Make each field of the dataclasses that ``function`` takes a flag of the command."""
    flags: list[inspect.Parameter] = []
    groups: dict[str, Any] = {}
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        group = parameter.annotation
        if not dataclasses.is_dataclass(group):
            flags.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        groups[parameter.name] = group
        hints = get_type_hints(group, include_extras=True)
        flags += [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=field.default,
                annotation=_for_typer(hints[field.name]),
            )
            for field in dataclasses.fields(group)
        ]

    def command(**given: Any) -> None:
        for name, group in groups.items():
            fields = [field.name for field in dataclasses.fields(group)]
            given[name] = group(**{field: given.pop(field) for field in fields})
        function(**given)

    command.__name__, command.__doc__ = function.__name__, function.__doc__
    command.__annotations__ = {flag.name: flag.annotation for flag in flags}
    command.__signature__ = inspect.Signature(flags)  # type: ignore[attr-defined]
    return command


def _for_typer(annotation: Any) -> Any:
    """Return a job's flag in Typer's form; any other annotation unchanged."""
    kind, *metadata = get_args(annotation) or (annotation,)
    for flag in metadata:
        if isinstance(flag, Flag):
            option = typer.Option(help=flag.help, metavar=flag.metavar, rich_help_panel=JOB)
            return Annotated[kind, option]
    return annotation
