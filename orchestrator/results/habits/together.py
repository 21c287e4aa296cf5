"""What the trials of an explanation show beyond single differences."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from orchestrator.results.habits.attribution import Attribution, attribution
from orchestrator.results.habits.effects import Pairs
from orchestrator.results.habits.interactions import Interaction, interactions
from orchestrator.results.habits.numbering import (
    repetition_of,
    repetition_of_idiomatic,
    repetition_of_two,
)
from orchestrator.results.habits.pitfalls import PITFALLS
from orchestrator.trials.mappings.stored import as_json, fields_of
from orchestrator.trials.metrics import headline
from orchestrator.trials.trial import Trial


@dataclass(frozen=True, slots=True)
class Together:
    """Of two frameworks: where the idiomatic recipe's gap comes from, None if it did not run.

    And what two differences do at once; none if no two ran.
    """

    attribution: Attribution | None = None
    interactions: Sequence[Interaction] = ()


def pairs_of(
    trials: Sequence[Trial], frameworks: Sequence[str], repetition: Callable[[int], int | None]
) -> Pairs:
    """Return the pairs of two frameworks' trials that ended an epoch, by their repetition.

    ``repetition`` of a trial's number, None if it is not one of them.
    """
    first, second = (
        {
            of: trial
            for trial in trials
            if trial.framework == name and trial.epochs
            if (of := repetition(trial.number)) is not None
        }
        for name in frameworks
    )
    return {each: (first[each], second[each]) for each in sorted(first.keys() & second.keys())}


def together(trials: Sequence[Trial], frameworks: Sequence[str]) -> Together:
    """Compare two frameworks' trials of several differences at once."""
    matched = pairs_of(trials, frameworks, partial(repetition_of, pitfall=None))
    if not matched:
        return Together()
    metric = headline(next(iter(matched.values()))[0].spec)
    alone = {
        pitfall: pairs_of(trials, frameworks, partial(repetition_of, pitfall=pitfall))
        for pitfall in PITFALLS
    }
    ran = [pitfall for pitfall, pairs in alone.items() if pairs]
    both = {
        two: pairs_of(trials, frameworks, partial(repetition_of_two, two=two))
        for two in itertools.combinations(ran, 2)
    }
    idiomatic = pairs_of(trials, frameworks, repetition_of_idiomatic)
    return Together(
        attribution(metric, idiomatic, matched, alone),
        interactions(metric, matched, alone, both),
    )


def with_together(mapping: dict[str, object], found: Sequence[Together]) -> dict[str, object]:
    """Return the contents of explanation.json with what several differences do at once."""
    written = [as_json(_mapping(each)) for each in found]
    pairs = mapping.get("pairs")
    if isinstance(pairs, list):
        both = zip(pairs, written, strict=True)
        return {**mapping, "pairs": [{**pair, **each} for pair, each in both]}
    for each in written:
        mapping = {**mapping, **each}
    return mapping


def _mapping(found: Together) -> dict[str, object]:
    """Return it as in explanation.json, without what did not run."""
    mapping: dict[str, object] = {}
    if found.attribution:
        moved: list[Mapping[str, object]] = [
            {"pitfall": pitfall.name, **fields_of(amount)}
            for pitfall, amount in found.attribution.moved
        ]
        mapping["attribution"] = {**fields_of(found.attribution), "moved": moved}
    if found.interactions:
        mapping["interactions"] = [
            {**fields_of(each), "first": each.first.name, "second": each.second.name}
            for each in found.interactions
        ]
    return mapping
