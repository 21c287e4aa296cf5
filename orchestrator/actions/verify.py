"""Shows that two frameworks do the same job: runs the trials that a certificate is made from.

Nobody reads the times of these trials, so that on a CPU all runners work at once, and a runner's
jobs share one process.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from twinrun.v1 import job_pb2, runner_service_pb2

from orchestrator.certificate.certificate import Certificate, Proof, certify
from orchestrator.certificate.certificate_file import SCHEMA, as_dict, from_dict
from orchestrator.certificate.evidence import Evidence, evidence
from orchestrator.certificate.tolerance import tolerance
from orchestrator.errors import JobFailed, RunUnreadable
from orchestrator.language.phrases import Phrase, english, join, say
from orchestrator.language.words import KEPT, NEXT
from orchestrator.runners.finding import Runners
from orchestrator.runners.placement import Placement
from orchestrator.runners.planning import completed
from orchestrator.runners.progress import Display, Lines, logged
from orchestrator.runners.schedule import Listener, raise_unless_succeeded, run_trials
from orchestrator.storage import certificates, store
from orchestrator.storage.about import Kind
from orchestrator.storage.store import Run

_NO_TRIALS = Phrase("{path} has no finished trial of each framework: verify again.")
_SHOWING = Phrase("showing first, in float64, that it is the same job on both")
# The numbers of a framework's trials.
PLAIN, PERTURBED, REPEATED, TIMED, TIMED_PERTURBED = range(1, 6)
# Of a short certificate: epochs, and steps of each, the last batch among them, in chunks of full
# and of shorter length; the last epoch as a late one of a long job.
SHORT_EPOCHS, SHORT_STEPS, SHORT_CHUNK, LATE_EPOCH = 3, 25, 10, 7
TIMED_STEPS = 101  # a chunk of usual length, and the last batch
_TESTED = 1500  # test samples: more than a batch of them
_BUILT_IN = 10_000  # test samples of every dataset that is not made
# Modules whose code decides what a certificate says.
_ROOMS = Path(__file__).parents[1]
_JUDGES = (
    *sorted((_ROOMS / "certificate").glob("*.py")),
    *(_ROOMS / "trials" / name for name in ("inputs.py", "relative.py")),
    Path(__file__),
)

_SHARED = runner_service_pb2.PROCESS_USE_SHARED
_SHARED_LAST = runner_service_pb2.PROCESS_USE_SHARED_LAST


@dataclass(frozen=True, slots=True)
class Request:
    """``spec`` on each of two ``frameworks``; ``workload`` names the run."""

    workload: str
    spec: job_pb2.JobSpec
    frameworks: Sequence[str]
    output: Path


def takes(spec: job_pb2.JobSpec) -> dict[int, job_pb2.JobSpec]:
    """The trials of a short certificate of a completed ``spec``, by number.

    PERTURBED and REPEATED are run where PLAIN is not exact. TIMED ones are in the precision in
    which the job is timed, as it is timed, where that is not float64.
    """
    plain = _copy(spec)
    plain.precision, plain.report_step_details = job_pb2.PRECISION_FLOAT64, True
    plain.epochs, plain.late_epoch = SHORT_EPOCHS, LATE_EPOCH
    plain.steps_per_epoch_limit, plain.report_every_steps = SHORT_STEPS, SHORT_CHUNK
    _limit_tests(plain)
    found = _with_rounding(plain)
    if spec.precision != job_pb2.PRECISION_FLOAT64:
        timed = _copy(spec)
        timed.epochs, timed.steps_per_epoch_limit = 1, TIMED_STEPS
        _limit_tests(timed)
        moved = _copy(timed)
        moved.perturb_initial_weights = True
        found |= {TIMED: timed, TIMED_PERTURBED: moved}
    return found


def _with_rounding(plain: job_pb2.JobSpec) -> dict[int, job_pb2.JobSpec]:
    moved = _copy(plain)
    moved.perturb_initial_weights = True
    return {PLAIN: plain, PERTURBED: moved, REPEATED: plain}


def _copy(spec: job_pb2.JobSpec) -> job_pb2.JobSpec:
    copy = job_pb2.JobSpec()
    copy.CopyFrom(spec)
    return copy


def _limit_tests(spec: job_pb2.JobSpec) -> None:
    """Fewer test samples, where there are more."""
    made = spec.dataset.synthetic.test_samples
    there = made if spec.dataset.name == "synthetic" else _BUILT_IN
    limit = spec.dataset.test_limit if spec.dataset.HasField("test_limit") else there
    if limit > _TESTED:
        spec.dataset.test_limit = _TESTED


def verify(request: Request, runners: Runners, display: Display) -> tuple[Run, Certificate]:
    """Train what a certificate needs, and keep it in a run of its own. Raises JobFailed."""
    asked = _copy(request.spec)
    asked.report_step_details = True
    spec = _fitting(completed(asked, request.frameworks, runners), request.frameworks)
    run = store.create(request.output, Kind.VERIFY, request.workload, request.frameworks, spec)
    certificate = _certificate(_with_rounding(spec), request, run, runners, display)
    keep(run, certificate)
    display.say(say(KEPT, path=run.path))
    return run, certificate


def keep(run: Run, certificate: Certificate) -> None:
    """certificate.json, its figure, its page."""
    from orchestrator import page  # noqa: PLC0415 - take a while to import
    from orchestrator.figures import plots  # noqa: PLC0415 - take a while to import

    run.write_certificate(as_dict(certificate))
    drawing = plots.certificate_canvas(certificate).drawing()
    run.write_page(page.render(page.certificate_page(certificate, run.about(), [drawing])))
    run.write_figures(drawing.files())


def again(run: Run) -> Certificate:
    """Of a run that `verify` made: from its trials; without them as it was kept.

    Raises RunUnreadable.
    """
    kept = run.certificate()
    if kept is not None and kept.get("schema") != SCHEMA:  # less was run then than is asked now
        return from_dict(kept)
    ended = {trial.framework for trial in run.trials() if trial.number == PLAIN}
    frameworks = [side for side in run.about().sides if side in ended]
    if len(frameworks) != 2:
        if kept is None:
            raise RunUnreadable(english(_NO_TRIALS, path=run.path))
        return from_dict(kept)
    made = judged(run, frameworks)
    return replace(made, made=kept["made"]) if kept else made


def short(request: Request, run: Run, runners: Runners, display: Display) -> Certificate:
    """One over some tens of steps of the request's spec, for ``run``.

    What was made before of the same spec by the same builds, and judged by the same code, is taken
    again. Raises JobFailed.
    """
    spec = _fitting(completed(request.spec, request.frameworks, runners), request.frameworks)
    planned = {
        number: completed(each, request.frameworks, runners) for number, each in takes(spec).items()
    }
    key = _key(request, planned, runners)
    if (known := certificates.read(key)) is not None:
        return from_dict(known)
    display.say(say(_SHOWING))
    inner = store.within(run, "certificate", Kind.VERIFY, request.frameworks, planned[PLAIN])
    certificate = _certificate(planned, request, inner, runners, Lines(lambda _: None))
    if certificate.same_job:
        certificates.write(key, as_dict(certificate))
    return certificate


def _fitting(spec: job_pb2.JobSpec, frameworks: Sequence[str]) -> job_pb2.JobSpec:
    """The same with a share of the CPUs, where the runners work at once."""
    if _at_once(spec):
        spec.threads = max(1, spec.threads // len(frameworks))
    return spec


def _at_once(spec: job_pb2.JobSpec) -> bool:
    """Whether the trials may run at the same time: not on a GPU, which they may share."""
    return spec.device != job_pb2.DEVICE_CUDA


def _certificate(
    planned: Mapping[int, job_pb2.JobSpec],
    request: Request,
    run: Run,
    runners: Runners,
    display: Display,
) -> Certificate:
    names = request.frameworks
    with logged(run.log_path, display) as listen:

        def train(number: int) -> None:
            spec = planned[number]
            order = [Placement(name, number, spec, _SHARED) for name in names]
            faults = run_trials(order, runners, run, listen, at_once=_at_once(spec))
            if faults:
                raise JobFailed(join(NEXT, faults))

        train(PLAIN)
        exact = planned[PLAIN].precision == job_pb2.PRECISION_FLOAT64
        # What is left may be rounding: how far does that take a framework from itself?
        if not (exact and judged(run, names, evaluated=False).same_job):
            train(PERTURBED)
            train(REPEATED)
        for number in (TIMED, TIMED_PERTURBED):
            if number in planned:
                train(number)
        _evaluate_again(planned[PLAIN], names, run, runners, listen)
    return judged(run, names)


def _evaluate_again(
    spec: job_pb2.JobSpec, names: Sequence[str], run: Run, runners: Runners, listen: Listener
) -> None:
    """Have each framework evaluate the saved final weights of all. Raises JobFailed."""

    def evaluate(name: str) -> None:
        client = runners.get(name)
        for trained in names:
            process = _SHARED_LAST if trained == names[-1] else _SHARED
            weights = run.weights(trained, PLAIN)
            job = client.evaluate(spec, weights, uuid.uuid4().hex, process)
            for event in client.watch(job.job_id):
                listen(name, event)
            raise_unless_succeeded(client.job(job.job_id), name)
            run.write_logits_again(name, trained, client.logits(job.job_id))

    if not _at_once(spec):
        for name in names:
            evaluate(name)
        return
    with ThreadPoolExecutor() as threads:
        contexts = [copy_context() for _ in names]
        list(threads.map(lambda c, name: c.run(evaluate, name), contexts, names))


def judged(run: Run, frameworks: Sequence[str], *, evaluated: bool = True) -> Certificate:
    """Judge the trials that there are; before the saved weights are ``evaluated`` again too.

    Raises RunNotFound, RunUnreadable.
    """
    trials = {trial.name: trial for trial in run.trials()}

    def found(name: str, number: int) -> Evidence | None:
        trial = trials.get(f"{name}-{number}")
        again = frameworks if number == PLAIN else ()
        return None if trial is None else evidence(run, trial, again)

    def proof(name: str) -> Proof:
        plain = evidence(run, trials[f"{name}-{PLAIN}"], frameworks)
        rest = (found(name, n) for n in (PERTURBED, REPEATED, TIMED, TIMED_PERTURBED))
        return Proof(plain, *rest)

    first, second = map(proof, frameworks)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    allowed = tolerance(first.plain.trial.spec or {})
    return certify(first, second, allowed, now, evaluated=evaluated)


def _key(request: Request, planned: Mapping[int, job_pb2.JobSpec], runners: Runners) -> str:
    """Of a short certificate: what is trained, what computes it, and who judges it."""
    builds = [runners.get(name).info().build_sha256 for name in request.frameworks]
    mappings = {number: store.to_mapping(spec) for number, spec in planned.items()}
    for mapping in mappings.values():
        for name in ("threads", "target_accuracy"):  # on which the arithmetic does not depend
            mapping.pop(name, None)
    code = [hashlib.sha256(path.read_bytes()).hexdigest() for path in _JUDGES]
    parts = [mappings, list(request.frameworks), builds, code]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
