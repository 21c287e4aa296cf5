"""The flag of sides that change the job, for commands that compare."""

from collections.abc import Sequence
from typing import Annotated

import typer
from twinrun.v1 import job_pb2

from orchestrator.cli.options import ALL
from orchestrator.settings import config
from orchestrator.settings import sides as named
from orchestrator.trials.sides import Side, sides

SidesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--side",
        metavar="NAME[: FIELD=VALUE, ...]",
        help="A side: a framework, and what it changes in the job, such as 'pytorch: "
        "execution=compiled'. Once for each side, in place of --frameworks.",
    ),
]


def compared(
    given: Sequence[str] | None, frameworks: str, spec: job_pb2.JobSpec, *, least: int = 1
) -> tuple[Side, ...]:
    """Return the sides by --side, or else those of --frameworks. Raises BadInput."""
    if not given:
        return sides(config.compared(frameworks, least))
    named.refuse_both("--frameworks", given=frameworks != ALL)
    return named.sides(given, spec)
