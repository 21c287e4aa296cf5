"""The command that shows how far the frameworks are apart in each kind by itself."""

from contextlib import closing
from typing import Annotated

import typer
from twinrun.contract.enums import Device, Execution, Precision

from orchestrator.actions import parity as action
from orchestrator.cli import sides_option
from orchestrator.cli.options import ALL, FrameworksOption, LabelOption, ShownOptions, WhereOptions
from orchestrator.cli.output import display_of, print_json, print_report
from orchestrator.cli.sides_option import SidesOption
from orchestrator.errors import JobFailed, NotTheSameJob
from orchestrator.language.phrases import Phrase, english, join
from orchestrator.language.words import COMMA, LINES
from orchestrator.reports import parity as report
from orchestrator.results.parity import as_dict
from orchestrator.runners.finding import Runners
from orchestrator.settings import config
from orchestrator.settings import parity as settings
from orchestrator.settings.sides import kind_by_kind

_NOT_THE_SAME = Phrase("Further apart than rounding explains: {names}.")


def parity(
    where: WhereOptions,
    shown: ShownOptions,
    *,
    frameworks: FrameworksOption = ALL,
    side: SidesOption = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND",
            help="Only this kind of layer, activation, loss, optimizer, schedule, clipping or "
            "decay, such as conv2d, or a whole group, such as layers. Repeatable.",
        ),
    ] = None,
    precision: Annotated[
        list[Precision] | None,
        typer.Option(
            help="Repeatable. On cpu bfloat16 takes AVX-512.", show_default="float64,float32"
        ),
    ] = None,
    execution: Annotated[
        list[Execution] | None, typer.Option(help="Repeatable.", show_default="default")
    ] = None,
    device: Annotated[Device, typer.Option(help="Where it is computed.")] = Device.CPU,
    label: LabelOption = "",
) -> None:
    """Compare the frameworks in each kind of layer, loss and optimizer by itself: a table.

    Forward and gradient, as matched jobs and by each framework's own layers and defaults, from
    equal initial values. Exit code 6: a matched one is further apart than rounding explains.

    Example: orchestrator parity --only conv2d --only batch_norm
    """
    given = sides_option.compared(side, frameworks, config.job_spec(None, {}), where, least=2)
    compared = kind_by_kind(given, ["execution"] if execution else [])
    names = tuple(each.name for each in compared)
    request = action.ParityRequest(
        settings.cases(only or ()),
        compared,
        precision or [Precision.FLOAT64, Precision.FLOAT32],
        execution or [Execution.DEFAULT],
        *(shown.output, device, label),
    )
    with (
        closing(display_of(shown, names, 1)) as display,
        closing(Runners(where.places(compared), display.say)) as runners,
    ):
        outcome = action.run_parity(request, runners, display)
    found = outcome.found
    if shown.as_json:
        print_json(as_dict(found))
    else:
        print_report(report.report(found))
    if outcome.interrupted:
        raise KeyboardInterrupt
    if outcome.ended:
        raise outcome.ended
    if wrong := found.wrong:
        raise NotTheSameJob(english(_NOT_THE_SAME, names=join(COMMA, map(found.name, wrong))))
    if faults := [why for row in found.rows if row.matched is None for why in row.lacking]:
        raise JobFailed(join(LINES, faults))
