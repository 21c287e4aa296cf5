"""The same workload by two recipes: what of a difference is data, framework, and the rest."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from twinrun.contract.enums import JobState

from orchestrator.language.phrases import Phrase, Sentence, english, stored
from orchestrator.language.words import label, number
from orchestrator.results.comparison import Comparison
from orchestrator.results.quantities import TEST_ACCURACY, TRAINING
from orchestrator.trials.numbers import finite
from orchestrator.trials.trial import Trial

SCHEMA = "twinrun.recipes/1"
_LONGER = Phrase(
    "Written as its users do, {slower} trained {seconds} s longer than {faster}: {wait} s by "
    "waiting for its data, {matched} s by what it took longer on the same job, and {rest} s by the "
    "rest: how it is written, and the CPUs that its data pipeline takes from its steps."
)
_NOT_BOTH = Phrase("A recipe has no finished trial of each framework, so nothing is taken apart.")


@dataclass(frozen=True, slots=True)
class Times:
    """A framework's medians over its trials of a recipe: seconds of training, of these waiting."""

    train_seconds: float
    wait_seconds: float
    test_accuracy: float


@dataclass(frozen=True, slots=True)
class Recipes:
    """``times`` by recipe and framework; ``sentence`` says where the difference comes from.

    Seconds that the slower framework took longer in the idiomatic recipe, and of these: by
    waiting for data, on the matched job, and the rest. None where a trial is missing.
    """

    times: Mapping[str, Mapping[str, Times]]
    longer_seconds: float | None
    wait_seconds: float | None
    matched_seconds: float | None
    sentence: Sentence


def recipes(matched: Comparison, idiomatic: Comparison) -> Recipes:
    """Takes the difference of two frameworks apart."""
    times = {
        "matched": {name: _times(trials) for name, trials in matched.counted.items()},
        "idiomatic": {name: _times(trials) for name, trials in idiomatic.counted.items()},
    }
    found = {
        recipe: {name: times for name, times in by_name.items() if times is not None}
        for recipe, by_name in times.items()
    }
    if any(len(by_name) != 2 for by_name in found.values()):
        return Recipes(found, None, None, None, english(_NOT_BOTH))
    longer, wait, alike = _parts(found)
    return Recipes(found, longer, wait, alike, _sentence(found))


def _sides(times: Mapping[str, Mapping[str, Times]]) -> list[str]:
    """The faster and the slower as their users write them."""
    own = times["idiomatic"]
    return sorted(own, key=lambda name: own[name].train_seconds)


def _parts(times: Mapping[str, Mapping[str, Times]]) -> tuple[float, float, float]:
    """How much longer the slower took, of that by waiting, and on the same job; in seconds."""
    own, same = times["idiomatic"], times["matched"]
    faster, slower = _sides(times)
    return (
        own[slower].train_seconds - own[faster].train_seconds,
        own[slower].wait_seconds - own[faster].wait_seconds,
        same[slower].train_seconds - same[faster].train_seconds,
    )


def _sentence(times: Mapping[str, Mapping[str, Times]]) -> Sentence:
    longer, wait, alike = _parts(times)
    faster, slower = _sides(times)
    return english(
        _LONGER,
        slower=label(slower),
        faster=label(faster),
        seconds=number(longer),
        wait=number(wait),
        matched=number(alike),
        rest=number(longer - wait - alike),
    )


def retold(found: Mapping[str, Any]) -> Sentence:
    """The sentence of a recipes.json, made again from what else it holds."""
    again = []
    if found.get("longer_seconds") is not None:
        times = {
            recipe: {name: Times(**each) for name, each in by_name.items()}
            for recipe, by_name in found["times"].items()
        }
        again.append(_sentence(times))
    return stored(found["sentence"], *again)


def _times(trials: Sequence[Trial]) -> Times | None:
    ended = [trial for trial in trials if trial.state is JobState.SUCCEEDED and trial.epochs]
    if not ended:
        return None
    return Times(
        train_seconds=TRAINING.of(ended, {}) or 0.0,
        wait_seconds=median(sum(e.data_wait_seconds for e in t.epochs) for t in ended),
        test_accuracy=TEST_ACCURACY.of(ended, {}) or 0.0,
    )


def as_dict(found: Recipes) -> dict[str, Any]:
    """For recipes.json."""
    made: dict[str, Any] = finite({"schema": SCHEMA, **dataclasses.asdict(found)})
    return made
