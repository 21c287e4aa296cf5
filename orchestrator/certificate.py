"""Two trials -> the evidence that they did the same arithmetic, or where they first did not."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.envelope import Envelope
from orchestrator.evidence import Evidence
from orchestrator.inputs import InputsCheck, check_inputs
from orchestrator.numbers import finite
from orchestrator.pair import Pair, pair
from orchestrator.tolerance import Tolerance
from orchestrator.words import label

SCHEMA = "twinrun.certificate/1"
LOSSES, WEIGHTS, LOGITS = "losses", "final weights", "test logits"

_SAME = (
    "The same job: in float64, over {steps:,} steps, {first} and {second} agree to {losses:.0e} in "
    "every loss, to {weights:.0e} in the final weights and to {logits:.0e} in the test logits."
)
_SAME_SO_FAR = (
    "The same job, as far as rounding lets it be shown: the losses of {first} and {second} agree "
    "to {allowed:.0e} for {together:,} of {steps:,} steps, and this job enlarges every rounding. "
    "{rounding}"
)
_NOT_SAME = "Not shown to be the same job, because {reasons}."
_STEPS = "{first} took {steps:,} steps and {second} {other_steps:,}"
_INITIAL = "the initial values differ, first in {tensor}"
_APART = "the {quantity} differ by {largest:.0e}{where}, where {tolerance:.0e} is allowed"
_FIRST = "they first part at step {step:,}{tensor}"
_SILENT = "{trials} did not report the details of its steps"


@dataclass(frozen=True, slots=True)
class Difference:
    """The largest relative difference in a quantity, and the largest that is allowed.

    ``step`` (from 0) and ``tensor`` say where, as far as the quantity has them.
    """

    quantity: str
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
    sentence: str
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
    made: str,
    envelope: Envelope | None = None,
) -> Certificate:
    """Holds two trials of one spec against each other.

    With an ``envelope`` what counts is that: there no difference is too large by itself.
    """
    held = pair(first, second)
    inputs = check_inputs(held.trials)
    differences = list(_differences(held, tolerance))
    parting = _parting(held, tolerance)
    reasons = list(_doubts(held, inputs))
    exact = (first.trial.spec or {}).get("precision") == "PRECISION_FLOAT64"
    if exact and not (envelope and envelope.within):
        reasons += _beyond(differences, parting)
    if envelope and not envelope.within:
        reasons.append(envelope.sentence.rstrip("."))
    if reasons:
        sentence = _NOT_SAME.format(reasons="; ".join(reasons))
    elif envelope and exact:
        sentence = _as_far_as_can_be(held, tolerance, envelope)
    else:
        sentence = envelope.sentence if envelope else _same(held, differences)
    reported = first.trial.inputs
    return Certificate(
        same_job=not reasons,
        sentence=sentence,
        job=first.trial.spec or {},
        first=first.trial.framework,
        second=second.trial.framework,
        versions={
            trial.framework: trial.environment.framework_version
            for trial in held.trials
            if trial.environment
        },
        inputs=inputs,
        digests={name: getattr(reported, name) for name in _DIGESTS} if reported else {},
        steps=held.steps,
        differences=differences,
        weights=held.weights,
        parting=parting,
        tolerance=tolerance,
        loss_differences=held.losses,
        envelope=envelope,
        made=made,
    )


_DIGESTS = (
    "data_sha256",
    "batch_order_sha256",
    "augmentation_sha256",
    "initial_weights_sha256",
)


def _differences(held: Pair, tolerance: Tolerance) -> Iterator[Difference]:
    def by_step(quantity: str, found: NDArray[np.float64]) -> Difference:
        step = int(found.argmax())
        return Difference(quantity, float(found[step]), tolerance.losses, step)

    yield by_step(LOSSES, held.losses)
    if held.detailed:
        yield by_step("losses in the order of samples", held.ordered_losses)
        step, index = np.unravel_index(held.norms.argmax(), held.norms.shape)
        largest = float(held.norms[step, index])
        tensor = held.tensors[int(index)]
        yield Difference("gradients' norms", largest, tolerance.gradient_norms, int(step), tensor)
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


def _doubts(held: Pair, inputs: InputsCheck) -> Iterator[str]:
    """What no tolerance excuses."""
    silent = [trial.name for trial in held.trials if trial.details is None]
    if silent:
        yield _SILENT.format(trials=" and ".join(silent))
    if inputs.same is not True:
        yield inputs.sentence.rstrip(".")
    changed = [name for name, difference in held.initial_weights.items() if difference]
    if changed:
        yield _INITIAL.format(tensor=changed[0])
    steps, other_steps = (len(trial.losses) for trial in held.trials)
    if steps != other_steps:
        yield _STEPS.format(**_names(held), steps=steps, other_steps=other_steps)


def _beyond(differences: Sequence[Difference], parting: Parting | None) -> Iterator[str]:
    """The quantity that is furthest beyond what is allowed, and where it began."""
    beyond = [difference for difference in differences if not difference.within]
    if not beyond:
        return
    worst = max(beyond, key=lambda difference: difference.largest / difference.tolerance)
    at = f" at step {worst.step:,}" if worst.step is not None else ""
    yield _APART.format(
        quantity=worst.quantity,
        largest=worst.largest,
        where=f"{at} in {worst.tensor}" if worst.tensor else at,
        tolerance=worst.tolerance,
    )
    if parting and parting.step is not None:
        tensor = f", in {parting.tensor}" if parting.tensor else ""
        yield _FIRST.format(step=parting.step, tensor=tensor)


def _same(held: Pair, differences: Sequence[Difference]) -> str:
    largest = {difference.quantity: difference.largest for difference in differences}
    return _SAME.format(
        steps=held.steps,
        **_names(held),
        losses=largest[LOSSES],
        weights=largest[WEIGHTS],
        logits=largest[LOGITS],
    )


def _as_far_as_can_be(held: Pair, tolerance: Tolerance, envelope: Envelope) -> str:
    apart = held.losses > tolerance.losses
    return _SAME_SO_FAR.format(
        **_names(held),
        allowed=tolerance.losses,
        together=int(apart.argmax()) if apart.any() else held.steps,
        steps=held.steps,
        rounding=envelope.sentence,
    )


def _names(held: Pair) -> dict[str, str]:
    first, second = held.trials
    return {"first": label(first.framework), "second": label(second.framework)}


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


def none_made(why: str) -> dict[str, Any]:
    """For certificate.json where the trials of a certificate could not be run."""
    return {
        "schema": SCHEMA,
        "same_job": False,
        "sentence": _NOT_SAME.format(reasons=f"no certificate could be made: {why.rstrip('.')}"),
    }


def from_dict(found: Mapping[str, Any]) -> Certificate:
    """A certificate as `as_dict` left it."""
    fields = {f.name: found[f.name] for f in dataclasses.fields(Certificate)}
    fields["inputs"] = InputsCheck(**found["inputs"])
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
