"""Two differences at once: what both do, beside the sum of what each does alone."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from twinrun.v1 import job_pb2

from orchestrator.results.estimate import Amount, Estimate, estimate, estimate_mean
from orchestrator.results.habits import effects
from orchestrator.results.habits.effects import Pairs
from orchestrator.results.habits.pitfall import Pitfall
from orchestrator.trials.metrics import Metric
from orchestrator.trials.trial import Trial

# Of these one contains the other, or a job cannot have both.
_APART = [
    {job_pb2.OWN_WAY_INITIAL_WEIGHTS, job_pb2.OWN_WAY_INITIALIZERS},
    {job_pb2.OWN_WAY_ADAM_EPSILON, job_pb2.OWN_WAY_EPSILON_PLACE},
    {job_pb2.OWN_WAY_RMSPROP_EPSILON, job_pb2.OWN_WAY_EPSILON_PLACE},
    {job_pb2.OWN_WAY_DATA_PIPELINE, job_pb2.OWN_WAY_PIPELINE_WORKERS},
    {job_pb2.OWN_WAY_CUDA_GRAPH, job_pb2.OWN_WAY_DATA_PIPELINE},
    {job_pb2.OWN_WAY_CUDA_GRAPH, job_pb2.OWN_WAY_PIPELINE_WORKERS},
    {job_pb2.OWN_WAY_JIT_COMPILE, job_pb2.OWN_WAY_DATA_PIPELINE},
    {job_pb2.OWN_WAY_JIT_COMPILE, job_pb2.OWN_WAY_PIPELINE_WORKERS},
]
Two = tuple[Pitfall, Pitfall]


@dataclass(frozen=True, slots=True)
class Interaction:
    """Two pitfalls; ``both`` moves the metric's gap and ``added`` multiplies the ratio of times.

    ``alone``: the sum of what each moves, ``factor``: the product of what each multiplies.
    ``more``: what both move beyond that sum, ``times``: what both multiply beyond that product,
    with intervals that hold for all pairs of pitfalls together. None: a metric is missing.
    """

    first: Pitfall
    second: Pitfall
    both: Amount | None
    alone: Amount | None
    more: Amount | None
    added: Estimate
    factor: Estimate
    times: Estimate

    @property
    def shown(self) -> bool:
        """Whether they interact: more than the sum, or the product, of each."""
        more = self.more
        moves = more is not None and more.low is not None and not more.within_noise
        return moves or self.times.shown


def twos(pitfalls: Sequence[Pitfall]) -> Iterator[Two]:
    """Yield every two that a job can have at once, and of which neither contains the other."""
    for two in itertools.combinations(pitfalls, 2):
        ways = {each.way for each in two}
        if ways not in _APART and job_pb2.OWN_WAY_ACCURACY not in ways:  # which changes no training
            yield two


def interactions(
    metric: Metric, matched: Pairs, alone: Mapping[Pitfall, Pairs], both: Mapping[Two, Pairs]
) -> list[Interaction]:
    """Compare, seed by seed; what interacts comes first."""
    ran = {two: pairs for two, pairs in both.items() if pairs and all(alone.get(p) for p in two)}
    found = []
    for two, pairs in ran.items():
        each_alone = [alone[pitfall] for pitfall in two]
        seeds = sorted(set.intersection(*map(set, (matched, pairs, *each_alone))))
        if seeds:
            several = [{n: each[n] for n in seeds} for each in (matched, pairs, *each_alone)]
            found.append(_interaction(metric, two, several, len(ran)))
    return sorted(found, key=lambda each: not each.shown)


def _interaction(metric: Metric, two: Two, several: Sequence[Pairs], together: int) -> Interaction:
    """Compare the matched pairs, those of both, of the first and of the second, seed by seed."""
    plain, both, one, other = ([_ratio(*pair) for pair in each.values()] for each in several)
    factors = [a * b / p for a, b, p in zip(one, other, plain, strict=True)]
    found = [
        effects.apart(metric, each, pitfall)
        for each, pitfall in zip(several, (None, None, *two), strict=True)
    ]
    known = all(found)
    of_matched, of_both, of_one, of_other = (list(each.values()) for each in found)
    moved = [b - p for b, p in zip(of_both, of_matched, strict=True)] if known else []
    sums = (
        [a + b - 2 * p for a, b, p in zip(of_one, of_other, of_matched, strict=True)]
        if known
        else []
    )
    beyond = [whole - parts for whole, parts in zip(moved, sums, strict=True)]
    return Interaction(
        *two,
        both=estimate_mean(moved) if known else None,
        alone=estimate_mean(sums) if known else None,
        more=estimate_mean(beyond, together) if known else None,
        added=estimate(plain, both),
        factor=estimate(plain, factors),
        times=estimate(factors, both, together),
    )


def _ratio(first: Trial, second: Trial) -> float:
    return effects.seconds_of(second) / effects.seconds_of(first)
