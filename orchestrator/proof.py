"""Shows that two frameworks do the same job: runs the trials that a certificate is made from.

Nobody reads the times of these trials, so that on a CPU all runners work at once.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from twinrun.v1 import job_pb2

from orchestrator import cache, store
from orchestrator.about import about
from orchestrator.certificate import Certificate, as_dict, certify, from_dict
from orchestrator.envelope import FLOAT32, FLOAT64, envelope
from orchestrator.errors import JobFailed, RunUnreadable
from orchestrator.evidence import evidence
from orchestrator.language import Phrase, english, join, say
from orchestrator.placement import Placement
from orchestrator.progress import Display, Lines, logged
from orchestrator.runners import Runners
from orchestrator.schedule import completed, run_trials
from orchestrator.store import Run
from orchestrator.tolerance import tolerance
from orchestrator.words import KEPT, NEXT

_NO_TRIALS = Phrase("{path} has no finished trial of each framework: verify again.")
_SHOWING = Phrase("showing first, in float64, that it is the same job on both")
PLAIN, PERTURBED = 1, 2  # the numbers of a framework's trials
SHORT_EPOCHS, SHORT_STEPS = 2, 25  # of each epoch, the last batch among them


@dataclass(frozen=True, slots=True)
class Request:
    """``spec`` on each of two ``frameworks``; ``workload`` names the tolerance."""

    workload: str
    spec: job_pb2.JobSpec
    frameworks: Sequence[str]
    output: Path


def verify(request: Request, runners: Runners, display: Display) -> tuple[Run, Certificate]:
    """Trains what a certificate needs, and keeps it in a run of its own. Raises JobFailed."""
    spec = _verifiable(request, runners)
    run = store.create(request.output, f"verify-{request.workload}", spec)
    certificate = _certificate(request, run, runners, display)
    keep(run, certificate)
    display.say(say(KEPT, path=run.path))
    return run, certificate


def keep(run: Run, certificate: Certificate) -> None:
    """certificate.json, its figure, its page."""
    from orchestrator import page, plots  # noqa: PLC0415 - take a while to import

    run.write_certificate(as_dict(certificate))
    drawing = plots.certificate_canvas(certificate).drawing()
    run.write_page(page.render(page.certificate_page(certificate, about(run.path), [drawing])))
    run.write_figures(drawing.files())


def again(run: Run) -> Certificate:
    """Of a run that `verify` made: from its trials; without them as it was kept.

    Raises RunUnreadable.
    """
    kept = run.certificate()
    workload = about(run.path).workload
    frameworks = [trial.framework for trial in run.trials() if trial.number == PLAIN]
    if len(frameworks) != 2:
        if kept is None:
            raise RunUnreadable(english(_NO_TRIALS, path=run.path))
        return from_dict(kept)
    request = Request(workload, run.spec(), frameworks, run.path.parent)
    made = _made(request, run)
    return replace(made, made=kept["made"]) if kept else made


def short(request: Request, run: Run, runners: Runners, display: Display) -> Certificate:
    """One over some tens of steps of the request's spec, in float64, for ``run``.

    What was made before of the same spec by the same builds is taken again. Raises JobFailed.
    """
    asked = job_pb2.JobSpec()
    asked.CopyFrom(request.spec)
    asked.precision = job_pb2.PRECISION_FLOAT64
    asked.epochs, asked.steps_per_epoch_limit = SHORT_EPOCHS, SHORT_STEPS
    request = replace(request, spec=asked)
    spec = _verifiable(request, runners)
    key = _key(request, spec, runners)
    if (known := cache.read(key)) is not None:
        return from_dict(known)
    display.say(say(_SHOWING))
    inner = store.within(run, "certificate", spec)
    certificate = _certificate(request, inner, runners, Lines(lambda _: None))
    if certificate.same_job:
        cache.write(key, as_dict(certificate))
    return certificate


def _verifiable(request: Request, runners: Runners) -> job_pb2.JobSpec:
    """The same job, completed, telling of each step, and with a share of the CPUs."""
    spec = completed(request.spec, request.frameworks, runners)
    spec.report_step_details = True
    if _at_once(spec):
        spec.threads = max(1, spec.threads // len(request.frameworks))
    return spec


def _at_once(spec: job_pb2.JobSpec) -> bool:
    """Whether the trials may run at the same time: not on a GPU, which they may share."""
    return spec.device != job_pb2.DEVICE_CUDA


def _certificate(request: Request, run: Run, runners: Runners, display: Display) -> Certificate:
    """Of the spec of ``run``."""
    with logged(run.log_path, display) as listen:

        def train(number: int) -> None:
            spec = run.spec()
            spec.perturb_initial_weights = number == PERTURBED
            order = [Placement(name, number, spec) for name in request.frameworks]
            faults = run_trials(order, runners, run, listen, at_once=_at_once(spec))
            if faults:
                raise JobFailed(join(NEXT, faults))

        train(PLAIN)
        if run.spec().precision == job_pb2.PRECISION_FLOAT64:
            certificate = _made(request, run)
            if certificate.same_job:
                return certificate
        # What is left may be rounding: how far does that take a framework from itself?
        train(PERTURBED)
    return _made(request, run)


def _made(request: Request, run: Run) -> Certificate:
    """Of the trials that there are."""
    trials = {trial.name: trial for trial in run.trials()}
    first, second = (evidence(run, trials[f"{name}-{PLAIN}"]) for name in request.frameworks)
    perturbed = {
        name: trials[f"{name}-{PERTURBED}"]
        for name in request.frameworks
        if f"{name}-{PERTURBED}" in trials
    }
    rule = FLOAT64 if run.spec().precision == job_pb2.PRECISION_FLOAT64 else FLOAT32
    held = envelope(first.trial, second.trial, perturbed, rule) if perturbed else None
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return certify(first, second, tolerance(request.workload), now, held)


def _key(request: Request, spec: job_pb2.JobSpec, runners: Runners) -> str:
    """Of a short certificate: the spec, the tolerance and what computes it."""
    builds = [runners.get(name).info().build_sha256 for name in request.frameworks]
    mapping = store.to_mapping(spec)
    for name in ("threads", "target_accuracy"):  # on which the arithmetic does not depend
        mapping.pop(name, None)
    parts = [mapping, request.workload, list(request.frameworks), builds]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
