"""Runs the trials of a parity table: each case on every side, as a matched job and in its own way.

Nobody reads the times of these trials: on a CPU all runners work at once, and a runner's jobs of
one recipe share a process.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from twinrun.contract.enums import Device, Execution, JobState, Precision, TargetKind
from twinrun.v1 import job_pb2, runner_service_pb2

from orchestrator.actions.request import kept
from orchestrator.certificate.evidence import evidence
from orchestrator.data import small
from orchestrator.data.place import blob_directory
from orchestrator.errors import OrchestratorError, OutputError
from orchestrator.language.phrases import Phrase, Sentence, english, say
from orchestrator.language.words import OF, label
from orchestrator.reports import parity as report
from orchestrator.reports.writers import markdown
from orchestrator.results.circumstances import Caution, of_damages
from orchestrator.results.parity import (
    IDIOMATIC,
    MATCHED,
    Apart,
    Parity,
    Planned,
    Row,
    allowed,
    apart,
    as_dict,
)
from orchestrator.runners.finding import Runners
from orchestrator.runners.placement import Placement
from orchestrator.runners.planning import accepted
from orchestrator.runners.progress import Display, Stages, logged
from orchestrator.runners.schedule import run_trials
from orchestrator.settings.parity import Case
from orchestrator.settings.parity.kinds import CODES, OUTPUTS, SAMPLES
from orchestrator.storage import store
from orchestrator.storage.about import Kind
from orchestrator.storage.files import noting, write_whole
from orchestrator.storage.running import making
from orchestrator.storage.store import Run
from orchestrator.trials.mappings.reading import read
from orchestrator.trials.mappings.stored import fields_of
from orchestrator.trials.sides import Side, runners_of
from orchestrator.trials.trial import Trial

NAME = "parity"  # of the run, where others have their workload's
_PLAN = "plan"  # the file that says which trials are of which case
_TRYING = Phrase("{case}: {recipe}, {precision}, {execution}")
_SHARED = runner_service_pb2.PROCESS_USE_SHARED


@dataclass(frozen=True, slots=True)
class ParityRequest:
    """The ``cases`` on each of ``sides``, of which the first is the baseline.

    In each of the ``precisions`` and ``executions``, unless a side changes how it is computed.
    """

    cases: Sequence[Case]
    sides: Sequence[Side]
    precisions: Sequence[Precision]
    executions: Sequence[Execution]
    output: Path
    device: Device = Device.CPU
    label: str = ""


@dataclass(frozen=True, slots=True)
class _Plan:
    """The contents of plan.json."""

    plan: Sequence[Planned]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run, and its table; ``ended``: what cut it short."""

    run: Run
    found: Parity
    interrupted: bool
    ended: OrchestratorError | None = None


def run_parity(request: ParityRequest, runners: Runners, display: Display) -> Outcome:
    """Run one case after the other; what has finished is kept, also on Ctrl-C or a lost runner.

    Raises BadInput if a runner refuses a case, before any is run.
    """
    runners.prepare(runners_of(request.sides))
    from orchestrator import page  # noqa: F401, PLC0415 - takes a while to import

    plan = _plan(request, runners)
    names = [side.name for side in request.sides]
    run = store.create(
        *(request.output, Kind.PARITY, NAME, names, next(iter(plan.values()))),
        label=request.label,
    )
    run.write_result(_PLAN, {"plan": [fields_of(each) for each in plan]})
    interrupted, ended = False, None
    with making(run) as made:
        try:
            _train(plan, request, run, runners, display)
        except KeyboardInterrupt:
            interrupted = True
        except OutputError:
            raise
        except OrchestratorError as error:
            ended = error
        display.stage("")
        made.stopped = interrupted or ended is not None
        found = finish(run)
    display.say(kept(run))
    return Outcome(run, found, interrupted, ended)


def _plan(request: ParityRequest, runners: Runners) -> dict[Planned, job_pb2.JobSpec]:
    """Return each pair of trials with its completed job, those of one process together."""
    plan = dict[Planned, job_pb2.JobSpec]()
    ways = itertools.product((MATCHED, IDIOMATIC), request.precisions, request.executions)
    jobs = [(case, _with_data(case)) for case in request.cases]
    for (recipe, precision, execution), (case, job) in itertools.product(ways, jobs):
        number = len(plan) + 1
        planned = Planned(number, case.group, case.name, recipe, precision, execution)
        spec = job_pb2.JobSpec()
        spec.CopyFrom(job)
        for field, value in (
            ("recipe", recipe),
            ("precision", precision),
            ("execution", execution),
            ("device", request.device),
        ):
            setattr(spec, field, getattr(job_pb2, f"{field}_{value}".upper()))
        spec.matched_initial_values = recipe == IDIOMATIC
        plan[planned] = accepted(spec, request.sides, runners)
    return plan


def _with_data(case: Case) -> job_pb2.JobSpec:
    """Return the case's job with its data set, whose arrays are where runners get them from."""
    spec, sample = case.spec(), case.sample
    outputs = CODES if sample.targets is TargetKind.TOKENS else OUTPUTS
    codes = CODES if sample.codes else 0
    held = small.dataset(
        *(sample.shape, sample.targets, outputs, SAMPLES, blob_directory()),
        codes=codes,
        padded=sample.padded,
    )
    spec.dataset.CopyFrom(held)
    return spec


def _train(
    plan: Mapping[Planned, job_pb2.JobSpec],
    request: ParityRequest,
    run: Run,
    runners: Runners,
    display: Display,
) -> None:
    specs = [side.spec(spec) for side in request.sides for spec in plan.values()]
    at_once = all(spec.device != job_pb2.DEVICE_CUDA for spec in specs)
    with logged(run.log_path, Stages(display)) as listen:
        for done, (planned, spec) in enumerate(plan.items()):
            what = {name: getattr(planned, name) for name in ("case", "recipe", "precision")}
            display.stage(say(_TRYING, **what, execution=planned.execution), done, len(plan))
            order = [
                Placement(side.name, planned.number, side.spec(spec), _SHARED)
                for side in request.sides
            ]
            run_trials(order, runners, run, listen, at_once=at_once)  # a failed one is in its row


def finish(run: Run) -> Parity:
    """Write everything that follows from the run's trials: parity.json, parity.md, page."""
    from orchestrator import page  # noqa: PLC0415 - as above

    found, cautions = found_in(run)
    run.write_result("parity", as_dict(found, cautions))
    text = markdown.report(report.report(found))
    write_whole(run.path / "parity.md", f"{text}\n".encode())
    made = page.parity_page(found, run.about(), environments(run.trials([])), cautions)
    run.write_page(page.render(made))
    return found


def found_in(run: Run) -> tuple[Parity, list[Caution]]:
    """Return the rows of every pair of trials that can be read.

    Raises RunUnreadable if what it is, or its plan, cannot be read.
    """
    damages = list[Sentence]()
    baseline, *others = run.about().sides or ("",)
    written = run.result(_PLAN) or {"plan": []}  # a command may be killed before it has one
    held = read(_Plan, written, str(run.path / f"{_PLAN}.json"))
    trials = {trial.name: trial for trial in run.trials(damages)}
    numbers: dict[tuple[str, str, str, str], dict[str, int]] = {}  # of each row, by recipe
    for each in held.plan:
        key = str(each.group), each.case, each.precision, each.execution
        numbers.setdefault(key, {})[each.recipe] = each.number
    rows = list[Row]()
    for (key, by_recipe), side in itertools.product(numbers.items(), others):
        pairs = {
            recipe: [trials.get(f"{name}-{number}") for name in (baseline, side)]
            for recipe, number in by_recipe.items()
        }
        known = {recipe: [trial for trial in pair if trial] for recipe, pair in pairs.items()}
        if not any(known.values()):  # not begun
            continue
        found = {recipe: _apart(pair, run, damages) for recipe, pair in known.items()}
        both = itertools.chain(*known.values())
        jobs = [trial.spec for trial in known.get(MATCHED, []) if trial.spec is not None]
        limit = allowed(jobs[0]) if jobs else 0.0
        lacking = [
            english(OF, name=label(trial.framework), what=trial.error.message)
            for trial in both
            if trial.error is not None
        ]
        rows.append(
            Row(*key, side, found.get(MATCHED), found.get(IDIOMATIC), limit, tuple(lacking))
        )
    by_name = _versions(trials.values())
    versions = {name: by_name[name] for name in (baseline, *others) if name in by_name}
    return Parity(baseline, versions, rows), of_damages(damages)


def _apart(pair: Sequence[Trial], run: Run, damages: list[Sentence]) -> Apart | None:
    """Return how far two trials are apart; None if one is missing, or did not succeed."""
    if [trial.state for trial in pair] != 2 * [JobState.SUCCEEDED]:
        return None
    with noting(damages):
        first, second = (evidence(run, trial) for trial in pair)
        return apart(first, second)
    return None


def _versions(trials: Iterable[Trial]) -> dict[str, str]:
    return {name: each.framework_version for name, each in environments(trials).items()}


def environments(trials: Iterable[Trial]) -> dict[str, job_pb2.Environment]:
    """Return the environment of each framework's first trial."""
    found: dict[str, job_pb2.Environment] = {}
    for trial in trials:
        if trial.environment is not None:
            found.setdefault(trial.framework, trial.environment)
    return found
