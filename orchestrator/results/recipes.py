"""The same workload by two recipes: how much of the difference is data, framework and the rest."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import ClassVar

from twinrun.contract.enums import JobState
from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import NEXT, label, number
from orchestrator.results.circumstances import Caution
from orchestrator.results.comparison import Comparison
from orchestrator.results.estimate import FEWEST_PAIRS, Amount, estimate_amount
from orchestrator.results.habits.effects import Pairs
from orchestrator.results.habits.recipe_gap import Gap, gap
from orchestrator.results.quantities import EPOCH, TRAINING, test_metric
from orchestrator.storage.about import Kind
from orchestrator.trials.mappings.stored import fields_of
from orchestrator.trials.metrics import ACCURACY, Metric, headline
from orchestrator.trials.trial import Trial

RECIPES = {"matched": job_pb2.RECIPE_MATCHED, "idiomatic": job_pb2.RECIPE_IDIOMATIC}
_LONGER = Phrase(
    "In the idiomatic recipe, {slower} trained {longer} longer than {faster}: "
    "{wait} waiting for its data, {matched} on the same job, and {rest} for "
    "the rest: how it is written, and the CPUs that its data pipeline takes from its "
    "steps. {basis}"
)
_SECONDS = Phrase("{seconds} s")
_INTERVAL = Phrase("{seconds} s ({low} to {high})")
_NOISE = Phrase("{seconds} s ({low} to {high}, within noise)")
_BASIS = Phrase("In brackets are intervals (95 %), from {pairs} pairs of each recipe.")
_ONE = Phrase("One pair of each recipe is too few to tell a part from noise: {fewest} are needed.")
_FEW = Phrase(
    "{pairs} pairs of each recipe are too few to tell a part from noise: {fewest} are needed."
)
_LONGER_UNKNOWN = Phrase(
    "In the idiomatic recipe, {slower} trained {longer} longer than {faster}: "
    "{matched} on the same job, and {rest} for the rest: waiting for its data, how it is "
    "written, and the CPUs that its data pipeline takes from its steps. How long each waited "
    "for its data was not measured. {basis}"
)
_NOT_BOTH = Phrase(
    "A recipe has no finished trial of each framework, so the difference is not split into parts."
)


_Parts = tuple[str, str, Mapping[str, Amount]]


@dataclass(frozen=True, slots=True)
class Times:
    """A side's medians over its trials of a recipe: seconds of training, and of waiting.

    ``epoch_seconds``: of an epoch, of which verdicts are. ``test_metric``: the ``metric`` of the
    test samples, None if no trial has it.
    """

    train_seconds: float
    epoch_seconds: float
    wait_seconds: float | None  # None: not measured
    test_metric: float | None
    metric: Metric = ACCURACY


@dataclass(frozen=True, slots=True)
class Recipes:
    """``times`` by recipe and side; ``sentence`` says where the differences come from.

    Seconds that the slower side took longer in the idiomatic recipe, and its parts: waiting for
    data, the matched job, and the rest; for two sides, None if a trial is missing. ``parts`` has
    them with their intervals. With more sides those of the ``baseline`` and each other side are in
    the sentence. ``gaps``: those of the metric. ``findings`` and ``warnings`` are those of the
    comparisons, by variant.
    """

    kind: ClassVar = Kind.RECIPES
    times: Mapping[str, Mapping[str, Times]]
    longer_seconds: float | None
    wait_seconds: float | None
    matched_seconds: float | None
    sentence: Sentence
    baseline: str | None = None
    parts: Mapping[str, Amount] | None = None
    gaps: Sequence[Gap] = ()
    findings: Mapping[str, Sentence] = field(default_factory=dict)
    warnings: Mapping[str, Sequence[Caution]] = field(default_factory=dict)

    @property
    def sentences(self) -> Sequence[Sentence]:
        return [self.sentence, *(gap.sentence for gap in self.gaps)]


def as_mapping(found: Times) -> dict[str, object]:
    """Return them as in recipes.json, where the metric has its own name."""
    mapping = fields_of(found)
    del mapping["metric"]
    mapping[f"test_{found.metric.name}"] = mapping.pop("test_metric")
    return mapping


def recipes(compared: Mapping[str, Comparison]) -> Recipes:
    """Split the difference between the baseline and each other side, as far as both were run."""
    medians = {
        recipe: {
            name: times
            for name, trials in (compared[recipe].counted if recipe in compared else {}).items()
            if (times := _times(trials)) is not None
        }
        for recipe in RECIPES
    }
    baseline = compared["idiomatic"].baseline if "idiomatic" in compared else None
    pairs = _pairs(medians, baseline)
    split = [_parts(compared, pair) for pair in pairs]
    parted = [each for each in split if each is not None]
    sentence = join(NEXT, [_sentence(*each) for each in parted] or [english(_NOT_BOTH)])
    gaps = [
        found
        for pair in pairs
        if (found := gap(*(_paired(compared[name], pair) for name in ("idiomatic", "matched"))))
    ]
    if len(parted) != 1:
        return Recipes(medians, None, None, None, sentence, baseline, gaps=gaps)
    ((_, _, parts),) = parted
    longer, alike = (parts[name].value for name in ("longer", "matched"))
    wait = parts["wait"].value if "wait" in parts else None
    return Recipes(medians, longer, wait, alike, sentence, baseline, parts, gaps)


def _paired(compared: Comparison, pair: tuple[str, str]) -> Pairs:
    """Return the pairs of two sides that ended, by their numbers."""
    first, second = ({t.number: t for t in ended(compared.counted[side])} for side in pair)
    return {each: (first[each], second[each]) for each in sorted(first.keys() & second.keys())}


def _pairs(times: Mapping[str, Mapping[str, Times]], baseline: str | None) -> list[tuple[str, str]]:
    """Return the baseline and each other side, if both have a finished trial of each recipe."""
    own, same = times["idiomatic"], times["matched"]
    there = [name for name in own if name in same]
    first = baseline or next(iter(own), None)
    return [(first, name) for name in there if name != first] if first in there else []


def _parts(compared: Mapping[str, Comparison], pair: tuple[str, str]) -> _Parts | None:
    """Return the faster side, the slower one, and by how much, with its parts, in seconds.

    By the pairs that both recipes have; None if there are none. Waiting is not among them if it
    was not measured.
    """
    groups = {
        (recipe, side): {trial.number: trial for trial in ended(compared[recipe].counted[side])}
        for recipe in RECIPES
        for side in pair
    }
    numbers = sorted(set.intersection(*(set(group) for group in groups.values())))
    if not numbers:
        return None

    def more(recipe: str, seconds: Callable[[Trial], float]) -> list[float]:
        """Return by how much the second side exceeds the first, pair by pair."""
        first, second = ([seconds(groups[recipe, side][n]) for n in numbers] for side in pair)
        return [b - a for a, b in zip(first, second, strict=True)]

    series = {"longer": more("idiomatic", _trained), "matched": more("matched", _trained)}
    if all(_waited(groups["idiomatic", side][n]) is not None for side in pair for n in numbers):
        series["wait"] = more("idiomatic", lambda trial: _waited(trial) or 0.0)
    faster, slower = pair
    if estimate_amount(series["longer"]).value < 0:
        faster, slower = slower, faster
        series = {name: [-value for value in values] for name, values in series.items()}
    parts = {name: estimate_amount(values) for name, values in series.items()}
    return faster, slower, {**parts, "rest": estimate_amount(*series.values())}


def _sentence(faster: str, slower: str, parts: Mapping[str, Amount]) -> Sentence:
    pairs = parts["longer"].pairs
    phrase = (_ONE if pairs == 1 else _FEW) if pairs < FEWEST_PAIRS else _BASIS
    basis = english(phrase, pairs=pairs, fewest=FEWEST_PAIRS)
    amounts = {name: _amount(each) for name, each in parts.items()}
    whole = _LONGER if "wait" in parts else _LONGER_UNKNOWN
    return english(whole, slower=label(slower), faster=label(faster), **amounts, basis=basis)


def _amount(found: Amount) -> Sentence:
    seconds = number(found.value)
    if found.low is None or found.high is None:
        return english(_SECONDS, seconds=seconds)
    phrase = _NOISE if found.within_noise else _INTERVAL
    return english(phrase, seconds=seconds, low=number(found.low), high=number(found.high))


def ended(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.state is JobState.SUCCEEDED and trial.epochs]


def _trained(trial: Trial) -> float:
    return TRAINING.measure(trial, None) or 0.0


def _waited(trial: Trial) -> float | None:
    """Return the seconds of waiting for data; None if they were not measured."""
    return trial.seconds("data_wait")


def _median_wait(trials: Sequence[Trial]) -> float | None:
    waits = list(map(_waited, trials))
    known = [seconds for seconds in waits if seconds is not None]
    return median(known) if len(known) == len(waits) else None


def _times(trials: Sequence[Trial]) -> Times | None:
    done = ended(trials)
    if not done:
        return None
    return Times(
        train_seconds=TRAINING.of(done, None) or 0.0,
        epoch_seconds=EPOCH.of(done, None) or 0.0,
        wait_seconds=_median_wait(done),
        test_metric=test_metric(done[0].spec).of(done, None),
        metric=headline(done[0].spec),
    )
