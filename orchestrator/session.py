"""One command's worth of work: find runners, run trials, compare what came back, draw it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from twinrun.v1 import job_pb2

from orchestrator import store
from orchestrator.compare import Comparison, as_dict, compare
from orchestrator.errors import BadInput
from orchestrator.progress import Display, Lines
from orchestrator.runners import Runners
from orchestrator.schedule import placements, run_trials
from orchestrator.store import Run


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be run: ``spec`` on each of ``frameworks``, kept in a new run in ``output``."""

    workload: str
    spec: job_pb2.JobSpec
    frameworks: Sequence[str]
    output: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished run: where it is, what it says, and a sentence for each trial that failed."""

    run: Run
    comparison: Comparison
    faults: Sequence[str]
    interrupted: bool


def train(request: Request, runners: Runners, display: Display) -> Outcome:
    """Run the trials and compare what there is then, be it cut short by Ctrl-C.

    Raises OrchestratorError.
    """
    runners.prepare(request.frameworks)
    # Takes a while to import: now, while runners start, rather than beside or after the trials.
    from orchestrator import plots  # noqa: F401, PLC0415

    spec = request.spec
    if not spec.HasField("threads"):
        spec.threads = min(runners.get(name).info().available_cpus for name in request.frameworks)
    run = store.create(request.output, request.workload, spec)
    interrupted, faults = False, list[str]()
    with run.log_path.open("a", encoding="utf-8", buffering=1) as log:
        lines = Lines(lambda text: print(text, file=log))

        def listen(framework: str, event: job_pb2.JobEvent) -> None:
            lines.event(framework, event)
            display.event(framework, event)

        try:
            faults = run_trials(placements(request.frameworks), spec, runners, run, listen)
        except BadInput:
            run.discard_unless_begun()
            raise
        except KeyboardInterrupt:
            interrupted = True
    comparison = finish(run, display.say)
    return Outcome(run, comparison, faults, interrupted)


def finish(run: Run, say: Callable[[str], None]) -> Comparison:
    """Everything of a run that follows from its trials: comparison.json and the figures."""
    from orchestrator import plots  # noqa: PLC0415 - not before it is needed

    comparison = compare(store.to_mapping(run.spec()), run.trials())
    run.write_comparison(as_dict(comparison))
    if any(trial.epochs for trials in comparison.trials.values() for trial in trials):
        run.write_figures(plots.figures(comparison))
    say(f"kept in {run.path}")
    return comparison
