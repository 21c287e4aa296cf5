"""The flag of sides that change the job, for commands that compare."""

from collections.abc import Sequence
from typing import Annotated

import typer
from twinrun.v1 import job_pb2

from orchestrator.cli import completion
from orchestrator.cli.options import ALL, WhereOptions
from orchestrator.settings import by_code, config, versions
from orchestrator.settings import sides as named
from orchestrator.settings.config import Places
from orchestrator.trials.sides import Side, sides

SidesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--side",
        metavar="NAME[: FIELD=VALUE, ...]",
        help="A side: a framework, and what it changes in the job, such as 'pytorch: "
        "execution=compiled'. Once for each side, in place of --frameworks. pytorch-2.13.0 is "
        "that version, from 'make setup TORCH_VERSION=2.13.0' or by --runner.",
    ),
]

RunnersOption = Annotated[
    str,
    typer.Option(
        "--frameworks",
        help="Frameworks, and versions of them such as pytorch-2.13.0, separated by commas; where "
        "--runner names versions, those that it names.",
        autocompletion=completion.frameworks,
    ),
]


def compared(
    given: Sequence[str] | None,
    frameworks: str,
    spec: job_pb2.JobSpec,
    where: WhereOptions,
    *,
    least: int = 1,
) -> tuple[Side, ...]:
    """Return the sides by --side, or by versions of --runner, or else those of --frameworks.

    Raises BadInput.
    """
    if not given:
        by_address = versions.of_addresses(where.named) if frameworks == ALL else ()
        return by_address or sides(by_code.frameworks(config.compared(frameworks, least), spec))
    named.refuse_both("--frameworks", given=frameworks != ALL)
    return named.sides(given, spec)


def asked(frameworks: str, where: WhereOptions) -> tuple[tuple[str, ...], Places]:
    """Return the names of the runners of `RunnersOption`, and where they are. Raises BadInput."""
    names = versions.runners(frameworks, where.named, ALL)
    return names, where.places([Side.named(name) for name in names])
