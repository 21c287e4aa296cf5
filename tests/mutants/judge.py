"""The orchestrator's certificate, asked of trials that workers ran. All that knows it is here."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twinrun.v1 import job_pb2

from orchestrator import proof, store
from orchestrator.store import Run
from tests.mutants.targets import FRAMEWORKS


@dataclass(frozen=True, slots=True)
class Verdict:
    same_job: bool
    sentence: str


def takes(spec: job_pb2.JobSpec) -> Mapping[int, job_pb2.JobSpec]:
    """The trials of a short certificate, by number."""
    made = {}
    for number in (proof.PLAIN, proof.PERTURBED):
        take = job_pb2.JobSpec()
        take.CopyFrom(spec)
        take.precision = job_pb2.PRECISION_FLOAT64
        take.epochs, take.report_step_details = proof.SHORT_EPOCHS, True
        take.perturb_initial_weights = number == proof.PERTURBED
        made[number] = take
    return made


# What is only run where the others do not agree within their tolerances.
LATER = frozenset({proof.PERTURBED})


def judged(run: Run) -> Verdict:
    request = proof.Request("mutants", run.spec(), FRAMEWORKS, run.path.parent)
    certificate = proof._made(request, run)
    return Verdict(certificate.same_job, str(certificate.sentence))


def laid(run: Run, framework: str, number: int, folder: Path) -> None:
    """What a worker left in ``folder``, where a run has it."""
    for kind in ("events", "jobs"):
        (run.path / kind).mkdir(exist_ok=True)
    events = (folder / "events.jsonl").read_bytes()
    (run.path / "events" / f"{framework}-{number}.jsonl").write_bytes(events)
    (run.path / "jobs" / f"{framework}-{number}.json").write_bytes(
        (folder / "job.json").read_bytes()
    )
    initial = (folder / "initial.safetensors").read_bytes()
    run.write_initial_weights(framework, number, initial)
    run.write_weights(framework, number, (folder / "final.safetensors").read_bytes())
    run.write_logits(framework, number, (folder / "logits.safetensors").read_bytes())


def new_run(folder: Path, spec: job_pb2.JobSpec) -> Run:
    folder.mkdir(parents=True, exist_ok=True)
    run = Run(folder)
    run.write_spec(takes(spec)[proof.PLAIN])
    return run


__all__ = ["FRAMEWORKS", "LATER", "Verdict", "judged", "laid", "new_run", "store", "takes"]
