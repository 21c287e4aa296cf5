"""The work of one command: find runners, run trials, compare the results, draw them."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from twinrun.v1 import job_pb2

from orchestrator.actions import threads, verify
from orchestrator.actions.cluster import together
from orchestrator.actions.cluster.sources import Source
from orchestrator.actions.doubts import settle
from orchestrator.actions.finish import draw, judge
from orchestrator.actions.repeat import Plan, enough
from orchestrator.actions.request import Request, kept
from orchestrator.certificate import certificate_file
from orchestrator.certificate.certificates import Certificates, none_made
from orchestrator.errors import CannotRun, JobFailed, OrchestratorError, OutputError
from orchestrator.figures.renderer import Renderer
from orchestrator.language.phrases import Phrase, Sentence, english, join, say
from orchestrator.language.words import LINES
from orchestrator.results.comparison import Comparison
from orchestrator.runners.finding import Runners
from orchestrator.runners.placement import placements
from orchestrator.runners.planning import accepted, why_not_at_once
from orchestrator.runners.progress import Display, logged
from orchestrator.runners.schedule import Listener, run_trials
from orchestrator.settings.config import Places
from orchestrator.storage import machine, store
from orchestrator.storage.about import plain
from orchestrator.storage.running import making
from orchestrator.storage.store import Run
from orchestrator.trials.mappings.stored import as_json, fields_of
from orchestrator.trials.sides import are_the_same

_NOT_AT_ONCE = Phrase("--concurrent: {reason}; one trial at a time")
_DRAWING = Phrase("judging, and drawing the figures and the page")
_ONE_RUNNER = Phrase("two sides have one runner")


@dataclass(frozen=True, kw_only=True)
class ComparisonRequest(Request):
    """``certify``: show first that it is the same job, if it should be. ``plan``: how often.

    ``over``: the machines that train each job together. ``concurrent``: run trials of
    different frameworks at once, if each has a GPU of its own. ``profile``: one more of each side,
    under its framework's profiler. ``best_threads``: find each side's first, and use both.
    """

    certify: bool = False
    concurrent: bool = False
    plan: Plan = field(default_factory=Plan)
    profile: bool = False
    best_threads: bool = False
    over: Source | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished run: its path, its result, and a sentence for each failed trial.

    ``ended``: what cut it short, such as a lost runner, or kept it from being drawn.
    """

    run: Run
    comparison: Comparison
    faults: Sequence[Sentence]
    interrupted: bool
    ended: OrchestratorError | None = None

    @property
    def cut_short(self) -> bool:
        """Whether it did not get to its end."""
        return self.interrupted or self.ended is not None


class Ended(Protocol):
    """How the work of a command ended: see `Outcome`."""

    @property
    def faults(self) -> Sequence[Sentence]: ...
    @property
    def interrupted(self) -> bool: ...
    @property
    def ended(self) -> OrchestratorError | None: ...


def train(request: ComparisonRequest, runners: Runners, display: Display) -> Outcome:
    """Run the trials and compare what exists then, even after Ctrl-C or a lost runner.

    Raises OrchestratorError.
    """
    runners.prepare(request.runner_names)
    with closing(Renderer()) as renderer:
        request = dataclasses.replace(request, spec=accepted(request.spec, request.sides, runners))
        run = created(request)
        with making(run) as made:
            if request.best_threads:
                sides = threads.with_best(run, request, runners, display)
                request = dataclasses.replace(request, sides=sides)
            outcome = train_into(run, request, runners, renderer, display)
            made.stopped = outcome.cut_short
        return outcome


def created(request: ComparisonRequest) -> Run:
    """Create the run of a request whose spec is complete. Raises OutputError."""
    return store.create(
        *(request.output, plain(request.names), request.workload, request.names, request.spec),
        baseline=request.baseline,
        label=request.label,
        precision=request.plan.precision,
        margin=request.plan.margin,
        fail_if=request.plan.fail_if,
    )


def train_into(
    run: Run,
    request: ComparisonRequest,
    runners: Runners,
    renderer: Renderer,
    display: Display,
    *,
    blocks: "Blocks | None" = None,
) -> Outcome:
    """Train as `train`, into an existing ``run``. Raises CannotRun if no trial can.

    ``blocks``: runs its blocks elsewhere; None: by ``runners``, one after the other. A certificate
    that the run has is not made again, unless it is only why there is none.
    """
    interrupted, faults = False, list[Sentence]()
    ended: OrchestratorError | None = None
    try:
        renderer.ready()  # its start must not disturb a trial
        if request.certify and is_to_be_the_same(request) and not certificate_file.is_made(run):
            certificates = certified(request, run, runners, display)
            run.write_certificate(certificate_file.as_dict(certificates))
        faults, runners = (blocks or _one_after_another)(run, request, runners, display)
        if request.profile:
            with logged(run.log_path, display) as listen:
                faults += _profile(run, request, runners, listen)
        settle(run, request, runners, display)
    except KeyboardInterrupt:
        interrupted = True
    except OutputError:
        raise
    except OrchestratorError as error:  # everything finished is written first
        if isinstance(error, CannotRun) and not any(trial.epochs for trial in run.trials()):
            raise
        ended = error
    display.stage(say(_DRAWING))
    if alone := request.over is None:  # what is known of a machine is not of several
        recall(run)
    comparison = judge(run)
    if alone and are_the_same(request.names):
        _learn_noise(comparison, request)
    try:
        draw(run, comparison, renderer)
    except OutputError as error:
        ended = ended or error
    display.stage("")
    display.say(kept(run))
    return Outcome(run, comparison, faults, interrupted, ended)


# Runs the blocks of a comparison; returns a sentence for each failed trial, and the runners for
# whatever follows.
Blocks = Callable[[Run, ComparisonRequest, Runners, Display], tuple[list[Sentence], Runners]]


def _one_after_another(
    run: Run, request: ComparisonRequest, runners: Runners, display: Display
) -> tuple[list[Sentence], Runners]:
    at_once = _at_once(request, runners, display)
    if at_once:
        run.write_concurrent()
    with logged(run.log_path, display) as listen:
        judge_of, same_seed = enough(request.plan, run, display), request.plan.same_seed
        order = placements(request.sides, request.spec, judge_of, same_seed=same_seed)
        return run_trials(order, runners, run, listen, at_once=at_once), runners


def _profile(
    run: Run, request: ComparisonRequest, runners: Runners, listen: Listener
) -> list[Sentence]:
    """Run one epoch of each side in a run of its own inside ``run``; return what went wrong."""
    spec = job_pb2.JobSpec()
    spec.CopyFrom(request.spec)
    spec.epochs, spec.profile = 1, True
    # For two identical ones one is enough.
    sides = list(dict.fromkeys(dataclasses.replace(side, letter="") for side in request.sides))
    names = [side.name for side in sides]
    inner = store.within(run, store.PROFILE, plain(names), names, spec)
    return run_trials(placements(sides, spec), runners, inner, listen)


def recall(run: Run) -> None:
    """Store with the run what is known about its machine."""
    environments = [trial.environment for trial in run.trials() if trial.environment]
    if environments:
        known = machine.known(machine.key(environments[0]))
        run.write_known(as_json(fields_of(known)))


def _learn_noise(comparison: Comparison, request: ComparisonRequest) -> None:
    """Store an A/A test's interval as the machine's noise floor."""
    verdict = comparison.verdict
    environments = [t.environment for t in next(iter(comparison.trials.values()), ())]
    if (
        verdict is None
        or verdict.machines > 1
        or verdict.low is None
        or verdict.high is None
        or not environments
        or environments[0] is None
    ):
        return
    of = f"{request.sides[0].framework} {machine.conditions(comparison.job)}"
    now = datetime.now(UTC).isoformat(timespec="seconds")
    noise = machine.Noise(verdict.low, verdict.high, verdict.pairs, request.workload, now)
    machine.learn_noise(machine.key(environments[0]), of, noise)


def is_to_be_the_same(request: ComparisonRequest) -> bool:
    """Return whether the job is fully matched: only then is there something to certify."""
    matched = request.spec.recipe == job_pb2.RECIPE_MATCHED and not request.spec.own_ways
    return matched and bool(request.pairs)


def _at_once(request: ComparisonRequest, runners: Runners, display: Display) -> bool:
    """Return whether trials run at the same time; if requested but impossible, say why."""
    if not request.concurrent or len(request.sides) < 2:
        return False
    if len(request.runner_names) < len(request.sides):
        display.say(say(_NOT_AT_ONCE, reason=english(_ONE_RUNNER)))
        return False
    environments: dict[str, job_pb2.Environment | None] = dict.fromkeys(request.runner_names)
    if request.spec.device == job_pb2.DEVICE_CUDA:
        for name in environments:
            with suppress(JobFailed):  # which the trial will report
                environments[name] = runners.get(name).environment()
    specs = {side.runner: side.spec(request.spec) for side in request.sides}
    reason = why_not_at_once(specs, environments)
    if reason is not None:
        display.say(say(_NOT_AT_ONCE, reason=reason))
    return reason is None


def certified(
    request: ComparisonRequest, run: Run, runners: Runners, display: Display
) -> Certificates:
    """Make the certificates; if that is impossible, say why."""
    try:
        return Certificates(verify.short(request, run, runners, display))
    except JobFailed as error:
        if isinstance(error, CannotRun):
            raise
        return Certificates([none_made(error.message, *pair) for pair in request.pairs])


def train_with_runners(request: ComparisonRequest, places: Places, display: Display) -> Outcome:
    """Train as `train`, with runners found or started for it. Raises OrchestratorError."""
    with runners_for(request, places, display) as runners:
        return train(request, runners, display)


@contextmanager
def runners_for(request: ComparisonRequest, places: Places, display: Display) -> Iterator[Runners]:
    """Yield the runners; those that are started here end with it."""
    # A GPU is known once the framework has been imported.
    lazy = not (request.concurrent and request.spec.device == job_pb2.DEVICE_CUDA)
    given = request.over, request.runner_names, places, display.say
    with together.runners(*given, lazy=lazy) as runners:
        yield runners


def raise_for(outcomes: Sequence[Ended]) -> None:
    """Raise KeyboardInterrupt if one was interrupted, JobFailed if a trial failed.

    Raises what cut one short, if nothing else went wrong.
    """
    if any(outcome.interrupted for outcome in outcomes):
        raise KeyboardInterrupt
    ended = [outcome.ended for outcome in outcomes if outcome.ended]
    if faults := [fault for outcome in outcomes for fault in outcome.faults]:
        raise JobFailed(join(LINES, [*faults, *(error.message for error in ended)]))
    if ended:
        raise ended[0]
