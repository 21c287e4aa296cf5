"""Commands that train, and that evaluate what was trained."""

import sys
import uuid
from contextlib import closing
from typing import Annotated

import typer
from rich.console import Console
from twinrun.v1 import job_pb2

from orchestrator import config, report, session, store
from orchestrator.compare import as_dict
from orchestrator.errors import JobFailed
from orchestrator.options import (
    ALL,
    FrameworkOption,
    FrameworksOption,
    JobOptions,
    ShownOptions,
    WhereOptions,
)
from orchestrator.output import display_of, print_json
from orchestrator.runners import Runners
from orchestrator.schedule import raise_unless_succeeded
from orchestrator.words import label, number, percent


def compare(
    job: JobOptions,
    where: WhereOptions,
    shown: ShownOptions,
    *,
    frameworks: FrameworksOption = ALL,
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


def train(
    job: JobOptions, where: WhereOptions, shown: ShownOptions, framework: FrameworkOption
) -> None:
    """Train a job on one framework.

    Example: orchestrator train --framework pytorch --workload synthetic-mlp
    """
    _train(job, where, shown, (framework.value,))


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
        closing(display_of(shown, (name,), 1)) as display,
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
        print_json({"accuracy": test.accuracy, "loss": test.loss, "samples": test.samples})
    else:
        typer.echo(
            f"{label(name)}: test accuracy {percent(test.accuracy)}, "
            f"test loss {number(test.loss)}, {test.samples:,} samples"
        )


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
        closing(display_of(shown, frameworks, spec.epochs)) as display,
        closing(Runners(where.places(), display.say, lazy)) as runners,
    ):
        request = session.Request(job.workload, spec, frameworks, shown.output, certify, concurrent)
        outcome = session.train(request, runners, display)
    if shown.as_json:
        print_json(as_dict(outcome.comparison))
    elif sys.stdout.isatty():
        Console().print(report.rich_report(outcome.comparison))
    else:
        typer.echo(report.plain_report(outcome.comparison))
    if outcome.interrupted:
        raise KeyboardInterrupt
    if outcome.faults:
        raise JobFailed("\n".join(outcome.faults))
