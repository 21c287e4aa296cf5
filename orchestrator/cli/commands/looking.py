"""Commands that show runners and their jobs."""

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from enum import StrEnum
from typing import Annotated, TypeVar

import typer
import yaml
from twinrun.v1 import job_pb2

from orchestrator.cli import completion, sides_option
from orchestrator.cli.options import (
    ALL,
    BaselineOption,
    FrameworksOption,
    JobOptions,
    JsonOption,
    WhereOptions,
)
from orchestrator.cli.output import print_json, print_report, to_stderr
from orchestrator.cli.sides_option import RunnersOption
from orchestrator.errors import BadInput, JobFailed, OrchestratorError, RunnerUnavailable
from orchestrator.frameworks import FRAMEWORKS, parted
from orchestrator.language import columns as cells
from orchestrator.language.phrases import Phrase, english, join, say
from orchestrator.language.words import LINES, OF
from orchestrator.reports import environments
from orchestrator.reports import summary as summary_report
from orchestrator.reports import workloads as workloads_report
from orchestrator.reports.writers.terminal import console
from orchestrator.results import summary as summaries
from orchestrator.runners import asking, local
from orchestrator.runners.client import Client
from orchestrator.runners.finding import Runners
from orchestrator.runners.planning import completed, untrained
from orchestrator.runners.progress import Lines
from orchestrator.runners.schedule import hurried, raise_unless_succeeded
from orchestrator.settings import by_code, config
from orchestrator.settings import workloads as presets
from orchestrator.settings.job import JobFlags
from orchestrator.storage import machine, store
from orchestrator.trials.sides import framework_of
from orchestrator.trials.states import state_name

T = TypeVar("T")

_INSECURE = Phrase(
    "The {framework} runner at {address} was started with --insecure: whoever reaches it from "
    "other machines may run jobs there."
)
_NO_JOBS = Phrase("There are no jobs.")
_WHICH = Phrase("Give 'workloads', or 'workloads show' and a name.")
_NEW = Phrase("Give 'workloads new --data PATH --target NAME' for a workload of your own data.")
_NO_JOB = Phrase("{given!r} is not the id of a job; 'orchestrator jobs' lists them.")
JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="An id from 'orchestrator jobs'.")]


def watch(job_id: JobArgument, where: WhereOptions, as_json: JsonOption = False) -> None:
    "Show the reports of a job and follow it to its end; it may have ended already."
    with closing(Runners(where.places(None), to_stderr)) as runners:
        framework, client = _with_job(job_id, runners, where)
        lines = Lines(typer.echo)
        for event in client.watch(job_id):
            if as_json:
                typer.echo(json.dumps(store.to_mapping(event)))
            else:
                lines.event(framework, event)
        raise_unless_succeeded(client.job(job_id), framework)


def cancel(job_id: JobArgument, where: WhereOptions) -> None:
    "End a waiting or running job; its reports are kept."
    with closing(Runners(where.places(None), to_stderr)) as runners:
        _, client = _with_job(job_id, runners, where)
        with hurried(client, to_stderr):
            client.cancel(job_id)
            for _ in client.watch(job_id):
                pass
        typer.echo(say(OF, name=job_id, what=state_name(client.job(job_id).state)))


def jobs(where: WhereOptions, frameworks: RunnersOption = ALL, as_json: JsonOption = False) -> None:
    """List each runner's jobs, newest first."""
    names, places = sides_option.asked(frameworks, where)
    with closing(Runners(places, to_stderr)) as runners:
        by_name, lost = _of_each(runners, names, lambda client: list(client.jobs()))
    listed = [job for jobs in by_name.values() for job in jobs]
    if as_json:
        print_json([store.to_mapping(job) for job in listed])
    for job in [] if as_json else listed:
        kind = job_pb2.JobKind.Name(job.kind).removeprefix("JOB_KIND_").lower()
        created = job.create_time.ToDatetime().isoformat(" ", "seconds")
        state = say(state_name(job.state))
        columns = [job.job_id, f"{created}Z", f"{kind:8}", cells.ljust(state, 9)]
        told = filter(None, (job.submitted_by, job.error.message))
        typer.echo("  ".join([*columns, *told]).rstrip())
    if not (listed or as_json or lost):
        to_stderr(say(_NO_JOBS))
    _raise_for(lost)


def _of_each(
    runners: Runners, names: Sequence[str], ask: Callable[[Client], T]
) -> tuple[dict[str, T], list[OrchestratorError]]:
    """Ask each framework's runner; one that cannot be reached does not hide what others say."""
    answers: dict[str, T] = {}
    lost = list[OrchestratorError]()
    for name in names:
        try:
            answers[name] = ask(runners.get(name))
        except (RunnerUnavailable, JobFailed) as error:
            lost.append(error)
    return answers, lost


def _environment(client: Client) -> job_pb2.Environment:
    """Return where jobs run, of the version that the runner's name asks for."""
    environment = client.environment()
    client.require_version(environment)
    return environment


def _raise_for(lost: Sequence[OrchestratorError]) -> None:
    if lost:
        raise type(lost[0])(join(LINES, [error.message for error in lost]))


def env(
    job: JobOptions,
    where: WhereOptions,
    *,
    frameworks: RunnersOption = ALL,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure",
            help="Also measure how fast the machine multiplies matrices and moves "
            "memory, with the job's device, precision and threads. Later "
            "comparisons refer to it.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show where each runner's jobs run: versions, devices, driver, CUDA, CPU, threads, BLAS.

    Example: orchestrator env --measure --threads 2
    """
    names, places = sides_option.asked(frameworks, where)
    rates: dict[str, job_pb2.MachineMeasured] = {}
    with closing(Runners(places, to_stderr, lazy=False)) as runners:
        by_name, lost = _of_each(runners, names, _environment)
        for name in by_name:
            if (client := runners.get(name)).info().insecure:
                to_stderr(say(_INSECURE, framework=name, address=client.address))
        if measure and by_name:
            asked = config.job_spec(job.workload, job.changes())
            specs = untrained(asked, tuple(by_name), runners)
            rates = {name: asking.rates(runners.get(name), spec) for name, spec in specs.items()}
            machine.keep_rates(rates, by_name, specs)
    if as_json:
        print_json(
            {
                name: store.to_mapping(environment)
                | ({"measured": store.to_mapping(rates[name])} if name in rates else {})
                for name, environment in by_name.items()
            }
        )
    elif by_name:
        print_report([environments.table(by_name, rates)])
    _raise_for(lost)


def summary(
    job: JobOptions,
    where: WhereOptions,
    *,
    frameworks: FrameworksOption = ALL,
    baseline: BaselineOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the model as each framework's users would build it and as it reports itself.

    Example: orchestrator summary --workload mnist-cnn
    """
    named = config.compared(frameworks)
    asked = config.job_spec(job.workload, job.changes())
    names = by_code.frameworks(named, asked)
    with closing(Runners(where.places(), to_stderr)) as runners:
        specs = untrained(asked, names, runners)
        models = {name: asking.model(runners.get(name), spec) for name, spec in specs.items()}
        result = summaries.summary(models, config.baseline(baseline, names))
    if as_json:
        print_json(summaries.as_dict(result))
    else:
        print_report(summary_report.report(result))


class _Action(StrEnum):
    LIST = "list"
    SHOW = "show"
    NEW = "new"


def workloads(
    where: WhereOptions,
    action: Annotated[
        _Action, typer.Argument(help="list, show to print one in full, or new for your data.")
    ] = _Action.LIST,
    workload: Annotated[
        str | None,
        typer.Argument(
            help="The workload to show: a preset, or your own file.",
            autocompletion=completion.presets,
        ),
    ] = None,
    *,
    data: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="With 'new': a file, or a folder of images."),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="With 'new': what is to be predicted."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the workloads; 'show' prints one in full, with every default filled in.

    The output is a workload too: change it, save it as mine.yaml, pass --workload mine.yaml.
    'new --data churn.csv --target churned' prints one for your own data.

    Example: orchestrator workloads show mnist-mlp
    """
    if (action is _Action.NEW) is not bool(data):
        raise BadInput(english(_NEW))
    if data is not None:
        from orchestrator.settings.workloads import new  # noqa: PLC0415 - NumPy takes a while

        names = JobFlags(data=data, target=target).changes().get("dataset.file.target", ())
        written = new.text(data, names)
        if as_json:
            print_json(yaml.safe_load(written))
        else:
            typer.echo(written, nl=False)
        return
    if (workload is None) is (action is _Action.SHOW):
        raise BadInput(english(_WHICH))
    if workload is None:
        listed = presets.presets()
        if as_json:
            print_json({preset.name: preset.spec for preset in listed})
        else:
            for line in workloads_report.lines(listed, console().width):
                typer.echo(line)
        return
    with (
        presets.lines_in_refusals(workload),
        closing(Runners(where.places(), lambda _: None)) as runners,
    ):
        spec = completed(config.job_spec(workload, {}), tuple(FRAMEWORKS)[:1], runners)
    mapping = store.to_mapping(spec)
    if as_json:
        print_json(mapping)
    else:
        typer.echo(yaml.safe_dump(mapping, sort_keys=False), nl=False)


def _with_job(job_id: str, runners: Runners, where: WhereOptions) -> tuple[str, Client]:
    """Return the runner that has a job, and its name: a framework, or a version of it.

    A runner begins the ids of its jobs with its framework. Raises BadInput; RunnerUnavailable if
    none that answers has it.
    """
    framework, _ = parted(job_id)
    if framework not in FRAMEWORKS:
        raise BadInput(english(_NO_JOB, given=job_id[:80]))
    places = where.places(None)
    given = [name for name in places.addresses if framework_of(name) == framework]
    *others, last = [name for name in given if places.addresses[name]] or [
        local.with_job(job_id, framework, places)
    ]
    lost = list[OrchestratorError]()
    for name in others:
        try:
            runners.get(name).job(job_id)
        except BadInput:
            continue  # it has no such job
        except RunnerUnavailable as error:
            lost.append(error)
        else:
            return name, runners.get(name)
    if lost:
        try:
            runners.get(last).job(job_id)
        except BadInput:
            _raise_for(lost)
    return last, runners.get(last)
