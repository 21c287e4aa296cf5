"""The command line: parse, call, print, exit code."""

import functools
import json
import signal
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from types import FrameType
from typing import Annotated, Any

import typer
from rich.console import Console
from twinrun.v1 import job_pb2

from orchestrator import certificate, config, environments, proof, report, session, store, workloads
from orchestrator.certificate_report import certificate_report
from orchestrator.compare import as_dict
from orchestrator.errors import BadInput, JobFailed, NotTheSameJob, OrchestratorError
from orchestrator.options import Framework, JobOptions, ShownOptions, WhereOptions, grouped
from orchestrator.progress import Bars, Display, Lines
from orchestrator.runners import Runners
from orchestrator.schedule import raise_unless_succeeded
from orchestrator.words import label, number, percent, state_name

_EXIT_INTERRUPTED = 130

app = typer.Typer(
    help="Run exactly the same training job on PyTorch and on TensorFlow, and say which was "
    "faster.\n\nExit codes: 0 success; 1 an unforeseen fault; 2 bad input; 3 no runner could be "
    "reached, or it is the wrong one; 4 a job failed; 5 results could not be written; "
    "6 not shown to be the same job; "
    "130 interrupted (what was finished is kept).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
FrameworkOption = Annotated[Framework, typer.Option("--framework", "-f", help="Which one.")]
JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="As 'orchestrator jobs' lists it.")]
FrameworksOption = Annotated[str, typer.Option(help="Which, and in which order, with commas.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]
_ALL = ",".join(config.FRAMEWORKS)
# What `verify` changes of a workload, unless a flag says otherwise.
_VERIFIED = {"epochs": 1, "precision": "PRECISION_FLOAT64"}


def main() -> None:
    app()


def _command(function: Callable[..., None]) -> Callable[..., None]:
    """Add a command. The only place where an error becomes a message and an exit code."""
    body = grouped(function)

    @functools.wraps(body)
    def command(**given: Any) -> None:
        try:
            with _terminated_as_interrupted():
                body(**given)
        except OrchestratorError as error:
            _to_stderr(f"orchestrator: {error.message}")
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            _to_stderr("orchestrator: interrupted; what was finished is kept")
            raise typer.Exit(_EXIT_INTERRUPTED) from None

    app.command()(command)
    return function


@_command
def compare(
    job: JobOptions,
    where: WhereOptions,
    shown: ShownOptions,
    *,
    frameworks: FrameworksOption = _ALL,
    certify: Annotated[
        bool,
        typer.Option("--verify/--no-verify", help="Show first that it is the same job on both."),
    ] = True,
    concurrent: Annotated[
        bool,
        typer.Option("--concurrent", help="At the same time, where each runner has its own GPU."),
    ] = False,
) -> None:
    """Train the same job on each framework, one after the other, and set the results side by side.

    Example: orchestrator compare --epochs 5 --execution compiled
    """
    names = config.frameworks(frameworks)
    _train(job, where, shown, names, certify=certify, concurrent=concurrent)


@_command
def verify(
    job: JobOptions,
    where: WhereOptions,
    shown: ShownOptions,
    *,
    frameworks: FrameworksOption = _ALL,
    steps: Annotated[
        int | None,
        typer.Option(metavar="N", help="Only N steps of each epoch, its last one among them."),
    ] = None,
    all_workloads: Annotated[bool, typer.Option("--all", help="Every workload.")] = False,
) -> None:
    """Show that the frameworks do the same job, and keep the evidence: a certificate.

    One epoch in float64, unless told otherwise; with --precision float32 each framework is held
    against its own rounding too. Exit code 6: not shown to be the same job.

    Example: orchestrator verify --workload mnist-mlp --epochs 5
    """
    names = config.frameworks(frameworks)
    if len(names) != 2:
        raise BadInput(f"A certificate is of two frameworks; --frameworks names {len(names)}.")
    found = {}
    with closing(Runners(where.places(), _say(shown))) as runners:
        runners.prepare(names)
        for workload in workloads.names() if all_workloads else [job.workload]:
            given = {name: value for name, value in job.changes().items() if value is not None}
            changes = _VERIFIED | given | {"steps_per_epoch_limit": steps}
            spec = config.job_spec(workload, changes)
            with closing(_display(shown, names, spec.epochs)) as display:
                request = proof.Request(workload, spec, names, shown.output)
                _, found[workload] = proof.verify(request, runners, display)
            if not shown.as_json:
                Console(highlight=False).print(certificate_report(workload, found[workload]))
    if shown.as_json:
        made = {name: certificate.as_dict(each) for name, each in found.items()}
        _print_json(made if all_workloads else made[job.workload])
    failed = [name for name, each in found.items() if not each.same_job]
    if failed:
        raise NotTheSameJob(f"Not shown to be the same job: {', '.join(failed)}.")


@_command
def train(
    job: JobOptions, where: WhereOptions, shown: ShownOptions, framework: FrameworkOption
) -> None:
    """Train a job on one framework.

    Example: orchestrator train --framework pytorch --workload synthetic-mlp
    """
    _train(job, where, shown, (framework.value,))


@_command
def evaluate(
    run: Annotated[
        str, typer.Argument(help="A path, a name in the output directory, or 'latest'.")
    ],
    where: WhereOptions,
    shown: ShownOptions,
    framework: FrameworkOption,
    trial: Annotated[int, typer.Option(min=1, help="Which of the framework's trials.")] = 1,
) -> None:
    """Evaluate the weights of a finished trial on the test split, in its framework.

    Example: orchestrator evaluate latest --framework tensorflow
    """
    name = framework.value
    found = store.find(run, shown.output)
    weights = found.weights(name, trial)
    with (
        closing(_display(shown, (name,), 1)) as display,
        closing(Runners(where.places(), display.say)) as runners,
    ):
        client = runners.get(name)
        submitted = client.evaluate(found.spec(), weights, request_id=uuid.uuid4().hex)
        test = None
        for event in client.watch(submitted.job_id):
            display.event(name, event)
            if event.HasField("evaluation_finished"):
                test = event.evaluation_finished.test
        raise_unless_succeeded(client.job(submitted.job_id), name)
    if test is None:
        raise JobFailed(f"{name}: the job {submitted.job_id} reported no evaluation.")
    if shown.as_json:
        _print_json({"accuracy": test.accuracy, "loss": test.loss, "samples": test.samples})
    else:
        typer.echo(
            f"{label(name)}: test accuracy {percent(test.accuracy)}, "
            f"test loss {number(test.loss)}, {test.samples:,} samples"
        )


@_command
def watch(job_id: JobArgument, where: WhereOptions, as_json: JsonOption = False) -> None:
    """Show what a job has reported and follow it to its end; it may have ended long ago."""
    framework = _framework_of(job_id)
    with closing(Runners(where.places(), _to_stderr)) as runners:
        client = runners.get(framework)
        lines = Lines(typer.echo)
        for event in client.watch(job_id):
            if as_json:
                typer.echo(json.dumps(store.to_mapping(event)))
            else:
                lines.event(framework, event)
        raise_unless_succeeded(client.job(job_id), framework)


@_command
def cancel(job_id: JobArgument, where: WhereOptions) -> None:
    """End a job that waits or runs; what it has reported is kept."""
    with closing(Runners(where.places(), _to_stderr)) as runners:
        client = runners.get(_framework_of(job_id))
        client.cancel(job_id)
        for _ in client.watch(job_id):
            pass
        typer.echo(f"{job_id}: {state_name(client.job(job_id).state)}")


@_command
def jobs(
    where: WhereOptions, frameworks: FrameworksOption = _ALL, as_json: JsonOption = False
) -> None:
    """List each runner's jobs, newest first."""
    with closing(Runners(where.places(), _to_stderr)) as runners:
        found = [job for name in config.frameworks(frameworks) for job in runners.get(name).jobs()]
    if as_json:
        _print_json([store.to_mapping(job) for job in found])
        return
    for job in found:
        kind = job_pb2.JobKind.Name(job.kind).removeprefix("JOB_KIND_").lower()
        created = job.create_time.ToDatetime().isoformat(" ", "seconds")
        columns = [job.job_id, f"{created}Z", f"{kind:8}", f"{state_name(job.state):9}"]
        typer.echo("  ".join([*columns, job.error.message]).rstrip())
    if not found:
        _to_stderr("There are no jobs.")


@_command
def env(
    where: WhereOptions, frameworks: FrameworksOption = _ALL, as_json: JsonOption = False
) -> None:
    """Show where each runner's jobs run: versions, devices, driver, CUDA, CPU, threads, BLAS."""
    with closing(Runners(where.places(), _to_stderr, lazy=False)) as runners:
        found = {name: runners.get(name).environment() for name in config.frameworks(frameworks)}
    if as_json:
        _print_json({name: store.to_mapping(environment) for name, environment in found.items()})
    else:
        Console(highlight=False).print(environments.table(found))


def _train(
    job: JobOptions,
    where: WhereOptions,
    shown: ShownOptions,
    frameworks: tuple[str, ...],
    *,
    certify: bool = False,
    concurrent: bool = False,
) -> None:
    spec = config.job_spec(job.workload, job.changes())
    lazy = not (concurrent and spec.device == job_pb2.DEVICE_CUDA)  # a GPU is known once imported
    with (
        closing(_display(shown, frameworks, spec.epochs)) as display,
        closing(Runners(where.places(), display.say, lazy)) as runners,
    ):
        request = session.Request(job.workload, spec, frameworks, shown.output, certify, concurrent)
        outcome = session.train(request, runners, display)
    if shown.as_json:
        _print_json(as_dict(outcome.comparison))
    elif sys.stdout.isatty():
        Console().print(report.rich_report(outcome.comparison))
    else:
        typer.echo(report.plain_report(outcome.comparison))
    if outcome.interrupted:
        raise KeyboardInterrupt
    if outcome.faults:
        raise JobFailed("\n".join(outcome.faults))


def _framework_of(job_id: str) -> str:
    """A runner begins the ids of its jobs with its framework."""
    framework = job_id.partition("-")[0]
    if framework not in config.FRAMEWORKS:
        raise BadInput(f"{job_id[:80]!r} is not the id of a job; 'orchestrator jobs' lists them.")
    return framework


def _display(shown: ShownOptions, frameworks: tuple[str, ...], epochs: int) -> Display:
    if shown.quiet:
        return Lines(lambda _: None)
    if sys.stderr.isatty():
        return Bars(Console(stderr=True), frameworks, epochs)
    return Lines(_to_stderr)


def _say(shown: ShownOptions) -> Callable[[str], None]:
    return (lambda _: None) if shown.quiet else _to_stderr


def _to_stderr(text: str) -> None:
    typer.echo(text, err=True)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2))


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM ends a run as tidily as Ctrl-C."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
