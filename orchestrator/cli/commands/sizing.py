"""The command that finds the largest batch."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.actions.largest import LargestRequest, largest
from orchestrator.cli import sides_option
from orchestrator.cli.options import ALL, FrameworksOption, JobOptions, JsonOption, WhereOptions
from orchestrator.cli.output import print_json, print_report, to_stderr
from orchestrator.cli.sides_option import SidesOption
from orchestrator.reports.largest import report
from orchestrator.results.largest import as_dict
from orchestrator.runners.finding import Runners
from orchestrator.runners.progress import Lines
from orchestrator.settings import config
from orchestrator.settings.sizes import bytes_of


def largest_batch(
    job: JobOptions,
    where: WhereOptions,
    *,
    frameworks: FrameworksOption = ALL,
    side: SidesOption = None,
    memory: Annotated[
        str | None,
        typer.Option(
            "--memory",
            metavar="SIZE",
            help="What a try may have resident on the host, such as 4GB or 512MiB; default: four "
            "fifths of what is free, so that nothing is swapped out.",
        ),
    ] = None,
    within: Annotated[
        str,
        typer.Option(
            "--within",
            metavar="SHARE",
            help="End when a batch that does not fit is at most so much larger, such as 5%.",
        ),
    ] = "5%",
    as_json: JsonOption = False,
) -> None:
    """Find the largest batch that each side can train, by tries of four steps.

    It begins with the job's batch size, doubles or halves it, and then tries the middle. Each try
    is a process of its own. Memory that runs out is an answer: an error of the framework, a process
    that the system killed, or one that had more resident than --memory.

    Example: orchestrator largest-batch --workload mnist-cnn --memory 4GB
    """
    spec = config.job_spec(job.workload, job.changes())
    request = LargestRequest(
        job.title,
        spec,
        sides_option.compared(side, frameworks, spec, where),
        Path(),  # nothing is kept
        memory=None if memory is None else bytes_of("--memory", memory),
        within=config.fraction("--within", within),
    )
    with closing(Runners(where.places(request.sides), to_stderr)) as runners:
        found, limit = largest(request, runners, Lines(to_stderr))
    if as_json:
        print_json(as_dict(found, limit))
    else:
        print_report(report(found, limit))
