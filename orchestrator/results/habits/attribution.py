"""Where the idiomatic recipe's gap in the metric comes from, one difference after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.results.estimate import Amount, estimate_mean
from orchestrator.results.habits import effects
from orchestrator.results.habits.effects import Pairs
from orchestrator.results.habits.pitfall import Pitfall
from orchestrator.trials.metrics import Metric


@dataclass(frozen=True, slots=True)
class Attribution:
    """The ``gap`` of the idiomatic recipe: the second's metric minus the first's, seed by seed.

    It is that of the ``matched`` job, what each pitfall ``moved``, the largest first, and the
    ``rest``, which none of them explains. Only pitfalls that the recipe has are among them.
    """

    gap: Amount
    matched: Amount
    moved: Sequence[tuple[Pitfall, Amount]]
    rest: Amount


def attribution(
    metric: Metric, idiomatic: Pairs, matched: Pairs, of_pitfalls: Mapping[Pitfall, Pairs]
) -> Attribution | None:
    """Split the gap over the seeds that all have; None: there is none, or a metric is missing."""
    own = {
        pitfall: effects.apart(metric, pairs, pitfall)
        for pitfall, pairs in of_pitfalls.items()
        if pitfall.usual and pairs
    }
    whole, plain = (effects.apart(metric, pairs, None) for pairs in (idiomatic, matched))
    seeds = sorted(set.intersection(*map(set, (whole, plain, *own.values()))))
    if not seeds:
        return None
    moved = {
        pitfall: [found[seed] - plain[seed] for seed in seeds] for pitfall, found in own.items()
    }
    rest = [
        whole[seed] - plain[seed] - sum(each[place] for each in moved.values())
        for place, seed in enumerate(seeds)
    ]
    amounts = [(pitfall, estimate_mean(each)) for pitfall, each in moved.items()]
    return Attribution(
        gap=estimate_mean([whole[seed] for seed in seeds]),
        matched=estimate_mean([plain[seed] for seed in seeds]),
        moved=sorted(amounts, key=lambda each: -abs(each[1].value)),
        rest=estimate_mean(rest),
    )
