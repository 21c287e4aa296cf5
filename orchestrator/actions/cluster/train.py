"""Compares over machines: the whole command, and how it goes on after it was killed."""

import dataclasses
from collections import Counter
from collections.abc import Mapping
from contextlib import closing

from orchestrator.actions.cluster.comparison import OfComparison
from orchestrator.actions.cluster.faults import faults_of
from orchestrator.actions.cluster.meeting import Machines, meet
from orchestrator.actions.cluster.plans import begun, gone_on, source_of, take_up
from orchestrator.actions.cluster.sources import Source, check_exclusive
from orchestrator.actions.compare import ComparisonRequest, Outcome, created, train_into
from orchestrator.actions.repeat import Plan
from orchestrator.errors import BadInput
from orchestrator.figures.renderer import Renderer
from orchestrator.language.phrases import Phrase, english, join, say
from orchestrator.language.words import COMMA
from orchestrator.runners.cluster.queue import Turns
from orchestrator.runners.planning import accepted
from orchestrator.runners.progress import Display
from orchestrator.storage import about, blocks, clustering, store, sweeping
from orchestrator.storage.about import About
from orchestrator.storage.clustering import ClusterPlan
from orchestrator.storage.running import RUNNING, Making, is_running, making
from orchestrator.storage.store import Run
from orchestrator.trials.sides import Side, runners_of

_GO_ON = Phrase("to go on with it: orchestrator resume {path}")
_NO_CLUSTER = Phrase(
    "{path} is of no cluster, so it cannot go on: only comparisons with --cluster, and sweeps, can."
)
_CELL = Phrase("{path} is a cell of a sweep, which goes on as a whole: orchestrator resume {outer}")
_NOT_TOGETHER = Phrase(
    "--cluster says where the runners are, and runs a comparison of one kind, one trial at a "
    "time on each machine; leave out {flags}."
)


def check(flags: Mapping[str, bool]) -> None:
    """Refuse what cannot be asked together with ``--cluster``; ``flags``: whether each is given.

    Raises BadInput, which names all of them.
    """
    if given := [flag for flag, is_given in flags.items() if is_given]:
        raise BadInput(english(_NOT_TOGETHER, flags=join(COMMA, given)))


def compare_over(request: ComparisonRequest, cluster: Source, display: Display) -> Outcome:
    """Compare as `compare.train`, on the machines of ``cluster``. Raises OrchestratorError.

    Raises BadInput before anything runs if the machines are not alike.
    """
    check_exclusive(cluster, [side.spec(request.spec) for side in request.sides])
    names = request.runner_names
    with (
        closing(Renderer()) as renderer,
        meet(cluster, names, display) as machines,
    ):
        first = machines.first
        request = dataclasses.replace(
            request, spec=accepted(request.spec, request.sides, first.runners)
        )
        run = created(request)
        plan = begun(
            *(cluster, machines, request.plan), certify=request.certify, profile=request.profile
        )
        with making(run) as made:
            clustering.write(run, plan)
            outcome = _train(
                *(run, plan, request),
                made=made,
                machines=machines,
                renderer=renderer,
                display=display,
            )
    return _told(outcome, display)


def resume(run: Run, cluster: str | None, display: Display) -> Outcome:
    """Go on with a comparison whose command ended early: no block that has ended runs again.

    ``cluster``: names the machines now; None: the same source as before. Raises BadInput if it
    cannot go on, else as `compare_over`.
    """
    what, plan = resumable(run)
    sides = [Side.named(name) for name in what.sides]
    names = runners_of(sides)
    now = source_of(run, plan, cluster)
    request = ComparisonRequest(
        *(what.workload, run.spec(), sides, run.path.parent, what.baseline, what.label),
        certify=plan.certify,
        profile=plan.profile,
        plan=Plan(
            *(plan.repeats, plan.same_seed, what.precision),
            *(plan.most_seconds, what.margin, what.fail_if),
        ),
    )
    with (
        closing(Renderer()) as renderer,
        meet(now, names, display) as machines,
    ):
        _, plan = resumable(run)  # another command may have taken it up meanwhile
        plan = gone_on(run, plan, now, machines)
        with making(run) as made:
            plan = take_up(run, plan, machines)
            for name in (store.PROFILE, "again"):  # parts of which a killed command may have left
                sweeping.clear(run, name)
            outcome = _train(
                *(run, plan, request),
                made=made,
                machines=machines,
                renderer=renderer,
                display=display,
            )
    return _told(outcome, display)


def resumable(run: Run) -> tuple[About, ClusterPlan]:
    """Return what a comparison is that may go on. Raises BadInput."""
    plan = clustering.plan_of(run)
    if plan is None:
        raise BadInput(english(_NO_CLUSTER, path=run.path))
    if (run.path.parent / about.FILE).exists():
        raise BadInput(english(_CELL, path=run.path, outer=run.path.parent))
    if is_running(run.path):
        raise BadInput(english(RUNNING, path=run.path))
    return run.about(), plan


def _train(
    run: Run,
    plan: ClusterPlan,
    request: ComparisonRequest,
    *,
    made: Making,
    machines: Machines,
    renderer: Renderer,
    display: Display,
) -> Outcome:
    done = clustering.taken_up(run, request.names)
    for name, why in machines.missing.items():
        blocks.add(run.path, blocks.at(0, name, str(why)))
    on = blocks.places(run.path)
    turns = Turns(request.sides, plan.seed, Counter(on.values()))
    over = OfComparison(machines, turns, done, faults_of(run, done))
    outcome = train_into(run, request, machines.first.runners, renderer, display, blocks=over)
    clustering.close(run)
    made.stopped = outcome.cut_short
    return outcome


def _told(outcome: Outcome, display: Display) -> Outcome:
    if outcome.cut_short:
        display.say(say(_GO_ON, path=outcome.run.path))
    return outcome
