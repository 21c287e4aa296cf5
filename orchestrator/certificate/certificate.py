"""Two sides' trials -> the evidence that they did the same arithmetic, or where they diverge."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.enums import JobState
from twinrun.contract.spec import JobSpec, Tolerance

from orchestrator.certificate import own, text
from orchestrator.certificate.distrust import distrust, jumps
from orchestrator.certificate.effectless import followers
from orchestrator.certificate.envelope import Envelope, envelope
from orchestrator.certificate.evidence import Evidence, covered
from orchestrator.certificate.gaps import (
    BY_STEP,
    INITIAL,
    LOSSES,
    NORMS,
    WEIGHTS,
    Gap,
    again,
    by_tensor,
)
from orchestrator.certificate.judge import (
    Difference,
    Standard,
    judge,
    summarised,
    undetermined,
)
from orchestrator.certificate.rounding import FLOAT64, Key, Rule, rule_of
from orchestrator.certificate.switched import beyond_rounding, is_short, is_switched
from orchestrator.certificate.takes import PERTURBED, TIMED_PERTURBED
from orchestrator.certificate.timed import lengths
from orchestrator.language.phrases import Sentence, clause, english
from orchestrator.language.words import label
from orchestrator.trials.inputs import InputsCheck, check_inputs
from orchestrator.trials.trial import Trial

SCHEMA = "twinrun.certificate/2"


@dataclass(frozen=True, slots=True)
class Parting:
    """Where the difference first exceeded the bound: step (from 0; None: before it), tensor."""

    step: int | None
    tensor: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """The trials of one framework that a certificate is based on.

    ``plain``; if rounding must explain something, ``perturbed``, with every initial value moved,
    one for each draw, and ``repeated``, the same as plain; ``timed``, ``timed_perturbed`` and
    ``timed_repeated``: in the precision in which the job is timed, if that is another one.
    """

    plain: Evidence
    perturbed: Sequence[Evidence] = ()
    repeated: Evidence | None = None
    timed: Evidence | None = None
    timed_perturbed: Sequence[Evidence] = ()
    timed_repeated: Evidence | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """The result of comparing the trials of two frameworks, ``first`` and ``second``.

    ``steps``: how many both took. ``weights``: the final weights' difference by tensor.
    ``loss_differences`` float64[steps]: relative, of each step's losses. ``versions`` by framework.
    ``envelope``: what the difference was compared with, if needed. ``timed``: the same in the
    precision in which the job is timed. ``undetermined``: parameters whose gradient is only
    rounding. ``undecided``: the perturbed trial of which more draws may still show that it was the
    same job. ``made``: when, UTC, ISO 8601; ``schema``: of the version that made it.
    """

    same_job: bool
    sentence: Sentence
    job: JobSpec
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
    timed: Envelope | None = None
    undetermined: Sequence[str] = field(default_factory=tuple)
    undecided: int | None = None
    schema: str = SCHEMA


DIGESTS = (
    "data_sha256",
    "batch_order_sha256",
    "augmentation_sha256",
    "initial_weights_sha256",
)


def certify(
    first: Proof, second: Proof, tolerance: Tolerance, now: str, *, evaluated: bool = True
) -> Certificate:
    """Compare two sides' trials of one spec.

    ``evaluated``: whether each framework must have evaluated the saved weights of both.
    """
    sides = first, second
    plain = first.plain, second.plain
    trials = tuple(each.trial for each in plain)
    rule = rule_of(first.plain.job)
    between = own.by_key(*plain)
    moved = [side.perturbed for side in sides]
    alone = own.perturbed(plain, moved)
    repeated = own.repeated(plain, [side.repeated for side in sides])
    nothing = undetermined(trials) if rule is FLOAT64 else frozenset[str]()
    by = Standard(tolerance, rule, nothing, *_sizes(first.plain))
    by = replace(by, followers=followers(first.plain.weights, second.plain.weights, nothing))
    if rule is not FLOAT64:
        by = replace(by, switched=is_switched(plain, moved, by))
    doubts = [*distrust(between, alone, repeated, by), *jumps(between, alone, by)] if alone else []
    usable = list(alone.values()) if len(alone) == 2 and not doubts else []
    saved = judge(_again(plain), [], by)
    differences = [*judge(between, usable, by), *saved]
    reported = trials[0].inputs
    certificate = Certificate(
        same_job=False,
        sentence=english(text.NOT_SAME, reasons=""),
        job=first.plain.job,
        first=trials[0].framework,
        second=trials[1].framework,
        versions={t.framework: t.environment.framework_version for t in trials if t.environment},
        inputs=check_inputs(trials),
        digests={name: getattr(reported, name) for name in DIGESTS} if reported else {},
        steps=len(between[LOSSES, None].values),
        differences=summarised(differences),
        weights=by_tensor(between, WEIGHTS),
        parting=_parting(differences, trials),
        tolerance=tolerance,
        loss_differences=between[LOSSES, None].values,
        envelope=envelope(between, alone, by, min(map(len, moved))) if len(alone) == 2 else None,
        made=now,
        undetermined=sorted(nothing & {d.tensor for d in differences if d.tensor}),
    )
    timed, faults, timed_short = _timed(sides, tolerance, nothing)
    certificate = replace(certificate, timed=timed)
    outright = [
        *_unfinished(trials),
        *_silent(trials),
        *(_not_evaluated(plain) if evaluated else ()),
        *_otherwise(certificate),
    ]
    apart = list(_apart(certificate, differences, doubts))
    undecided = None
    if not outright and all(each.within for each in saved):
        if apart and is_short(between, alone, repeated, by):
            undecided = PERTURBED
        elif not apart and timed_short:
            undecided = TIMED_PERTURBED
    reasons = [*outright, *apart, *faults]
    sentence = text.sentence(certificate, reasons, covered(first.plain))
    return replace(certificate, same_job=not reasons, sentence=sentence, undecided=undecided)


def _again(plain: Sequence[Evidence]) -> dict[Key, Gap]:
    return {gap.key: gap for each in plain for gap in again(each)}


def _sizes(found: Evidence) -> tuple[int, int]:
    """Return the samples of a step, and of an evaluation."""
    inputs = found.trial.inputs
    samples = [n for n in (inputs.test_samples, inputs.validation_samples) if n] if inputs else []
    return found.job.step_samples, min(samples, default=1)


def _timed(
    sides: Sequence[Proof], tolerance: Tolerance, nothing: frozenset[str]
) -> tuple[Envelope | None, list[Sentence], bool]:
    """Return the result in the precision in which the job is timed, and reasons against it.

    The last: whether more trials may do away with them. ``nothing``: parameters that the job does
    not determine, according to float64.
    """
    plain = [side.timed for side in sides if side.timed is not None]
    moved = [side.timed_perturbed for side in sides]
    if len(plain) < 2 or not all(moved):
        return None, [], False
    rule = rule_of(plain[0].job)
    between, alone = own.by_key(*plain), own.perturbed(plain, moved)
    trials = tuple(each.trial for each in plain)
    by = Standard(tolerance, rule, nothing, *_sizes(plain[0]))
    by = replace(by, switched=is_switched(plain, moved, by))
    again = own.repeated(plain, [side.timed_repeated for side in sides])
    # Where nothing switches, a perturbed trial is a repetition too; a switch may be a side's whim.
    known = again if by.switched else {name: again.get(name, {}) for name in alone}
    inputs = check_inputs(trials)
    faults = list(_unfinished(trials))
    if inputs.same is not True:
        faults.append(clause(inputs.sentence))
    beyond = [] if faults else beyond_rounding(between, alone, by, known)
    short = bool(beyond) and (
        (by.switched and len(again) < 2) or is_short(between, alone, known, by)
    )
    reasons = [
        english(text.TIMED_IN, precision=rule.precision, reason=fault)
        for fault in [*faults, *beyond]
    ]
    return envelope(between, alone, by, min(map(len, moved))), reasons, short


def _unfinished(trials: Sequence[Trial]) -> Iterator[Sentence]:
    """Yield reasons why the trials could not be compared in full."""
    for trial in trials:
        if trial.state is not JobState.SUCCEEDED:
            yield english(text.UNFINISHED, trial=trial.name)
    counts = {len(trial.losses) for trial in trials}
    for trial in trials:
        wanted = trial.inputs.steps_per_epoch * trial.due_epochs if trial.inputs else 0
        if len(counts) == 1 and wanted and len(trial.losses) != wanted:
            yield english(text.TOO_FEW, trial=trial.name, steps=len(trial.losses), all_steps=wanted)
    if len(counts) > 1:
        yield lengths(*trials)


def _silent(trials: Sequence[Trial]) -> Iterator[Sentence]:
    if silent := [trial for trial in trials if trial.details is None]:
        yield english(text.SILENT, trials=text.names(silent))


def _not_evaluated(plain: Sequence[Evidence]) -> Iterator[Sentence]:
    names = [each.trial.framework for each in plain]
    for each in plain:
        for name in names:
            if name not in each.again:
                yield english(text.NOT_EVALUATED, framework=label(name), trial=each.trial.name)


def _otherwise(made: Certificate) -> Iterator[Sentence]:
    """Yield reasons why it is not the same job, however large the effect of rounding."""
    if made.inputs.same is not True:
        yield clause(made.inputs.sentence)
    if made.parting and made.parting.step is None:
        yield english(text.INITIAL_APART, tensor=made.parting.tensor)
    diverged = _diverged(made)
    if diverged is not None:
        yield diverged


def _apart(
    made: Certificate, differences: Sequence[Difference], doubts: Sequence[Sentence]
) -> Iterator[Sentence]:
    """Yield what differs by more than is allowed, if the losses are finite."""
    if _diverged(made) is not None:
        return
    beyond = [d for d in differences if not d.within and d.quantity != INITIAL]
    if beyond:
        yield from doubts
        yield from text.beyond(beyond, made.parting)


def _diverged(made: Certificate) -> Sentence | None:
    """Say where the losses stop being finite, if they agree until then."""
    infinite = ~np.isfinite(made.loss_differences)
    if not infinite.any():
        return None
    step = int(infinite.argmax())
    until = made.loss_differences[:step]
    return english(text.NOT_FINITE, step=step, largest=float(until.max()) if len(until) else 0.0)


def _parting(differences: Sequence[Difference], trials: Sequence[Trial]) -> Parting | None:
    """Return the first place of any difference that is beyond what is allowed."""
    beyond = [d for d in differences if not d.within]
    initial = [d.tensor for d in beyond if d.quantity == INITIAL]
    if initial:
        return Parting(None, initial[0])
    by_step = [d for d in beyond if d.quantity in BY_STEP and d.first is not None]
    if by_step:
        step = min(d.first for d in by_step if d.first is not None)
        tensors = [d.tensor for d in by_step if d.first == step and d.quantity == NORMS]
        return Parting(step, tensors[0] if tensors else None)
    steps = [len(trial.losses) for trial in trials]
    if len(set(steps)) > 1:
        return Parting(min(steps), None)
    weights = [d.tensor for d in beyond if d.quantity == WEIGHTS]
    return Parting(min(steps) - 1, weights[0]) if weights else None


__all__ = ["Certificate", "Parting", "Proof", "Rule", "certify"]
