"""The same workload in several variants: by two recipes, or by each loop, also op by op."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import ClassVar

from twinrun.contract.enums import JobState
from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import NEXT, OF, SEMICOLON, label, number
from orchestrator.results.circumstances import Caution
from orchestrator.results.comparison import Comparison
from orchestrator.results.quantities import EPOCH, TEST_ACCURACY, TRAINING
from orchestrator.storage.about import Kind
from orchestrator.trials.stored import as_json, fields_of
from orchestrator.trials.trial import Trial

SCHEMA_OF_RECIPES, SCHEMA_OF_LOOPS = "twinrun.recipes/1", "twinrun.loops/1"
RECIPES = {"matched": job_pb2.RECIPE_MATCHED, "idiomatic": job_pb2.RECIPE_IDIOMATIC}
_DEFAULT, _EAGER = job_pb2.EXECUTION_DEFAULT, job_pb2.EXECUTION_EAGER
LOOPS: Mapping[str, Mapping[str, int]] = {
    "fit": {"loop": job_pb2.LOOP_FIT, "execution": _DEFAULT},
    "custom": {"loop": job_pb2.LOOP_CUSTOM, "execution": _DEFAULT},
    "fit-eager": {"loop": job_pb2.LOOP_FIT, "execution": _EAGER},
    "custom-eager": {"loop": job_pb2.LOOP_CUSTOM, "execution": _EAGER},
}
# Each variant's changes to a job, by the kind of the run that contains them.
CHANGES: Mapping[Kind, Mapping[str, Mapping[str, int]]] = {
    Kind.RECIPES: {name: {"recipe": number} for name, number in RECIPES.items()},
    Kind.LOOPS: LOOPS,
}
_LONGER = Phrase(
    "In the idiomatic recipe, {slower} trained {seconds} s longer than {faster}: "
    "{wait} s waiting for its data, {matched} s on the same job, and {rest} s for "
    "the rest: how it is written, and the CPUs that its data pipeline takes from its "
    "steps."
)
_NOT_BOTH = Phrase(
    "A recipe has no finished trial of each framework, so the difference is not split into parts."
)


_TIMES = Phrase(
    "{framework}: a hand-written loop took {custom:.2f} times as long as its own, {eager}."
)
_OP_BY_OP = Phrase("op by op {fit:.2f} and {custom:.2f} times as long")


@dataclass(frozen=True, slots=True)
class Times:
    """A side's medians over its trials of a recipe: seconds of training, and of waiting."""

    train_seconds: float
    wait_seconds: float
    test_accuracy: float


@dataclass(frozen=True, slots=True)
class Recipes:
    """``times`` by recipe and side; ``sentence`` says where the differences come from.

    Seconds that the slower side took longer in the idiomatic recipe, and its parts: waiting for
    data, the matched job, and the rest; for two sides, None if a trial is missing. With more sides
    the parts of the ``baseline`` and each other side are in the sentence. ``findings`` and
    ``warnings`` are those of the comparisons, by variant.
    """

    kind: ClassVar = Kind.RECIPES
    times: Mapping[str, Mapping[str, Times]]
    longer_seconds: float | None
    wait_seconds: float | None
    matched_seconds: float | None
    sentence: Sentence
    baseline: str | None = None
    findings: Mapping[str, Sentence] = field(default_factory=dict)
    warnings: Mapping[str, Sequence[Caution]] = field(default_factory=dict)

    @property
    def sentences(self) -> Sequence[Sentence]:
        return [self.sentence]


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
    pairs, sentence = _pairs(medians, baseline), _taken_apart(medians, baseline)
    longer, wait, alike = _parts(medians, pairs[0]) if len(pairs) == 1 else (None, None, None)
    return Recipes(medians, longer, wait, alike, sentence, baseline)


def _pairs(times: Mapping[str, Mapping[str, Times]], baseline: str | None) -> list[tuple[str, str]]:
    """Return the baseline and each other side, if both have a finished trial of each recipe."""
    own, same = times["idiomatic"], times["matched"]
    there = [name for name in own if name in same]
    first = baseline or next(iter(own), None)
    return [(first, name) for name in there if name != first] if first in there else []


def _parts(
    times: Mapping[str, Mapping[str, Times]], pair: tuple[str, str]
) -> tuple[float, float, float]:
    """Return how much longer the slower took, and of that waiting and the same job, in seconds."""
    own, same = times["idiomatic"], times["matched"]
    faster, slower = _by_pace(own, pair)
    return (
        own[slower].train_seconds - own[faster].train_seconds,
        own[slower].wait_seconds - own[faster].wait_seconds,
        same[slower].train_seconds - same[faster].train_seconds,
    )


def _by_pace(own: Mapping[str, Times], pair: tuple[str, str]) -> list[str]:
    """Return the faster and the slower side in the idiomatic recipe."""
    return sorted(sorted(pair), key=lambda name: own[name].train_seconds)


def _taken_apart(times: Mapping[str, Mapping[str, Times]], baseline: str | None) -> Sentence:
    """Describe each pair in a sentence of its own, which names it."""
    pairs = _pairs(times, baseline)
    return join(NEXT, [_sentence(times, pair) for pair in pairs] or [english(_NOT_BOTH)])


def _sentence(times: Mapping[str, Mapping[str, Times]], pair: tuple[str, str]) -> Sentence:
    longer, wait, alike = _parts(times, pair)
    faster, slower = _by_pace(times["idiomatic"], pair)
    return english(
        _LONGER,
        slower=label(slower),
        faster=label(faster),
        seconds=number(longer),
        wait=number(wait),
        matched=number(alike),
        rest=number(longer - wait - alike),
    )


def _times(trials: Sequence[Trial]) -> Times | None:
    ended = [trial for trial in trials if trial.state is JobState.SUCCEEDED and trial.epochs]
    if not ended:
        return None
    return Times(
        train_seconds=TRAINING.of(ended, None) or 0.0,
        wait_seconds=median(sum(e.data_wait_seconds for e in t.epochs) for t in ended),
        test_accuracy=TEST_ACCURACY.of(ended, None) or 0.0,
    )


@dataclass(frozen=True, slots=True)
class Loops:
    """Median seconds of an epoch by variant and framework; a sentence for each framework.

    ``findings`` and ``warnings`` as of `Recipes`.
    """

    kind: ClassVar = Kind.LOOPS
    epoch_seconds: Mapping[str, Mapping[str, float]]
    sentences: Sequence[Sentence]
    findings: Mapping[str, Sentence] = field(default_factory=dict)
    warnings: Mapping[str, Sequence[Caution]] = field(default_factory=dict)


Variants = Recipes | Loops


def loops(compared: Mapping[str, Comparison]) -> Loops:
    """Compare the variants, as far as they exist."""
    medians = {
        variant: {
            name: seconds
            for name, trials in comparison.counted.items()
            if (seconds := _seconds(trials)) is not None
        }
        for variant, comparison in compared.items()
    }
    frameworks = dict.fromkeys(name for by_name in medians.values() for name in by_name)
    return Loops(medians, [text for name in frameworks if (text := _of_loops(medians, name))])


def _seconds(trials: Sequence[Trial]) -> float | None:
    return EPOCH.of([trial for trial in trials if trial.state is JobState.SUCCEEDED], None)


def _of_loops(found: Mapping[str, Mapping[str, float]], framework: str) -> Sentence | None:
    """Compare with the framework's own loop; None if a variant is missing."""
    times = {variant: by_name.get(framework) for variant, by_name in found.items()}
    if set(times) != set(LOOPS) or not all(times.values()):
        return None
    of = {variant: (seconds or 0.0) / (times["fit"] or 1.0) for variant, seconds in times.items()}
    eager = english(_OP_BY_OP, fit=of["fit-eager"], custom=of["custom-eager"])
    return english(_TIMES, framework=label(framework), custom=of["custom"], eager=eager)


def variants(kind: Kind, compared: Mapping[str, Comparison]) -> Variants:
    """Return the result of comparisons of one of the kinds of `CHANGES`."""
    return replace(
        recipes(compared) if kind is Kind.RECIPES else loops(compared),
        findings={name: each.finding for name, each in compared.items()},
        warnings={name: each.cautions for name, each in compared.items()},
    )


TITLES: Mapping[str, Phrase] = {
    "matched": Phrase("matched"),
    "idiomatic": Phrase("idiomatic"),
    "fit": Phrase("its own loop"),
    "custom": Phrase("a hand-written loop"),
    "fit-eager": Phrase("its own loop, op by op"),
    "custom-eager": Phrase("a hand-written loop, op by op"),
}


def title(variant: str) -> Sentence:
    """Return the name of a variant in words."""
    return english(TITLES[variant])


def cautions(found: Variants) -> list[Caution]:
    """Return the warnings, each once; one that is not of all variants says of which it is."""
    owners: dict[Caution, list[str]] = {}
    for variant, several in found.warnings.items():
        for each in several:
            owners.setdefault(each, []).append(variant)
    return [
        each if len(of) == len(found.warnings) else _named(each, of) for each, of in owners.items()
    ]


def _named(caution: Caution, variants: Sequence[str]) -> Caution:
    names = join(SEMICOLON, map(title, variants))
    return replace(caution, sentence=english(OF, name=names, what=caution.sentence))


def as_dict(found: Variants) -> dict[str, object]:
    """Return the contents of recipes.json or loops.json."""
    schema = SCHEMA_OF_RECIPES if isinstance(found, Recipes) else SCHEMA_OF_LOOPS
    return as_json({"schema": schema, **fields_of(found)})
