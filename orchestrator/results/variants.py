"""The same workload in several variants: by two recipes, or by each loop, also op by op."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from twinrun.contract.enums import JobState
from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import OF, SEMICOLON, label, number
from orchestrator.results.circumstances import Caution
from orchestrator.results.comparison import Comparison
from orchestrator.results.estimate import FEWEST_PAIRS, Estimate, estimate
from orchestrator.results.habits import recipe_gap
from orchestrator.results.quantities import EPOCH
from orchestrator.results.recipes import RECIPES, Recipes, as_mapping, recipes
from orchestrator.storage.about import Kind
from orchestrator.trials.mappings.stored import as_json, fields_of
from orchestrator.trials.trial import Trial

SCHEMA_OF_RECIPES, SCHEMA_OF_LOOPS = "twinrun.recipes/1", "twinrun.loops/1"
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
_TIMES = Phrase("{framework}: a hand-written loop took {custom} times as long as its own, {eager}.")
_OP_BY_OP = Phrase("op by op {fit} and {custom} times as long")
_INTERVAL = Phrase("{ratio} ({low} to {high})")
_NOISE = Phrase("{ratio} ({low} to {high}, within noise)")
_TOO_FEW = Phrase(
    "Trials of each loop: {trials}, too few to show which is faster; it takes {fewest}."
)
_BASIS = Phrase("In brackets are intervals (95 %), from {pairs} trials of each loop.")


@dataclass(frozen=True, slots=True)
class Loops:
    """Median seconds of an epoch by variant and framework.

    ``ratios`` by framework and variant: its epoch over that of the framework's own loop, trial by
    trial with the same number; empty if a variant is missing. A sentence for each framework, and
    one about the number of trials. ``findings`` and ``warnings`` as of `Recipes`.
    """

    kind: ClassVar = Kind.LOOPS
    epoch_seconds: Mapping[str, Mapping[str, float]]
    sentences: Sequence[Sentence]
    ratios: Mapping[str, Mapping[str, Estimate]] = field(default_factory=dict)
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
    ratios = {name: of for name in frameworks if (of := _ratios(compared, name))}
    texts = [_of_loops(name, of) for name, of in ratios.items()]
    if ratios:
        trials = min(each.pairs for of in ratios.values() for each in of.values())
        phrase = _TOO_FEW if trials < FEWEST_PAIRS else _BASIS
        texts.append(english(phrase, trials=trials, pairs=trials, fewest=FEWEST_PAIRS))
    return Loops(medians, texts, ratios)


def _seconds(trials: Sequence[Trial]) -> float | None:
    return EPOCH.of([trial for trial in trials if trial.state is JobState.SUCCEEDED], None)


def _ratios(compared: Mapping[str, Comparison], framework: str) -> dict[str, Estimate]:
    """Hold each variant against the framework's own loop; empty if a variant is missing."""
    seconds = {
        variant: {
            trial.number: each
            for trial in compared[variant].counted.get(framework, ())
            if (each := _seconds([trial])) is not None
        }
        for variant in LOOPS
        if variant in compared
    }
    numbers = sorted(set.intersection(*map(set, seconds.values()))) if seconds else []
    if seconds.keys() != LOOPS.keys() or not numbers:
        return {}
    series = {name: [by_number[n] for n in numbers] for name, by_number in seconds.items()}
    own = series.pop("fit")
    return {name: estimate(own, values) for name, values in series.items()}


def _of_loops(framework: str, found: Mapping[str, Estimate]) -> Sentence:
    written = {variant: _written(each) for variant, each in found.items()}
    eager = english(_OP_BY_OP, fit=written["fit-eager"], custom=written["custom-eager"])
    return english(_TIMES, framework=label(framework), custom=written["custom"], eager=eager)


def _written(found: Estimate) -> Sentence | str:
    ratio = number(found.ratio)
    if found.low is None or found.high is None:
        return ratio
    phrase = _INTERVAL if found.shown else _NOISE
    return english(phrase, ratio=ratio, low=number(found.low), high=number(found.high))


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
    fields = fields_of(found)
    if isinstance(found, Recipes):
        fields["gaps"] = list(map(recipe_gap.as_mapping, found.gaps))
        fields["times"] = {
            recipe: {side: as_mapping(times) for side, times in by_side.items()}
            for recipe, by_side in found.times.items()
        }
    return as_json({"schema": schema, **fields})
