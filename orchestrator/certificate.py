"""Two trials -> the evidence that they did the same arithmetic, or where they first did not."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.envelope import Envelope
from orchestrator.evidence import Evidence
from orchestrator.inputs import InputsCheck, check_inputs
from orchestrator.language import Phrase, Sentence, clause, english, join, stored
from orchestrator.numbers import finite
from orchestrator.pair import Pair, pair
from orchestrator.tolerance import Tolerance
from orchestrator.words import AND, SEMICOLON, label

SCHEMA = "twinrun.certificate/1"
LOSSES, WEIGHTS, LOGITS = Phrase("losses"), Phrase("final weights"), Phrase("test logits")
_ORDERED = Phrase("losses in the order of samples")
_NORMS = Phrase("gradients' norms")

_SAME = Phrase(
    "The same job: in float64, over {steps:,} steps, {first} and {second} agree to {losses:.0e} in "
    "every loss, to {weights:.0e} in the final weights and to {logits:.0e} in the test logits."
)
_SAME_SO_FAR = Phrase(
    "The same job, as far as rounding lets it be shown: the losses of {first} and {second} agree "
    "to {allowed:.0e} for {together:,} of {steps:,} steps, and this job enlarges every rounding. "
    "{rounding}"
)
_NOT_SAME = Phrase("Not shown to be the same job, because {reasons}.")
_STEPS = Phrase("{first} took {steps:,} steps and {second} {other_steps:,}")
_INITIAL = Phrase("the initial values differ, first in {tensor}")
_APART = Phrase("the {quantity} differ by {largest:.0e}{where}, where {tolerance:.0e} is allowed")
_AT = Phrase(" at step {step:,}")
_IN = Phrase(" in {tensor}")
_AT_IN = Phrase(" at step {step:,} in {tensor}")
_FIRST = Phrase("they first part at step {step:,}")
_FIRST_IN = Phrase("they first part at step {step:,}, in {tensor}")
_NONE = Phrase("no certificate could be made: {why}")
_SILENT = Phrase("{trials} did not report the details of its steps")


@dataclass(frozen=True, slots=True)
class Difference:
    """The largest relative difference in a quantity, and the largest that is allowed.

    ``step`` (from 0) and ``tensor`` say where, as far as the quantity has them.
    """

    quantity: Phrase
    largest: float
    tolerance: float
    step: int | None = None
    tensor: str | None = None

    @property
    def within(self) -> bool:
        return self.largest <= self.tolerance


@dataclass(frozen=True, slots=True)
class Parting:
    """Where more than is allowed was first found: step (from 0; None: before it), tensor."""

    step: int | None
    tensor: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """What was found of the trials of two frameworks, ``first`` and ``second``.

    ``steps``: how many both took. ``weights``: the final weights' difference by tensor.
    ``loss_differences`` float64[steps]: relative, of each step's losses. ``versions`` by framework.
    ``envelope``: in float32, what the difference was held against. ``made``: when, UTC, ISO 8601.
    """

    same_job: bool
    sentence: Sentence
    job: Mapping[str, Any]
    first: str
    second: str
    versions: Mapping[str, str]
    inputs: InputsCheck
    digests: Mapping[str, str]
    steps: int
    differences: Sequence[Difference]
    weights: Mapping[str, float]
    parting: Parting | None
    tolerance: Tolerance
    loss_differences: NDArray[np.float64]
    envelope: Envelope | None
    made: str


def certify(
    first: Evidence,
    second: Evidence,
    tolerance: Tolerance,
    now: str,
    envelope: Envelope | None = None,
) -> Certificate:
    """Holds two trials of one spec against each other.

    With an ``envelope`` what counts is that: there no difference is too large by itself.
    """
    held = pair(first, second)
    reported = first.trial.inputs
    made = Certificate(
        same_job=False,
        sentence=english(_NOT_SAME, reasons=""),
        job=first.trial.spec or {},
        first=first.trial.framework,
        second=second.trial.framework,
        versions={
            trial.framework: trial.environment.framework_version
            for trial in held.trials
            if trial.environment
        },
        inputs=check_inputs(held.trials),
        digests={name: getattr(reported, name) for name in _DIGESTS} if reported else {},
        steps=held.steps,
        differences=list(_differences(held, tolerance)),
        weights=held.weights,
        parting=_parting(held, tolerance),
        tolerance=tolerance,
        loss_differences=held.losses,
        envelope=envelope,
        made=now,
    )
    reasons = [*_unheld(held), *_reasons(made)]
    return replace(made, same_job=not reasons, sentence=_sentence(made, reasons))


_DIGESTS = (
    "data_sha256",
    "batch_order_sha256",
    "augmentation_sha256",
    "initial_weights_sha256",
)


def _differences(held: Pair, tolerance: Tolerance) -> Iterator[Difference]:
    def by_step(quantity: Phrase, found: NDArray[np.float64]) -> Difference:
        step = int(found.argmax())
        return Difference(quantity, float(found[step]), tolerance.losses, step)

    yield by_step(LOSSES, held.losses)
    if held.detailed:
        yield by_step(_ORDERED, held.ordered_losses)
        step, index = np.unravel_index(held.norms.argmax(), held.norms.shape)
        largest = float(held.norms[step, index])
        tensor = held.tensors[int(index)]
        yield Difference(_NORMS, largest, tolerance.gradient_norms, int(step), tensor)
    tensor = max(held.weights, key=lambda name: held.weights[name])
    yield Difference(WEIGHTS, held.weights[tensor], tolerance.weights, tensor=tensor)
    yield Difference(LOGITS, held.logits, tolerance.logits)


def _parting(held: Pair, tolerance: Tolerance) -> Parting | None:
    for tensor, difference in held.initial_weights.items():
        if difference:
            return Parting(None, tensor)
    norms = held.norms > tolerance.gradient_norms
    apart = np.maximum(held.losses, held.ordered_losses) > tolerance.losses
    apart |= norms.any(axis=1)
    if apart.any():
        step = int(apart.argmax())
        return Parting(step, next(iter(np.array(held.tensors)[norms[step]].tolist()), None))
    if len({len(trial.losses) for trial in held.trials}) > 1:
        return Parting(held.steps, None)
    beyond = [name for name, largest in held.weights.items() if largest > tolerance.weights]
    return Parting(held.steps - 1, beyond[0]) if beyond else None


def _unheld(held: Pair) -> Iterator[Sentence]:
    """What kept the trials from being held against each other in full."""
    silent = [trial.name for trial in held.trials if trial.details is None]
    if silent:
        yield english(_SILENT, trials=join(AND, silent))
    steps, other_steps = (len(trial.losses) for trial in held.trials)
    if steps != other_steps:
        first, second = (label(trial.framework) for trial in held.trials)
        yield english(_STEPS, first=first, second=second, steps=steps, other_steps=other_steps)


def _reasons(found: Certificate) -> Iterator[Sentence]:
    """Why it is not shown to be the same job, by what the certificate holds."""
    envelope = found.envelope
    if found.inputs.same is not True:
        yield clause(found.inputs.sentence)
    if found.parting and found.parting.step is None:
        yield english(_INITIAL, tensor=found.parting.tensor)
    if _is_exact(found) and not (envelope and envelope.within):
        yield from _beyond(found.differences, found.parting)
    if envelope and not envelope.within:
        yield clause(envelope.sentence)


def _is_exact(found: Certificate) -> bool:
    return found.job.get("precision") == "PRECISION_FLOAT64"


def _beyond(differences: Sequence[Difference], parting: Parting | None) -> Iterator[Sentence]:
    """The quantity that is furthest beyond what is allowed, and where it began."""
    beyond = [difference for difference in differences if not difference.within]
    if not beyond:
        return
    worst = max(beyond, key=lambda difference: difference.largest / difference.tolerance)
    yield english(
        _APART,
        quantity=english(worst.quantity),
        largest=worst.largest,
        where=_where(worst),
        tolerance=worst.tolerance,
    )
    if parting and parting.step is not None:
        at = {"step": parting.step, "tensor": parting.tensor}
        yield english(_FIRST_IN if parting.tensor else _FIRST, **at)


def _where(difference: Difference) -> str:
    at = {"step": difference.step, "tensor": difference.tensor}
    if difference.step is None:
        return english(_IN, **at) if difference.tensor else ""
    return english(_AT_IN if difference.tensor else _AT, **at)


def _sentence(found: Certificate, reasons: Sequence[Sentence]) -> Sentence:
    names = {"first": label(found.first), "second": label(found.second), "steps": found.steps}
    if reasons:
        return english(_NOT_SAME, reasons=join(SEMICOLON, reasons))
    if found.envelope and _is_exact(found):
        apart = found.loss_differences > found.tolerance.losses
        return english(
            _SAME_SO_FAR,
            **names,
            allowed=found.tolerance.losses,
            together=int(apart.argmax()) if apart.any() else found.steps,
            rounding=found.envelope.sentence,
        )
    if found.envelope:
        return found.envelope.sentence
    largest = {difference.quantity: difference.largest for difference in found.differences}
    return english(
        _SAME,
        **names,
        losses=largest[LOSSES],
        weights=largest[WEIGHTS],
        logits=largest[LOGITS],
    )


def as_dict(certificate: Certificate) -> dict[str, Any]:
    """For certificate.json; null for what is not finite."""
    found: dict[str, Any] = finite(
        {
            "schema": SCHEMA,
            **{f.name: getattr(certificate, f.name) for f in dataclasses.fields(certificate)},
            "inputs": dataclasses.asdict(certificate.inputs),
            "differences": [
                {**dataclasses.asdict(difference), "within": difference.within}
                for difference in certificate.differences
            ],
            "parting": dataclasses.asdict(certificate.parting) if certificate.parting else None,
            "tolerance": dataclasses.asdict(certificate.tolerance),
            "loss_differences": certificate.loss_differences.tolist(),
            "envelope": certificate.envelope.as_dict() if certificate.envelope else None,
        }
    )
    return found


def none_made(why: Sentence) -> dict[str, Any]:
    """For certificate.json where the trials of a certificate could not be run."""
    return {"schema": SCHEMA, "same_job": False, "sentence": _none_made(why), "why": why}


def _none_made(why: Sentence) -> Sentence:
    return english(_NOT_SAME, reasons=english(_NONE, why=clause(why)))


def retold(found: Mapping[str, Any]) -> Sentence:
    """The sentence of a certificate.json, made again from what else it holds.

    As it stands there, which is in English, where that does not give the same.
    """
    if "why" in found:
        return _none_made(stored(found["why"]))
    again = []
    with suppress(KeyError, TypeError, ValueError):  # of an older version
        made = from_dict(found)
        again.append(_sentence(made, list(_reasons(made))))
    return stored(found["sentence"], *again)


def from_dict(found: Mapping[str, Any]) -> Certificate:
    """A certificate as `as_dict` left it."""
    fields = {f.name: found[f.name] for f in dataclasses.fields(Certificate)}
    fields["sentence"] = stored(found["sentence"])
    fields["inputs"] = InputsCheck.from_dict(found["inputs"])
    fields["differences"] = [
        Difference(d["quantity"], _number(d["largest"]), d["tolerance"], d["step"], d["tensor"])
        for d in found["differences"]
    ]
    fields["weights"] = {name: _number(value) for name, value in found["weights"].items()}
    fields["parting"] = Parting(**found["parting"]) if found["parting"] else None
    fields["tolerance"] = Tolerance(**found["tolerance"])
    fields["loss_differences"] = np.array([_number(d) for d in found["loss_differences"]])
    fields["envelope"] = Envelope.from_dict(found["envelope"]) if found["envelope"] else None
    return Certificate(**fields)


def _number(value: float | None) -> float:
    """JSON has no infinity."""
    return float("inf") if value is None else value
