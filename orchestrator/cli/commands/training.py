"""Commands that train, and that evaluate trained weights."""

from collections.abc import Container, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Annotated

import typer

from orchestrator.actions import compare as comparing
from orchestrator.actions import evaluate as evaluating
from orchestrator.actions import threads, variants
from orchestrator.actions.cluster import together
from orchestrator.actions.cluster import train as clusters
from orchestrator.actions.cluster.sources import Source, asked, named_over
from orchestrator.cli import cluster_option, sides_option
from orchestrator.cli.cluster_option import ClusterOption, ExclusiveOption, OverOption
from orchestrator.cli.commands.keeping import RunArgument
from orchestrator.cli.options import (
    ALL,
    BaselineOption,
    FrameworkOption,
    FrameworksOption,
    JobOptions,
    LabelOption,
    Loop,
    Recipe,
    RepeatOptions,
    ShownOptions,
    WhereOptions,
)
from orchestrator.cli.output import display_of, print_json, print_report
from orchestrator.cli.pipeline import FailIfOption, PipelineOptions, Told, reported
from orchestrator.cli.sides_option import SidesOption
from orchestrator.cli.threads_option import JobWithThreads
from orchestrator.errors import Doubtful, NotTheSameJob
from orchestrator.language.phrases import Phrase, english, join, say
from orchestrator.language.words import KEPT, LINES
from orchestrator.reports import comparison
from orchestrator.reports import evaluation as evaluation_report
from orchestrator.reports import variants as variants_report
from orchestrator.results import evaluation
from orchestrator.results import variants as results
from orchestrator.results.comparison import same_job
from orchestrator.results.comparison_file import as_dict
from orchestrator.results.limits.condition import conditions
from orchestrator.results.limits.judging import raise_for
from orchestrator.runners.finding import Runners
from orchestrator.settings import config
from orchestrator.settings import sides as named
from orchestrator.settings.keeping import Exclusive
from orchestrator.storage import shelf
from orchestrator.storage.about import Kind
from orchestrator.trials.sides import sides, twice

_WARNED = Phrase("--strict: the result stands with warnings: {codes}.")


def compare(
    job: JobWithThreads,
    where: WhereOptions,
    shown: ShownOptions,
    repeat: RepeatOptions,
    pipeline: PipelineOptions,
    *,
    frameworks: FrameworksOption = ALL,
    side: SidesOption = None,
    baseline: BaselineOption = None,
    recipe: Annotated[
        Recipe,
        typer.Option(
            help="matched: the same arithmetic; idiomatic: as each framework's users "
            "write it; both: one after the other, and how much of the "
            "difference is data.",
        ),
    ] = Recipe.MATCHED,
    loop: Annotated[
        Loop | None,
        typer.Option(
            help="fit: each framework's own, the default; custom: a step written by "
            "hand; both: side by side, each with the default execution and op "
            "by op.",
        ),
    ] = None,
    certify: Annotated[
        bool,
        typer.Option("--verify/--no-verify", help="First show that every side does the same job."),
    ] = True,
    concurrent: Annotated[
        bool,
        typer.Option("--concurrent", help="Run at the same time, if each runner has its own GPU."),
    ] = False,
    profile: Annotated[
        bool,
        typer.Option(
            "--profile", help="Show which operations take the time, by each framework's profiler."
        ),
    ] = False,
    cluster: ClusterOption = None,
    exclusive: ExclusiveOption = Exclusive.MACHINE,
    over: OverOption = None,
    fail_if: FailIfOption = None,
    label: LabelOption = "",
) -> None:
    """Train the same job on each framework, one after the other, and compare the results.

    Example: orchestrator compare --epochs 5 --repeats 10
    """
    spec = config.job_spec(job.workload, {**job.changes(), **variants.of_recipe(recipe)})
    refused = repeat.refused()
    kind = variants.asked(spec, recipe, loop)
    compared = sides_option.compared(side, frameworks, spec, where)
    if repeat.twice:
        named.refuse_both("--aa", given=bool(side))
        compared = twice(repeat.twice.value)
    if kind:
        named.refuse_variants(given=bool(side))
    if best := job.threads == threads.BEST:
        threads.check(compared, variants=kind is not None)
    machines = asked(cluster, exclusive)
    several = {"--recipe=both": recipe is Recipe.BOTH, "--loop=both": loop is Loop.BOTH}
    own = {**several, "--threads=best": best, "--concurrent": concurrent}
    if over is not None:
        flags = {**cluster_option.given(), **own, "--cluster": cluster is not None}
        together.check(flags, compared, [spec])
    if machines is not None:
        clusters.check({**cluster_option.given(), **own})
    first = named.baseline(baseline, compared, spec)
    conditions(fail_if, [each.name for each in compared], first)  # before anything runs
    request = comparing.ComparisonRequest(
        job.title,
        spec,
        compared,
        shown.output,
        certify=certify,
        concurrent=concurrent,
        plan=replace(repeat.plan(), fail_if=fail_if),
        profile=profile,
        baseline=first,
        label=label,
        best_threads=best,
        over=named_over(over),
    )
    with reported(pipeline, f"compare {job.title}") as told:
        if kind:
            outcomes = _train_variants(kind, request, where, shown, told)
        else:
            outcomes = [_train(request, where, shown, told, machines)]
        raise_unless_the_same(outcomes)
        _raise_for_cautions(outcomes, refused)
        raise_for([made for each in outcomes for made in each.comparison.decisions])


def train(
    job: JobOptions,
    where: WhereOptions,
    shown: ShownOptions,
    framework: FrameworkOption,
    *,
    label: LabelOption = "",
) -> None:
    """Train a job on one framework.

    Example: orchestrator train --framework pytorch --workload synthetic-mlp
    """
    spec = config.job_spec(job.workload, job.changes())
    _train(
        comparing.ComparisonRequest(
            job.title, spec, sides([framework.value]), shown.output, label=label
        ),
        where,
        shown,
        Told(),
    )


def evaluate(
    run: RunArgument,
    where: WhereOptions,
    shown: ShownOptions,
    framework: FrameworkOption,
    *,
    trial: Annotated[int, typer.Option(min=1, help="Number of the framework's trial.")] = 1,
    weights_from: Annotated[
        str | None,
        typer.Option(
            metavar="SIDE", help="The side that trained the weights, if it was another one."
        ),
    ] = None,
) -> None:
    """Evaluate the weights of a finished trial on the test split, in any framework.

    Prints precision and recall of each class, a confusion matrix, and the latency of a batch. A
    binary job has ROC and precision-recall curves too, and one of numbers its residuals.

    Example: orchestrator evaluate latest --framework tensorflow --weights-from pytorch
    """
    name = framework.value
    stored = shelf.find(run, shown.output)
    request = evaluating.Request(stored, name, weights_from or name, trial)
    with (
        closing(display_of(shown, (name,), 1)) as display,
        closing(Runners(where.places(), display.say)) as runners,
    ):
        result, faults = evaluating.evaluate(request, runners, display)
        display.say(say(KEPT, path=stored.path))
    if shown.as_json:
        print_json(evaluation.as_dict(result))
    else:
        print_report(evaluation_report.report(result))
    if faults:
        raise NotTheSameJob(join(LINES, faults))


def _train(
    request: comparing.ComparisonRequest,
    where: WhereOptions,
    shown: ShownOptions,
    told: Told,
    machines: Source | None = None,
) -> comparing.Outcome:
    with closing(display_of(shown, request.names, request.spec.epochs)) as display:
        if machines is not None:
            outcome = clusters.compare_over(request, machines, display)
        else:
            outcome = comparing.train_with_runners(request, where.places(request.sides), display)
    told.comparison(outcome.comparison, outcome.run.path.name)
    if shown.as_json:
        print_json(as_dict(outcome.comparison))
    else:
        print_report(comparison.report(outcome.comparison), plain_elsewhere=True)
    comparing.raise_for([outcome])
    return outcome


def _train_variants(
    kind: Kind,
    request: comparing.ComparisonRequest,
    where: WhereOptions,
    shown: ShownOptions,
    told: Told,
) -> list[comparing.Outcome]:
    with (
        closing(display_of(shown, request.names, request.spec.epochs)) as display,
        comparing.runners_for(request, where.places(request.sides), display) as runners,
    ):
        result, outcomes = variants.train_variants(kind, request, runners, display)
    for each in outcomes:
        told.comparison(each.comparison, each.run.about().name)
    if shown.as_json:
        print_json(results.as_dict(result))
    else:
        compared = {each.run.path.name: each.comparison for each in outcomes}
        print_report(variants_report.report(result, compared))
    comparing.raise_for(outcomes)
    return outcomes


def raise_unless_the_same(outcomes: Sequence[comparing.Outcome]) -> None:
    """Raise NotTheSameJob if a comparison should be of the same job, and is not."""
    failed = [outcome for outcome in outcomes if same_job(outcome.comparison) is False]
    if failed:
        raise NotTheSameJob(failed[0].comparison.finding)


def _raise_for_cautions(outcomes: Sequence[comparing.Outcome], refused: Container[str]) -> None:
    given = (each.code for outcome in outcomes for each in outcome.comparison.cautions)
    codes = dict.fromkeys(code for code in given if code in refused)
    if codes:
        raise Doubtful(english(_WARNED, codes=", ".join(codes)))
