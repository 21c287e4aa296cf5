"""Whether trials of a pair had the same inputs: spec, data, initial weights, batch order."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from twinrun.contract.spec import JobSpec

from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import NEXT, label
from orchestrator.trials.sides import are_the_same, change_how, changed_fields
from orchestrator.trials.spec import differing_fields, in_own_way
from orchestrator.trials.trial import Trial

_SAME = Phrase("All trials had the same job spec, data, initial weights and batch order.")
_OWN = Phrase("Each framework did the job in its own way, with the same data.")
_CHANGED = Phrase(
    "All trials had the same data, initial weights and batch order; their sides change {fields}."
)
_CHANGED_DATA = Phrase("All trials had the same data; their sides change {fields}.")
_ON_PURPOSE = Phrase(
    "These are not the same job, on purpose: {first} and {second} differ in {fields}."
)
_STEPS = Phrase(
    "{sentence} An epoch of each takes the same samples, in a different number of steps."
)
_CHANGED_OWN = Phrase(
    "Each side did the job in its own way, with the same data; the sides change {fields}."
)
_OF_STEPS = {"accumulate_steps", "batch_size"}
_UNKNOWN = Phrase(
    "It is not known whether the trials had the same inputs: {trials} did not report them."
)
_DIFFERENT = {
    "data_sha256": Phrase("This was not the same job: the training or test data differed."),
    "initial_weights_sha256": Phrase("This was not the same job: the initial weights differed."),
    "batch_order_sha256": Phrase("This was not the same job: the order of the batches differed."),
    "augmentation_sha256": Phrase(
        "This was not the same job: the augmentation of the images differed."
    ),
}
_OTHER_SPEC = Phrase("This was not the same job: the specs differed in {fields}.")


@dataclass(frozen=True, slots=True)
class InputsCheck:
    """``same``: None if a trial did not report its inputs.

    ``differences``: the digests (names of job.proto's Inputs) and spec fields (``spec.threads``)
    that differ between trials. ``sentence``: the same in words.
    """

    same: bool | None
    differences: tuple[str, ...]
    sentence: Sentence


def check_inputs(trials: Sequence[Trial]) -> InputsCheck:
    """Compare the inputs of all trials, except for the seed of another block.

    What a side changes in the job is ignored.
    """
    changed = changed_fields(sorted({trial.framework for trial in trials}))
    own = any(in_own_way(trial.spec) for trial in trials if trial.spec)
    pairs = _pairs(trials)
    digests = [name for name in _DIFFERENT if any(_differ(name, pair) for pair in pairs)]
    of_pairs = [differing_fields([t.spec for t in pair if t.spec]) for pair in pairs]
    seedless = [replace(trial.spec, seed=0) for trial in trials if trial.spec]
    fields = sorted(
        field
        for field in {*itertools.chain(*of_pairs), *differing_fields(seedless)}
        if not any(_is_part(field, whole) for whole in changed)
    )
    if digests or fields:
        differences = (*digests, *(f"spec.{field}" for field in fields))
        return InputsCheck(False, differences, _said(differences))
    silent = [trial.name for trial in trials if not (trial.inputs and trial.spec)]
    if silent:
        return InputsCheck(None, (), english(_UNKNOWN, trials=", ".join(silent)))
    if changed:
        named = ", ".join(changed)
        apart = any(_differ(name, pair, every=True) for name in _DIFFERENT for pair in pairs)
        phrase = _CHANGED_OWN if own else _CHANGED_DATA if apart else _CHANGED
        return InputsCheck(True, (), english(phrase, fields=named))
    return InputsCheck(True, (), english(_OWN if own else _SAME))


def _is_part(field: str, whole: str) -> bool:
    return field == whole or field.startswith((f"{whole}.", f"{whole}["))


def _said(differences: Sequence[str]) -> Sentence:
    sentences = [english(_DIFFERENT[name]) for name in differences if name in _DIFFERENT]
    fields = [name.removeprefix("spec.") for name in differences if name not in _DIFFERENT]
    if fields:
        sentences.append(english(_OTHER_SPEC, fields=", ".join(fields)))
    return join(NEXT, sentences)


def _pairs(trials: Sequence[Trial]) -> list[list[Trial]]:
    """Return groups of trials with the same number."""
    order = sorted(trials, key=lambda trial: trial.number)
    return [list(pair) for _, pair in itertools.groupby(order, key=lambda trial: trial.number)]


def _differ(digest: str, pair: Sequence[Trial], *, every: bool = False) -> bool:
    """Return whether trials differ that should not; ``every``: whether any differ."""
    known = [trial for trial in pair if trial.inputs]
    return any(
        getattr(one.inputs, digest) != getattr(other.inputs, digest)
        for one, other in itertools.combinations(known, 2)
        if every or digest == "data_sha256" or _alike(one, other)
    )


def _alike(one: Trial, other: Trial) -> bool:
    own = any(in_own_way(trial.spec) for trial in (one, other) if trial.spec)
    return not own and change_how([one.framework, other.framework])


def on_purpose(first: str, second: str) -> Sentence | None:
    """Say that two sides are other jobs because the user wants it. None: they are one job."""
    if change_how([first, second]):
        return None
    fields = changed_fields([first, second])
    if not fields:
        return None  # both in each framework's own way, which the job's other sentences say
    names = {"first": label(first), "second": label(second)}
    said = english(_ON_PURPOSE, **names, fields=", ".join(fields))
    return english(_STEPS, sentence=said) if {*fields} & _OF_STEPS else said


def to_agree(job: JobSpec, sides: Sequence[str]) -> bool:
    """Return whether the sides should do the same arithmetic, which is then shown and judged.

    For identical sides there is nothing to show.
    """
    return not in_own_way(job) and not are_the_same(sides) and change_how(sides)
