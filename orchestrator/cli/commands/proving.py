"""Commands that show that it is the same job, and what happens if it is not."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from enum import StrEnum
from typing import Annotated

import typer
from twinrun.contract.enums import Device

from orchestrator.actions import explain as explaining
from orchestrator.actions import porting
from orchestrator.actions import verify as proof
from orchestrator.actions.cluster import together
from orchestrator.actions.cluster.sources import named_over
from orchestrator.actions.request import Request
from orchestrator.certificate import certificate_file
from orchestrator.certificate.certificate import Certificate
from orchestrator.certificate.certificates import Certificates, pair
from orchestrator.cli import cluster_option, sides_option
from orchestrator.cli.cluster_option import OverOption
from orchestrator.cli.devices_option import JobOnDevices
from orchestrator.cli.options import (
    ALL,
    BaselineOption,
    FrameworksOption,
    IsolateOption,
    JobOptions,
    LabelOption,
    ReproduceOption,
    ShownOptions,
    WhereOptions,
)
from orchestrator.cli.output import display_of, print_json, print_report, say_of
from orchestrator.cli.pipeline import PipelineOptions, reported
from orchestrator.cli.sides_option import SidesOption
from orchestrator.errors import JobFailed, NotTheSameJob
from orchestrator.language.phrases import Phrase, Sentence, english, join, say
from orchestrator.language.words import COMMA, LINES, OF
from orchestrator.reports import certificate as certificate_report
from orchestrator.reports import checks, explanation
from orchestrator.reports.grid import Said
from orchestrator.reports.habits import attribution
from orchestrator.results.habits import pitfalls
from orchestrator.runners.finding import Runners
from orchestrator.settings import by_devices, config, versions, workloads
from orchestrator.settings import sides as named

_NOT_SHOWN = Phrase("Not shown to be the same job: {names}.")
_FOR_A_GPU = Phrase(
    "Left out, since a step of it takes seconds on a CPU: {names}. --device cuda takes all."
)


def verify(
    job: JobOnDevices,
    where: WhereOptions,
    shown: ShownOptions,
    pipeline: PipelineOptions,
    *,
    frameworks: FrameworksOption = ALL,
    side: SidesOption = None,
    baseline: BaselineOption = None,
    steps: Annotated[
        int | None,
        typer.Option(metavar="N", help="Run only N steps of each epoch, including its last one."),
    ] = None,
    all_workloads: Annotated[
        bool, typer.Option("--all", help="All workloads, of those for a GPU only on one.")
    ] = False,
    isolate: IsolateOption = False,
    reproduce: ReproduceOption = None,
    over: OverOption = None,
    label: LabelOption = "",
) -> None:
    """Show that the frameworks do the same job, and keep the evidence: a certificate.

    One epoch in float64 by default; with --precision float32 each framework is also compared
    with its own rounding. Exit code 6: not shown to be the same job.

    Example: orchestrator verify --workload mnist-mlp --epochs 5
    """

    def asked(workload: str | None) -> Request:
        changes = proof.VERIFIED | job.changes() | {"steps_per_epoch_limit": steps}
        spec = config.job_spec(workload, changes)
        name = workloads.title(workload) if workload else job.title
        least = 1 if len(job.device_counts) > 1 else 2
        compared = sides_option.compared(side, frameworks, spec, where, least=least)
        compared = by_devices.each(job.device_counts, compared, spec)
        versions.check_used(where.named, compared)
        if over is not None:
            together.check(cluster_option.given(), compared, [spec])
        first = named.baseline(baseline, compared, spec)
        request = Request(name, spec, compared, shown.output, first, label)
        proof.check(request)
        return request

    about = "all" if all_workloads else job.title
    with reported(pipeline, f"verify {about}") as told:
        certificates: dict[str, list[Certificate]] = {}
        faults: list[Sentence] = []
        several = _every(job, say_of(shown)) if all_workloads else [job.workload]
        requests = [asked(workload) for workload in several]
        needed = tuple(dict.fromkeys(name for each in requests for name in each.runner_names))
        given = named_over(over), needed, where.places(None), say_of(shown)
        with together.runners(*given) as runners:
            further = porting.further(runners, isolate=isolate, reproduce=reproduce)
            runners.prepare(needed)
            for request in (replace(each, further=further) for each in requests):
                name = request.workload
                try:
                    with closing(display_of(shown, request.names, request.spec.epochs)) as display:
                        _, certificates[name] = proof.verify(request, runners, display)
                except JobFailed as error:  # other workloads are still verified
                    faults.append(english(OF, name=name, what=error.message))
                    continue
                told.checks += checks.of_certificates(certificates[name], name)
                for certificate in certificates[name]:
                    said = tuple(certificate_report.report(name, certificate))
                    told.parts(said)
                    if not shown.as_json:
                        print_report(said)
        if shown.as_json:
            made = {
                name: certificate_file.as_dict(Certificates(several))
                for name, several in certificates.items()
            }
            print_json(made if all_workloads else made.get(job.title))
        if faults:
            raise JobFailed(join(LINES, faults))
        failed = [
            name if len(several) == 1 else english(OF, name=name, what=pair(each))
            for name, several in certificates.items()
            for each in several
            if not each.same_job
        ]
        if failed:
            raise NotTheSameJob(english(_NOT_SHOWN, names=join(COMMA, failed)))


def _every(job: JobOptions, tell: Callable[[str], None]) -> list[str]:
    """Return all workloads that the job's device takes in minutes, and tell of the others."""
    if job.device == Device.CUDA:
        return workloads.names()
    tell(say(_FOR_A_GPU, names=join(COMMA, sorted(workloads.FOR_A_GPU))))
    return [name for name in workloads.names() if name not in workloads.FOR_A_GPU]


class _Recipe(StrEnum):
    MATCHED = "matched"
    BOTH = "both"


def explain(
    job: JobOptions,
    where: WhereOptions,
    shown: ShownOptions,
    *,
    frameworks: FrameworksOption = ALL,
    side: SidesOption = None,
    baseline: BaselineOption = None,
    pitfall: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help=f"Only this one, and each that is named so: {', '.join(pitfalls.NAMES)}.",
        ),
    ] = None,
    recipe: Annotated[
        _Recipe,
        typer.Option(
            help="both: also run the idiomatic recipe, and say how much of its gap in the metric "
            "comes from each difference."
        ),
    ] = _Recipe.MATCHED,
    all_pairs: Annotated[
        bool,
        typer.Option("--all-pairs", help="Also introduce each two at once: do they interact?"),
    ] = False,
    label: LabelOption = "",
    repeats: Annotated[
        int,
        typer.Option(
            "--repeats",
            "-n",
            min=1,
            max=1000,
            help="Pairs of trials of each difference, each pair with the next seed. An interval "
            "needs 6.",
        ),
    ] = 1,
) -> None:
    """Introduce one difference at a time into the same job, and show its effect on the comparison.

    One epoch by default. A difference that cannot touch the job is not run.

    Example: orchestrator explain --pitfall adam-epsilon
    """
    spec = config.job_spec(job.workload, {"epochs": 1} | job.changes())
    compared = named.explained(sides_option.compared(side, frameworks, spec, where, least=2))
    names = tuple(each.name for each in compared)
    chosen = explaining.chosen(pitfall or (), spec.device, names)
    first = named.baseline(baseline, compared, spec)
    with (
        closing(display_of(shown, names, spec.epochs)) as display,
        closing(Runners(where.places(compared), display.say)) as runners,
    ):
        request = explaining.ExplanationRequest(
            *(job.title, spec, compared, shown.output, first, label),
            pitfalls=chosen,
            repeats=repeats,
            all_pairs=all_pairs,
            idiomatic=recipe is _Recipe.BOTH,
        )
        outcome = explaining.run_explanation(request, runners, display)
    found = outcome.found
    if shown.as_json:
        print_json(explaining.mapping_of(found, job.title))
    else:
        for rows, several in zip(found.pairs, found.together, strict=True):
            if len(found.pairs) > 1:
                print_report([Said(say(explanation.pair(rows)), strong=True)])
            print_report(explanation.report(rows, found.passed))
            print_report(attribution.report(rows, several))
    if pitfall and not shown.as_json:
        for each in chosen:
            typer.echo("\n" + explanation.paragraph(each))
    if outcome.interrupted:
        raise KeyboardInterrupt
    if outcome.faults:
        raise JobFailed(join(LINES, outcome.faults))
    if outcome.ended:
        raise outcome.ended
