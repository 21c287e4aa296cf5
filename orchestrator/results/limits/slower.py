"""Whether the second of two runs was slower than allowed: ``diff --fail-if-slower``."""

import itertools
from collections.abc import Iterator, Sequence
from statistics import median

from orchestrator.language.phrases import Phrase, english
from orchestrator.language.words import label
from orchestrator.results.circumstances import taken
from orchestrator.results.comparison import Comparison
from orchestrator.results.difference import Difference, of_cluster, seconds_of
from orchestrator.results.estimate import estimate_apart
from orchestrator.results.limits.condition import Condition, Measure
from orchestrator.results.limits.decision import Decision
from orchestrator.results.limits.wording import TRIALS, decide, undecided
from orchestrator.results.quantities import EPOCH
from orchestrator.results.verdict import DISTURBED
from orchestrator.storage import machine
from orchestrator.trials.trial import Trial

_EPOCH = Phrase("an epoch of {side} took {value:.3f} times as long in the second run")
_MACHINES = Phrase(
    "{side} ran on different machines: {first}, then {second}. Make both runs on one machine."
)
_MACHINE = Phrase("{model} with {cpus} CPUs")
_CLUSTER = Phrase(
    "{side} ran on machines of --cluster, and no interval covers how they differ between two runs. "
    "Make both runs on one machine, without --cluster."
)
_UNKNOWN = Phrase("an unknown one")


def decisions(
    found: Difference, first: Comparison, second: Comparison, slower: float
) -> list[Decision]:
    """Decide for each framework of both runs; ``slower``: what is allowed, a fraction.

    The intervals of all hold simultaneously. What ran on different machines is not decided, nor
    what ran on those of a cluster: a slower machine is no slower program.
    """
    return list(_decisions(found, first, second, slower))


def _decisions(
    found: Difference, first: Comparison, second: Comparison, slower: float
) -> Iterator[Decision]:
    limit = 1 + slower
    condition = Condition(f"ratio > {limit:g}", None, Measure.RATIO, EPOCH.name, True, limit)
    for side in found.sides:
        runs = [first.trials[side.name], second.trials[side.name]]
        if len(set.union(*map(_machines, runs))) > 1:
            names = dict(zip(("first", "second"), map(_machine, runs), strict=True))
            why = english(_MACHINES, side=label(side.name), **names)
            yield undecided(condition, side.name, why)
            continue
        if any(map(of_cluster, runs)):
            yield undecided(condition, side.name, english(_CLUSTER, side=label(side.name)))
            continue
        together = len(found.sides)
        ratio = estimate_apart(seconds_of(runs[0]), seconds_of(runs[1]), together)
        shares = [share for t in itertools.chain(*runs) if (share := taken(t)) is not None]
        share = median(shares) if shares else 0.0
        what = english(_EPOCH, side=label(side.name), value=ratio.ratio)
        busy = share if share > DISTURBED else None
        yield decide(condition, side.name, ratio, what, together=together, busy=busy, unit=TRIALS)


def _machines(trials: Sequence[Trial]) -> set[str]:
    """Return the keys of the machines that are known."""
    return {machine.key(trial.environment) for trial in trials if trial.environment}


def _machine(trials: Sequence[Trial]) -> object:
    known = next((trial.environment for trial in trials if trial.environment), None)
    if known is None:
        return english(_UNKNOWN)
    return english(_MACHINE, model=known.cpu_model, cpus=known.available_cpus)
