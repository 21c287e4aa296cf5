"""The same workload in several variants: by two recipes, or by each loop, also op by op."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from twinrun.contract.enums import JobState
from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import OF, SEMICOLON, label
from orchestrator.results.circumstances import Caution
from orchestrator.results.comparison import Comparison
from orchestrator.results.estimate import FEWEST_PAIRS
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
_TIMES = Phrase(
    "{framework}: a hand-written loop took {custom:.2f} times as long as its own, {eager}."
)
_TOO_FEW = Phrase(
    "Trials of each loop: {trials}, too few to show which is faster; it takes {fewest}."
)
_OP_BY_OP = Phrase("op by op {fit:.2f} and {custom:.2f} times as long")


@dataclass(frozen=True, slots=True)
class Loops:
    """Median seconds of an epoch by variant and framework.

    A sentence for each framework, and one that says if there are too few trials. ``findings`` and
    ``warnings`` as of `Recipes`.
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
    texts = [text for name in frameworks if (text := _of_loops(medians, name))]
    trials = min((len(group) for c in compared.values() for group in c.counted.values()), default=0)
    if texts and trials < FEWEST_PAIRS:
        texts.append(english(_TOO_FEW, trials=trials, fewest=FEWEST_PAIRS))
    return Loops(medians, texts)


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
    fields = fields_of(found)
    if isinstance(found, Recipes):
        fields["times"] = {
            recipe: {side: as_mapping(times) for side, times in by_side.items()}
            for recipe, by_side in found.times.items()
        }
    return as_json({"schema": schema, **fields})
