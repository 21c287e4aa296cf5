"""The sentences of a certificate."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from twinrun.contract.schedules import Schedule
from twinrun.contract.spec import JobSpec

from orchestrator.certificate.effectless import biases_before_batch_norm
from orchestrator.certificate.envelope import together
from orchestrator.certificate.evidence import Covered
from orchestrator.certificate.gaps import AGAIN, LOGITS, LOSSES, WEIGHTS
from orchestrator.certificate.judge import Clause, Difference
from orchestrator.certificate.rounding import FLOAT64, rule_of
from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import AND, COMMA, NEXT, SEMICOLON, label, number
from orchestrator.trials.trial import Trial

if TYPE_CHECKING:
    from orchestrator.certificate.certificate import Certificate, Parting

NOT_SAME = Phrase("Not shown to be the same job, because {reasons}.")
UNFINISHED = Phrase("{trial} did not succeed")
SILENT = Phrase("{trials} did not report the details of its steps")
NOT_EVALUATED = Phrase("{framework} has not evaluated the saved weights of {trial}")
TOO_FEW = Phrase("{trial} took {steps:,} of {all_steps:,} steps")
INITIAL_APART = Phrase("the initial values differ, first in {tensor}")
NOT_FINITE = Phrase(
    "the losses are not finite from step {step:,} on; until then they agree to {largest:.0e}"
)
TIMED_IN = Phrase("in {precision}, in which it is timed, {reason}")

_NOTHING = Covered()

_SAME = Phrase(
    "The same job: in float64, over {steps:,} steps, {first} and {second} agree to {losses:.0e} in "
    "every loss, to {weights:.0e} in the final weights and to {logits:.0e} in the test logits."
)
_SAME_SO_FAR = Phrase(
    "The same job, as far as rounding lets it be shown: in float64, over {steps:,} "
    "steps, {first} and {second} agree outright in everything except {quantities}, "
    "which differ by no more than {allowed:g} times the effect of moving every "
    "initial value by one unit in its last place."
)
_ENLARGES = Phrase(
    "This job enlarges every rounding: the losses agree to {tolerance:.0e} for {together:,} of "
    "{steps:,} steps."
)
_UNDETERMINED = Phrase("The job does not determine {tensors}: its gradient is only rounding.")
_NO_EFFECT = Phrase(
    "A bias before a batch norm has no effect, and a gradient of zero but for rounding: so "
    "{tensors} may differ, here by {share}, and the moving mean with it (use_bias: false "
    "leaves it out)."
)
_SEEN = 0.001  # a relative difference that a reader asks about
_ROUNDED = Phrase(
    "In {precision}, {first} and {second} diverge as a framework diverges from "
    "itself by rounding alone: over {steps:,} steps by up to {ratio} times as much."
)
_TIMED = Phrase(
    "In {precision}, the precision of the timed trials, they differ over {steps:,} "
    "steps by {between:.0e}, {ratio} times as much as rounding makes a framework "
    "differ from itself."
)
_SWITCHED = Phrase(
    "Rounding switches a unit of the model there: the trial of one framework agrees with that of "
    "the other whose initial values were moved by one rounding."
)
_DRAWS = Phrase("Of {draws} perturbed trials of each framework the largest effect counts.")
_LATE = Phrase("The last of {epochs} epochs was run as epoch {number:,} of a long job.")
_SHOWN = Phrase("The learning rates were those of the schedule's steps {shown}, in turn.")
_SCHEDULED = Phrase("Of the schedule of the learning rate, steps 0 to {last:,} were covered.")
_ACCUMULATED = Phrase(
    "In {steps:,} of these steps the gradients of {batches} batches were averaged for one update."
)
_NOT_ACCUMULATED = Phrase("No step had all of its {batches} batches, which is not covered.")
_STOPPED = Phrase("Training ended early, after {epochs} of at most {most} epochs.")
_CLIPPED = Phrase("Gradients were clipped in {steps:,} of these steps.")
_UNCLIPPED = Phrase("No step's gradients reached the limit of clipping, which is not covered.")
_NOT_COVERED = Phrase("Anything that begins at another step is not covered.")
_WITHOUT_DROPOUT = Phrase("Dropout was left out on every side, and is not covered.")
_NOTED = Phrase("Noted in the code: {notes}")
_TOGETHER = Phrase("Within {share} of each other stay: {pairs}.")
_PAIR = Phrase("{first} and {second} for {steps:,} of {all:,} steps")
_OWN = Phrase("{framework} and itself for {steps:,}")
_APART = Phrase(
    "the {quantity} differ by {largest:.0e}{where}, but at most {tolerance:.0e} is allowed"
)
_BEYOND_OWN = Phrase(
    "the {quantity} differ by {largest:.0e}{where}, while rounding explains {own:.0e}"
)
_AT = Phrase(" at step {step:,}")
_IN = Phrase(" in {tensor}")
_AT_IN = Phrase(" at step {step:,} in {tensor}")
_FIRST = Phrase("they first diverge at step {step:,}")
_FIRST_IN = Phrase("they first diverge at step {step:,}, in {tensor}")
_OF = Phrase("{quantity} of {tensor}")


def names(trials: Sequence[Trial]) -> Sentence:
    return join(AND, [trial.name for trial in trials])


def beyond(
    differences: Sequence[Difference], parting: "Parting | None" = None
) -> Iterator[Sentence]:
    """Yield which quantity exceeds what is allowed most, and where that began."""
    left = [difference for difference in differences if not difference.within]
    if not left:
        return
    worst = max(left, key=_excess)
    phrase = _APART if worst.own is None else _BEYOND_OWN
    yield english(
        phrase,
        quantity=english(worst.quantity),
        largest=worst.largest,
        where=_where(worst),
        tolerance=worst.tolerance,
        own=worst.own,
    )
    others = [d for d in left if d.quantity != worst.quantity]
    if others:
        quantities = dict.fromkeys(d.quantity for d in others)
        yield english(_ALSO, quantities=join(COMMA, [english(q) for q in quantities]))
    if parting and parting.step is not None:
        at = {"step": parting.step, "tensor": parting.tensor}
        yield english(_FIRST_IN if parting.tensor else _FIRST, **at)


_ALSO = Phrase("also beyond what is allowed: {quantities}")


def _excess(found: Difference) -> float:
    return found.largest / max(found.tolerance, found.own or 0.0, 1e-300)


def _where(difference: Difference) -> Sentence | str:
    at = {"step": difference.step, "tensor": difference.tensor}
    if difference.step is None:
        return english(_IN, **at) if difference.tensor else ""
    return english(_AT_IN if difference.tensor else _AT, **at)


def sentence(
    found: "Certificate", reasons: Sequence[Sentence], covered: Covered = _NOTHING
) -> Sentence:
    """Say what a certificate found; ``reasons`` speak against the same job."""
    if reasons:
        return english(NOT_SAME, reasons=join(SEMICOLON, reasons))
    exact = rule_of(found.job) is FLOAT64
    parts = [_exact(found), *_needed(found)] if exact else [*_rounded(found)]
    parts += _without_effect(found)
    if found.timed is not None:
        parts.append(
            english(
                _TIMED,
                precision=found.timed.precision,
                steps=len(found.timed.between),
                between=float(found.timed.between.max()),
                ratio=number(found.timed.ratio),
            )
        )
    envelopes = [each for each in (found.envelope, found.timed) if each is not None]
    if any(each.switched for each in envelopes):
        parts.append(english(_SWITCHED))
    if (draws := max((each.draws for each in envelopes), default=1)) > 1:
        parts.append(english(_DRAWS, draws=draws))
    job = found.job
    parts += _covered(job, found.steps, covered)
    if job.late_epoch is not None or job.steps_per_epoch_limit is not None:
        parts.append(english(_NOT_COVERED))
    if job.code is not None and job.code.without_dropout:
        parts.append(english(_WITHOUT_DROPOUT))
    if job.code is not None and job.code.notes:
        parts.append(english(_NOTED, notes=join(NEXT, job.code.notes)))
    return join(NEXT, parts)


def _covered(job: JobSpec, steps: int, covered: Covered) -> Iterator[Sentence]:
    if job.late_epoch is not None:
        yield english(_LATE, epochs=job.epochs, number=job.late_epoch)
    if job.optimizer.schedule is not None:
        yield _scheduled(job, job.optimizer.schedule, steps)
    if covered.stopped is not None:
        yield english(_STOPPED, epochs=covered.stopped, most=job.epochs)
    if (batches := covered.accumulated) is not None:
        names = {"steps": batches, "batches": job.accumulate_steps}
        yield english(_ACCUMULATED if batches else _NOT_ACCUMULATED, **names)
    if covered.clipped is not None:
        yield english(_CLIPPED, steps=covered.clipped) if covered.clipped else english(_UNCLIPPED)


def _scheduled(job: JobSpec, schedule: Schedule, steps: int) -> Sentence:
    """Say which steps of it the certificate's so many steps had."""
    if job.late_epoch is not None:  # in which the count is another
        steps -= steps // job.epochs
    shown = schedule.shown_steps[:steps]
    if shown:
        return english(_SHOWN, shown=", ".join(f"{step:,}" for step in shown))
    return english(_SCHEDULED, last=steps - 1)


def _exact(found: "Certificate") -> Sentence:
    names = {"first": label(found.first), "second": label(found.second), "steps": found.steps}
    special = _by_rounding(found)
    if special:
        quantities = dict.fromkeys(_name(d) for d in special)
        return english(
            _SAME_SO_FAR, **names, quantities=join(COMMA, quantities), allowed=FLOAT64.allowed
        )
    largest = {
        quantity: max((d.largest for d in found.differences if d.quantity == quantity), default=0.0)
        for quantity in (LOSSES, WEIGHTS, LOGITS)
    }
    return english(
        _SAME,
        **names,
        losses=largest[LOSSES],
        weights=largest[WEIGHTS],
        logits=largest[LOGITS],
    )


def _by_rounding(found: "Certificate") -> list[Difference]:
    return [d for d in found.differences if d.clause is Clause.ROUNDING]


def _name(found: Difference) -> Sentence:
    quantity = english(found.quantity)
    if found.tensor is None or found.quantity == AGAIN:
        return quantity
    return english(_OF, quantity=quantity, tensor=found.tensor)


def _needed(found: "Certificate") -> Iterator[Sentence]:
    """Yield why something needed more than its tolerance."""
    without_effect = set(biases_before_batch_norm(found.job.layers))
    if others := [name for name in found.undetermined if name not in without_effect]:
        yield english(_UNDETERMINED, tensors=join(COMMA, others))
    special = _by_rounding(found)
    if any(d.quantity == LOSSES for d in special) or (special and not found.undetermined):
        apart = found.loss_differences > found.tolerance.losses
        kept = int(apart.argmax()) if apart.any() else found.steps
        yield english(_ENLARGES, tolerance=found.tolerance.losses, together=kept, steps=found.steps)


def _without_effect(found: "Certificate") -> Iterator[Sentence]:
    """Yield why some bias differs although it is the same job."""
    of = {name: found.weights.get(name, 0.0) for name in biases_before_batch_norm(found.job.layers)}
    if names := [name for name, apart in of.items() if apart > _SEEN]:
        share = f"{100 * max(of.values()):.0f} %"
        yield english(_NO_EFFECT, tensors=join(COMMA, names), share=share)


def _rounded(found: "Certificate") -> Iterator[Sentence]:
    held = found.envelope
    if held is None:
        return
    first, second = label(found.first), label(found.second)
    yield english(
        _ROUNDED,
        precision=held.precision,
        first=first,
        second=second,
        steps=len(held.between),
        ratio=number(held.ratio),
    )
    named = {"first": first, "second": second}
    pairs = [english(_PAIR, **named, steps=together(held.between), all=len(held.between))]
    pairs += [english(_OWN, framework=label(n), steps=together(c)) for n, c in held.own.items()]
    yield english(_TOGETHER, share="0.1 %", pairs=join(COMMA, pairs))
