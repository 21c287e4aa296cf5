"""How far two sides' metric is apart by either recipe, and how much of it is of the own ways."""

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import label, number
from orchestrator.results.estimate import Amount, estimate_mean
from orchestrator.results.habits import effects
from orchestrator.results.habits.effects import Pairs
from orchestrator.trials.mappings.stored import fields_of
from orchestrator.trials.metrics import Metric, headline

_GAP = Phrase(
    "In the idiomatic recipe {second}'s {metric} minus {first}'s is {gap}: {matched} on the same "
    "job, and {own} from what each does in its own way. Which of that it is: "
    "orchestrator explain --recipe both."
)
_POINTS = Phrase("{value} points")
_INTERVAL = Phrase("{value} ({low} to {high})")
_NOISE = Phrase("{value} ({low} to {high}, within noise)")


@dataclass(frozen=True, slots=True)
class Gap:
    """The second's metric minus the first's, pair by pair, over the pairs that both recipes have.

    In the idiomatic recipe ``gap``, on the ``matched`` job, and what is ``own``: the difference.
    """

    first: str
    second: str
    metric: Metric
    gap: Amount
    matched: Amount
    own: Amount

    @property
    def sentence(self) -> Sentence:
        """Say it, with intervals if there are any."""
        amounts = {"gap": self.gap, "matched": self.matched, "own": self.own}
        return english(
            _GAP,
            first=label(self.first),
            second=label(self.second),
            metric=self.metric.word,
            **{name: self._written(each) for name, each in amounts.items()},
        )

    def _written(self, found: Amount) -> Sentence | str:
        def one(value: float) -> str:
            return f"{100 * value:+.2f}" if self.metric.is_share else number(value)

        value: Sentence | str = one(found.value)
        if self.metric.is_share:
            value = english(_POINTS, value=value)
        if found.low is None or found.high is None:
            return value
        phrase = _NOISE if found.within_noise else _INTERVAL
        return english(phrase, value=value, low=one(found.low), high=one(found.high))


def gap(idiomatic: Pairs, matched: Pairs) -> Gap | None:
    """Compare two sides' pairs of either recipe, by their numbers; None: a metric is missing."""
    common = sorted(idiomatic.keys() & matched.keys())
    if not common:
        return None
    one, other = idiomatic[common[0]]
    metric = headline(one.spec)
    by_recipe = [
        effects.apart(metric, {n: each[n] for n in common}, None) for each in (idiomatic, matched)
    ]
    if not all(by_recipe):
        return None
    of_own, of_same = (list(each.values()) for each in by_recipe)
    return Gap(
        first=one.framework,
        second=other.framework,
        metric=metric,
        gap=estimate_mean(of_own),
        matched=estimate_mean(of_same),
        own=estimate_mean([a - b for a, b in zip(of_own, of_same, strict=True)]),
    )


def as_mapping(found: Gap) -> Mapping[str, object]:
    """Return it as in recipes.json."""
    return {**fields_of(found), "metric": found.metric.name}
