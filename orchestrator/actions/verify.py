"""Shows that two frameworks do the same job: runs the trials of a certificate.

Nobody reads the times of these trials, so on a CPU all runners work at once, and a runner's jobs
share one process.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path

from twinrun.v1 import job_pb2, runner_service_pb2

from orchestrator.actions import porting
from orchestrator.actions.judging import judged
from orchestrator.actions.porting import Further
from orchestrator.actions.request import Pair, Request, kept
from orchestrator.certificate.certificate import Certificate
from orchestrator.certificate.certificate_file import as_dict, read
from orchestrator.certificate.certificates import Certificates
from orchestrator.certificate.takes import (
    PERTURBED,
    PLAIN,
    REPEATED,
    TIMED,
    TIMED_PERTURBED,
    copied,
    further,
    takes,
    with_rounding,
)
from orchestrator.errors import BadInput, JobFailed, RunUnreadable
from orchestrator.language.phrases import Phrase, english, join, say
from orchestrator.language.words import NEXT
from orchestrator.results.circumstances import Caution
from orchestrator.runners.finding import Runners
from orchestrator.runners.placement import Placement
from orchestrator.runners.planning import completed
from orchestrator.runners.progress import Display, Stages, logged
from orchestrator.runners.schedule import Listener, raise_unless_succeeded, run_trials
from orchestrator.storage import certificates, store
from orchestrator.storage.about import Kind
from orchestrator.storage.running import making
from orchestrator.storage.store import Run
from orchestrator.trials.sides import Side, are_the_same, changed_fields, framework_of, runner_of

# What a verification changes in a workload by default.
VERIFIED = {"epochs": 1, "precision": "PRECISION_FLOAT64"}
_SHOWING = Phrase("first showing, in float64, that every side does the same job")
_TAKES = {
    PLAIN: Phrase("the job"),
    PERTURBED: Phrase("again, every initial value moved by one rounding"),
    REPEATED: Phrase("again, to see whether it repeats exactly"),
    TIMED: Phrase("as it will be timed"),
    TIMED_PERTURBED: Phrase("as it will be timed, every initial value moved by one rounding"),
}
_FURTHER = {
    PERTURBED: Phrase("again, other values moved"),
    TIMED_PERTURBED: Phrase("as it will be timed, again and with other values moved"),
}
_NO_OTHER = Phrase(
    "A certificate needs two sides or more that are not the same; name them by --side."
)
_ON_PURPOSE = Phrase(
    "These sides are not the same job on purpose, so there is nothing to certify: they change "
    "{fields}. 'orchestrator compare' compares them and lists what was changed."
)
_EVALUATING = Phrase("each side evaluates the weights of the other")
_PROOF = Phrase("certificate: {what}")
# The modules whose code determines a certificate.
_ROOMS = Path(__file__).parents[1]
_JUDGES = (
    *sorted((_ROOMS / "certificate").rglob("*.py")),
    *sorted((_ROOMS / "trials").rglob("*.py")),
    *(Path(__file__).with_name(name) for name in ("judging.py", "verify.py")),
)

_SHARED = runner_service_pb2.PROCESS_USE_SHARED
_SHARED_LAST = runner_service_pb2.PROCESS_USE_SHARED_LAST


def verify(request: Request, runners: Runners, display: Display) -> tuple[Run, list[Certificate]]:
    """Train what a certificate needs, and store it in a run of its own. Raises JobFailed."""
    asked = copied(request.spec)
    asked.report_step_details = True
    spec = _fitting(completed(asked, request.runner_names, runners), request.runner_names)
    run = store.create(
        *(request.output, Kind.VERIFY, request.workload, request.names, spec),
        baseline=request.baseline,
        label=request.label,
    )
    with making(run):
        certificates = _certificates(with_rounding(spec), request, run, runners, display)
        keep(run, certificates)
    display.say(kept(run))
    return run, certificates


def check(request: Request) -> None:
    """Raise BadInput if there is nothing to show: each side is to do other arithmetic, or none."""
    if request.pairs:
        return
    if are_the_same(request.names) or len(request.names) < 2:
        raise BadInput(english(_NO_OTHER))
    raise BadInput(english(_ON_PURPOSE, fields=", ".join(changed_fields(request.names))))


def keep(run: Run, certificates: Sequence[Certificate], cautions: Sequence[Caution] = ()) -> None:
    """Write certificate.json, its figures, its page with ``cautions``."""
    from orchestrator import page  # noqa: PLC0415 - take a while to import
    from orchestrator.figures import plots  # noqa: PLC0415 - take a while to import

    all_certificates = Certificates(certificates)
    run.write_certificate(as_dict(all_certificates))
    drawings = [canvas.drawing() for canvas in plots.certificate_canvases(all_certificates)]
    run.write_page(
        page.render(page.certificate_page(certificates, run.about(), drawings, cautions))
    )
    for drawing in drawings:
        run.write_figures(drawing.files())


def short(request: Request, run: Run, runners: Runners, display: Display) -> list[Certificate]:
    """Make one for each pair, over some tens of steps of the request's spec, for ``run``.

    A stored certificate of the same spec by the same builds, judged by the same code, is reused.
    Raises JobFailed.
    """
    spec = _fitting(completed(request.spec, request.runner_names, runners), request.runner_names)
    planned = {
        number: completed(each, request.runner_names, runners)
        for number, each in takes(spec).items()
    }
    key = _key(request, planned, runners)
    if (known := certificates.read(key)) is not None:
        with suppress(RunUnreadable):  # of another version, or damaged: make it again
            return read(known, key).made
    display.say(say(_SHOWING))
    inner = store.within(run, store.CERTIFICATE, Kind.VERIFY, request.names, planned[PLAIN])
    judgements = _certificates(planned, request, inner, runners, Stages(display))
    if all(each.same_job for each in judgements):
        certificates.write(key, as_dict(Certificates(judgements)))
    return judgements


def _fitting(spec: job_pb2.JobSpec, frameworks: Sequence[str]) -> job_pb2.JobSpec:
    """Return the spec with a share of the CPUs, if the runners work at once."""
    if _at_once(spec):
        spec.threads = max(1, spec.threads // len(frameworks))
    return spec


def _at_once(spec: job_pb2.JobSpec) -> bool:
    """Return whether the trials may run at the same time: not on a GPU, which they may share."""
    return spec.device != job_pb2.DEVICE_CUDA


def _certificates(
    planned: Mapping[int, job_pb2.JobSpec],
    request: Request,
    run: Run,
    runners: Runners,
    display: Display,
) -> list[Certificate]:
    sides = [side for side in request.sides if any(side.name in pair for pair in request.pairs)]
    with logged(run.log_path, display) as listen:

        def show(what: Phrase, done: int) -> None:
            display.stage(say(_PROOF, what=english(what)), done, len(planned) + 1)

        def run_take(number: int, spec: job_pb2.JobSpec) -> None:
            order = [Placement(side.name, number, side.spec(spec), _SHARED) for side in sides]
            faults = run_trials(order, runners, run, listen, at_once=_at_once(spec))
            if faults:
                raise JobFailed(join(NEXT, faults))

        def train(number: int) -> None:
            show(_TAKES[number], list(planned).index(number))
            run_take(number, planned[number])

        def decide(number: int) -> None:
            """Take more draws until they decide."""
            for more, spec in further(number, planned[number]):
                found = judged(run, request.pairs, evaluated=False)
                if all(each.undecided != number for each in found):
                    return
                show(_FURTHER[number], list(planned).index(number))
                run_take(more, spec)

        train(PLAIN)
        exact = planned[PLAIN].precision == job_pb2.PRECISION_FLOAT64
        # The rest may be rounding: how far does it make a framework diverge from itself?
        plain = judged(run, request.pairs, evaluated=False)
        if not (exact and all(each.same_job for each in plain)):
            train(PERTURBED)
            train(REPEATED)
            decide(PERTURBED)
        if TIMED in planned:
            train(TIMED)
            train(TIMED_PERTURBED)
            decide(TIMED_PERTURBED)
        show(_EVALUATING, len(planned))
        _evaluate_again(planned[PLAIN], request.pairs, run, runners, listen)
    display.stage("")
    found = judged(run, request.pairs)
    return [_with_place(each, planned[PLAIN], runners, request.further) for each in found]


def _with_place(
    made: Certificate, spec: job_pb2.JobSpec, runners: Runners, further: Further
) -> Certificate:
    """Say where and why two models of code part, if they do."""
    names = [framework_of(name) for name in (made.first, made.second)]
    if made.same_job or not spec.HasField("code") or names[0] == names[1]:
        return made
    port = porting.compared(
        spec, [runners.get(runner_of(name)) for name in (made.first, made.second)], further
    )
    return replace(made, sentence=join(NEXT, [made.sentence, *porting.sentences(port)]))


def _evaluate_again(
    spec: job_pb2.JobSpec, pairs: Sequence[Pair], run: Run, runners: Runners, listen: Listener
) -> None:
    """Have each side evaluate the saved final weights of those that it is compared with.

    Raises JobFailed.
    """
    asked: dict[str, list[Pair]] = {}  # who evaluates whose weights, by runner
    for name, trained in dict.fromkeys((a, b) for pair in pairs for a in pair for b in pair):
        asked.setdefault(runner_of(name), []).append((name, trained))

    def evaluate(runner: str) -> None:
        client = runners.get(runner)
        for name, trained in asked[runner]:
            process = _SHARED_LAST if (name, trained) == asked[runner][-1] else _SHARED
            weights, own = run.weights(trained, PLAIN), Side.named(name).spec(spec)
            job = client.evaluate(own, weights, uuid.uuid4().hex, process)
            for event in client.watch(job.job_id):
                listen(name, event)
            raise_unless_succeeded(client.job(job.job_id), runner)
            run.write_logits_again(name, trained, client.logits(job.job_id))

    if not _at_once(spec):
        for runner in asked:
            evaluate(runner)
        return
    with ThreadPoolExecutor() as threads:
        contexts = [copy_context() for _ in asked]
        list(threads.map(lambda c, name: c.run(evaluate, name), contexts, asked))


def _key(request: Request, planned: Mapping[int, job_pb2.JobSpec], runners: Runners) -> str:
    """Return the key of a short certificate: what is trained, what computes it, who judges it."""
    builds = [runners.get(name).info().build_sha256 for name in request.runner_names]
    mappings = {number: store.to_mapping(spec) for number, spec in planned.items()}
    for mapping in mappings.values():
        for name in (
            "threads",
            "target_accuracy",
            "target",
        ):  # fields that do not affect the arithmetic
            mapping.pop(name, None)
    code = [hashlib.sha256(path.read_bytes()).hexdigest() for path in _JUDGES]
    parts = [mappings, request.pairs, builds, code, *filter(None, [len(runners.machines)])]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
