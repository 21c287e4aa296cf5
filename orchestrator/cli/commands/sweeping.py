"""The command that runs a grid of comparisons."""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.actions.compare import raise_for
from orchestrator.actions.sweeps import train
from orchestrator.cli import completion, sides_option
from orchestrator.cli.options import (
    ALL,
    BaselineOption,
    FrameworksOption,
    JobOptions,
    LabelOption,
    RepeatOptions,
    ShownOptions,
    WhereOptions,
)
from orchestrator.cli.output import display_of, print_json, print_report
from orchestrator.cli.sides_option import SidesOption
from orchestrator.errors import Doubtful, NotTheSameJob
from orchestrator.language.phrases import Phrase, english, join
from orchestrator.language.words import LINES, OF
from orchestrator.reports import sweeps as report
from orchestrator.results.sweeps import as_dict
from orchestrator.runners.finding import Runners
from orchestrator.runners.progress import Display
from orchestrator.settings import grid as grids
from orchestrator.settings import sides as named
from orchestrator.settings.job import FLAGS, Flag
from orchestrator.storage import shelf
from orchestrator.trials.sides import Side, twice

_WARNED = Phrase("--strict: the result stands with warnings: {codes}.")


def _axis(name: str) -> object:
    """Return a job's flag that takes several values."""
    flag = FLAGS[name][0]
    return Annotated[str | None, Flag(help=flag.help, field=flag.field, metavar="V1,V2...")]


if TYPE_CHECKING:
    GridOptions = JobOptions
else:
    GridOptions = dataclasses.make_dataclass(
        "GridOptions",
        [(name, _axis(name), None) for name in FLAGS if grids.takes_several(name)],
        bases=(JobOptions,),
        frozen=True,
        kw_only=True,
    )


def sweep(
    job: GridOptions,
    where: WhereOptions,
    shown: ShownOptions,
    repeat: RepeatOptions,
    *,
    frameworks: FrameworksOption = ALL,
    side: SidesOption = None,
    baseline: BaselineOption = None,
    certify: Annotated[
        bool,
        typer.Option("--verify/--no-verify", help="First show that every side does the same job."),
    ] = True,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume",
            metavar="RUN",
            help="Go on with a sweep that ended early, as for 'show'; what it is to run is known, "
            "so flags of the job and of the interval are not read.",
            autocompletion=completion.runs,
        ),
    ] = None,
    label: LabelOption = "",
) -> None:
    """Compare the frameworks at every combination of several values, and say where they cross.

    Flags of the job, and --set, take values separated by commas. Each combination is a comparison
    with a certificate of its own; its pairs of trials are run in turn with those of the others.

    Example: orchestrator sweep --batch-size 16,64,256 --threads 1,2 --repeats 8
    """
    refused = repeat.refused()
    if resume is not None:
        run = shelf.find(resume, shown.output)
        taken = [Side.named(name) for name in train.resumable(run).sides]
        with _at_work(where, shown, taken, run.spec().epochs) as (runners, display):
            outcome = train.resume(run, runners, display)
    else:
        request = _request(job, repeat, where, frameworks=frameworks, side=side, baseline=baseline)
        request = dataclasses.replace(request, output=shown.output, certify=certify, label=label)
        epochs = max(spec.epochs for spec in request.jobs.values())
        with _at_work(where, shown, request.sides, epochs) as (runners, display):
            outcome = train.sweep(request, runners, display)
    found = outcome.found
    if shown.as_json:
        print_json(as_dict(found))
    else:
        print_report(report.report(found), plain_elsewhere=True)
    raise_for([outcome])
    wrong = [english(OF, name=c.name, what=c.finding) for c in found.cells if c.same_job is False]
    if wrong:
        raise NotTheSameJob(join(LINES, wrong))
    given = (each.code for several in found.warnings.values() for each in several)
    if codes := dict.fromkeys(code for code in given if code in refused):
        raise Doubtful(english(_WARNED, codes=", ".join(codes)))


def _request(
    job: GridOptions,
    repeat: RepeatOptions,
    where: WhereOptions,
    *,
    frameworks: str,
    side: list[str] | None,
    baseline: str | None,
) -> train.SweepRequest:
    """Return what is asked, and not where it is stored. Raises BadInput."""
    grid = grids.grid(job, job.changed or [])
    jobs = grid.jobs(job.workload)
    spec = next(iter(jobs.values()))
    compared = sides_option.compared(side, frameworks, spec, where)
    if repeat.twice:
        named.refuse_both("--aa", given=bool(side))
        compared = twice(repeat.twice.value)
    grids.check_sides(grid, compared)
    return train.SweepRequest(
        workload=job.title,
        grid=grid,
        jobs=jobs,
        sides=compared,
        baseline=named.baseline(baseline, compared, spec),
        plan=repeat.plan(),
    )


@contextmanager
def _at_work(
    where: WhereOptions, shown: ShownOptions, sides: Sequence[Side], epochs: int
) -> Iterator[tuple[Runners, Display]]:
    """Yield runners and a display; both end with the block."""
    with (
        closing(display_of(shown, tuple(side.name for side in sides), epochs)) as display,
        closing(Runners(where.places(sides), display.say)) as runners,
    ):
        yield runners, display
