"""The orchestrator's certificate of trials that workers ran. Only this module knows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twinrun.v1 import job_pb2

from orchestrator.actions import judging
from orchestrator.certificate import takes as trials
from orchestrator.storage.event_log import read_events
from orchestrator.storage.store import Run
from tests.mutants.targets import FRAMEWORKS

# In the order in which a certificate is made: the second ones only where the first is not exact.
FIRST, ROUNDING = (trials.PLAIN,), (trials.PERTURBED, trials.REPEATED)
TIMED = (trials.TIMED, trials.TIMED_PERTURBED)
OF_ROUNDING, OF_TIMED = trials.PERTURBED, trials.TIMED_PERTURBED


@dataclass(frozen=True, slots=True)
class Verdict:
    """``undecided``: the perturbed trial of which more draws may show that it is the same job."""

    same_job: bool
    sentence: str
    undecided: int | None = None


def takes(spec: job_pb2.JobSpec) -> Mapping[int, job_pb2.JobSpec]:
    """Return the trials of a short certificate, by number, with all that may decide it."""
    usual = trials.takes(spec)
    more = (trials.further(n, usual[n]) for n in (OF_ROUNDING, OF_TIMED) if n in usual)
    return usual | dict(pair for each in more for pair in each)


def further(spec: job_pb2.JobSpec, number: int) -> list[int]:
    """Return the numbers of the trials that may decide what perturbed trials left undecided."""
    usual = trials.takes(spec)
    return [more for more, _ in trials.further(number, usual[number])] if number in usual else []


def judged(run: Run, *, evaluated: bool = True) -> Verdict:
    (certificate,) = judging.judged(run, [FRAMEWORKS], evaluated=evaluated)
    return Verdict(certificate.same_job, str(certificate.sentence), certificate.undecided)


def predicted(folder: Path, tolerance: float = 1e-11) -> Verdict:
    """Judge whether the calls timed for latencies gave the evaluation's logits."""
    largest = max(
        latency.largest_difference
        for event in read_events(folder / "events.jsonl")
        for latency in event.evaluation_finished.latencies
    )
    return Verdict(largest <= tolerance, f"predictions differ by {largest:.0e}")


def laid(run: Run, framework: str, number: int, folder: Path) -> None:
    """Move the output of a worker's trial in ``folder`` to where a run has it."""
    for kind in ("events", "jobs"):
        (run.path / kind).mkdir(exist_ok=True)
    events = (folder / "events.jsonl").read_bytes()
    (run.path / "events" / f"{framework}-{number}.jsonl").write_bytes(events)
    job = (folder / "job.json").read_bytes()
    (run.path / "jobs" / f"{framework}-{number}.json").write_bytes(job)
    initial = (folder / "initial.safetensors").read_bytes()
    run.write_initial_weights(framework, number, initial)
    run.write_weights(framework, number, (folder / "final.safetensors").read_bytes())
    run.write_logits(framework, number, (folder / "logits.safetensors").read_bytes())


def laid_again(run: Run, framework: str, trained: str, folder: Path) -> None:
    """Move a worker's evaluation of the weights of ``trained`` to where a run has it."""
    run.write_logits_again(framework, trained, (folder / "logits.safetensors").read_bytes())


def weights(run: Run, framework: str) -> Path:
    return run.path / "weights" / f"{framework}-{trials.PLAIN}.safetensors"


def new_run(folder: Path, spec: job_pb2.JobSpec) -> Run:
    folder.mkdir(parents=True, exist_ok=True)
    run = Run(folder)
    run.write_spec(takes(spec)[trials.PLAIN])
    return run
