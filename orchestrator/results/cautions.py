"""Warnings about a verdict: each with a code, a sentence, and a remedy.

They stay with the result; `--strict` turns them into a failure.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from statistics import median

from twinrun.contract.enums import Recipe, TargetKind
from twinrun.contract.layers import BatchNorm
from twinrun.contract.losses import targets
from twinrun.contract.nesting import leaves
from twinrun.contract.norms import is_usual_momentum
from twinrun.contract.spec import JobSpec

from orchestrator.certificate.certificates import Certificates
from orchestrator.certificate.timed import Timed, not_finite
from orchestrator.language.phrases import Phrase, english
from orchestrator.language.words import label, number, percent
from orchestrator.results import circumstances
from orchestrator.results.circumstances import Caution, Sides
from orchestrator.results.estimate import fewest_pairs
from orchestrator.results.quantities import TEST_ACCURACY, TEST_LOSS
from orchestrator.results.verdict import Verdict
from orchestrator.storage import machine
from orchestrator.storage.machine import Known
from orchestrator.trials.gpu_use import Uses
from orchestrator.trials.inputs import to_agree
from orchestrator.trials.metrics import metrics_of, target_of
from orchestrator.trials.outputs import outputs
from orchestrator.trials.sides import are_the_same, framework_of

_ONE_PAIR = Phrase("1 pair")
_PAIRS = Phrase("{pairs} pairs")
_FEW = Phrase("Too few for a confidence interval: {pairs} of trials; it needs at least {fewest}.")
_FLOOR = Phrase(
    "On this machine {side} differed from itself by as much: its A/A test gave "
    "{low:.3f} to {high:.3f}."
)
_TEST_ANEW = Phrase("Repeat more often, and repeat the A/A test: --aa {name}.")
_BELOW = Phrase(
    "{side} ends at {value} {metric}, below the target of {target}: a fast job that does not "
    "learn is no win."
)
_ABOVE = Phrase(
    "{side} ends at {value} {metric}, above the target of {target}: a fast job that does not "
    "learn is no win."
)
_AT_CHANCE = Phrase(
    "{side} ends at {accuracy} test accuracy, as guessing one of {classes} classes would."
)
_NOTHING = Phrase(
    "{side} ends at {value} {metric}, no better than {chance}, which a model that has learned "
    "nothing has."
)
_TEST_LOSS = Phrase(
    "{side} ends at a test loss of {loss}, more than the {chance} of a model that gives each of "
    "{classes} classes the same probability."
)
_LAG = Phrase(
    "Evaluation uses the moving statistics of batch norm, which after {steps:,} steps may still be "
    "up to {share} their initial values, so test loss and accuracy lag behind training."
)
_STOPPED = Phrase(
    "Early stopping ended trials after different numbers of epochs: {counts}. The verdict is about "
    "one epoch; all of training is not the same work."
)
_LOSS_ROOM = 1.1  # times the loss of guessing: an untrained model may have a little more
_LEAST_SHARE = 0.01  # of initial values in moving statistics
_OWN_MOMENTUM = 0.99  # the slowest of the frameworks' own
_NOT_FINITE = Phrase("The losses of {side} are not finite from step {step:,} on.")


def cautions(
    trials: Sides,
    job: JobSpec,
    verdicts: Sequence[Verdict],
    certificates: Certificates | None,
    known: Known,
    *,
    counted: Sides,
    timed: Sequence[Timed] = (),
    gpu: Uses | None = None,
) -> tuple[Caution, ...]:
    """Return the warnings of a comparison, and of those of its trials that are ``counted``.

    ``known``: about the machine. ``gpu``: how busy each side kept it.
    """
    return tuple(
        itertools.chain(
            _of_the_proof(trials, job, certificates),
            _of_the_timed(trials, timed),
            _of_the_verdicts(verdicts, job, known),
            _of_learning(counted, job),
            _of_guessing(counted, job),
            _of_nothing_learned(counted, job),
            _of_moving_statistics(counted, job),
            _of_stopping(counted),
            circumstances.of_the_load(trials),
            circumstances.of_the_clock(trials),
            circumstances.of_idling(counted, gpu or {}, job),
            circumstances.of_gpus(trials),
            circumstances.of_memory(trials),
            circumstances.of_environments(trials, job),
        )
    )


def _of_the_proof(
    trials: Sides, job: JobSpec, certificates: Certificates | None
) -> Iterator[Caution]:
    if not any(to_agree(job, pair) for pair in itertools.combinations(trials, 2)):
        return
    if certificates is None:
        yield Caution(
            "CERTIFICATE_MISSING",
            english(Phrase("No certificate was made, so it is not shown to be the same job.")),
            english(Phrase("Remove --no-verify; a certificate needs two different sides.")),
        )
    elif not certificates.same_job:
        yield Caution(
            "CERTIFICATE_FAILED",
            english(Phrase("It is not shown to be the same job.")),
            english(
                Phrase(
                    "See in certificate.json, or with 'orchestrator verify', where the two diverge."
                )
            ),
        )


def _of_the_timed(trials: Sides, timed: Sequence[Timed]) -> Iterator[Caution]:
    for sentence in (t.sentence for t in timed if t.sentence is not None and not t.same):
        yield Caution(
            "TIMED_NOT_SAME",
            sentence,
            english(Phrase("See where the losses diverge; 'orchestrator verify' shows more.")),
        )
    for side, step in not_finite(trials).items():
        yield Caution(
            "NOT_FINITE",
            english(_NOT_FINITE, side=label(side), step=step),
            english(
                Phrase("Use a smaller learning rate: a job that does not learn is not compared.")
            ),
        )


def _of_the_verdicts(
    verdicts: Sequence[Verdict],
    job: JobSpec,
    known: Known,
) -> Iterator[Caution]:
    for verdict in [each for each in verdicts if each.provisional][:1]:
        pairs = english(_ONE_PAIR if verdict.pairs == 1 else _PAIRS, pairs=verdict.pairs)
        yield Caution(
            "FEW_PAIRS",
            english(_FEW, pairs=pairs, fewest=fewest_pairs(verdict.together)),
            english(Phrase("Repeat: --repeats 10, or --until-sure.")),
        )
    under, floors = machine.conditions(job), known.noise
    least: dict[str, float] = {}  # the smallest ratio that was shown, by framework
    for verdict in verdicts:
        sides = verdict.faster, verdict.slower
        if verdict.shown and not are_the_same(sides):
            for name in map(framework_of, sides):
                least[name] = min(verdict.ratio, least.get(name, verdict.ratio))
    for name, ratio in sorted(least.items()):
        floor = floors.get(f"{name} {under}")
        if floor and max(floor.high, 1 / floor.low) >= ratio:
            yield Caution(
                "WITHIN_NOISE_FLOOR",
                english(_FLOOR, side=label(name), low=floor.low, high=floor.high),
                english(_TEST_ANEW, name=name),
            )


def _of_learning(trials: Sides, job: JobSpec) -> Iterator[Caution]:
    target = target_of(job)
    if target is None:
        return
    metric, wanted = target
    for side, group in trials.items():
        ends = [metric.of(trial.final.test) for trial in group if trial.final]
        known = [value for value in ends if value is not None]
        reached = median(known) if known else None
        if reached is not None and not metric.reaches(reached, wanted):
            yield Caution(
                "BELOW_TARGET",
                english(
                    _BELOW if metric.rises else _ABOVE,
                    side=label(side),
                    value=metric.written(reached),
                    metric=metric.test,
                    target=metric.written(wanted),
                ),
                english(
                    Phrase("Train for more epochs or on more samples, or set another --reach.")
                ),
            )


def _of_guessing(trials: Sides, job: JobSpec) -> Iterator[Caution]:
    """Yield a warning for a side that is no better than guessing; with a target, that is another's.

    Its accuracy cannot be told from chance, or its test loss is above that of equal probabilities.
    """
    if targets(job.loss) is not TargetKind.CLASS:
        return
    classes = outputs(job.layers)
    if classes < 2:
        return
    chance = math.log(classes)
    for side, group in trials.items():
        accuracy, loss = TEST_ACCURACY.of(group, job), TEST_LOSS.of(group, job)
        names = {"side": label(side), "classes": classes}
        if target_of(job) is None and accuracy is not None:
            samples = min(trial.epochs[-1].test.samples for trial in group if trial.epochs)
            if accuracy <= _by_guessing(classes, samples):
                yield Caution(
                    "ACCURACY_AT_CHANCE",
                    english(_AT_CHANCE, **names, accuracy=percent(accuracy)),
                    english(Phrase("Train for longer, or with another learning rate.")),
                )
        if loss is not None and loss > _LOSS_ROOM * chance:
            yield Caution(
                "TEST_LOSS_HIGH",
                english(_TEST_LOSS, **names, loss=number(loss), chance=number(chance)),
                english(
                    Phrase(
                        "Compare it with the training loss: if that is low, the model overfits or "
                        "its moving statistics lag; if not, use a smaller learning rate."
                    )
                ),
            )


def _of_nothing_learned(trials: Sides, job: JobSpec) -> Iterator[Caution]:
    """Yield a warning for a side whose metric shows no learning; with a target, another does.

    For classes that is the accuracy: see `_of_guessing`.
    """
    if target_of(job) is not None:
        return
    for metric in metrics_of(job.loss):
        if metric.by_chance is None:
            continue
        for side, group in trials.items():
            ends = [metric.of(trial.final.test) for trial in group if trial.final]
            known = [value for value in ends if value is not None]
            # Not a number is not learned either, and its own warning says more.
            if known and (middle := median(known)) <= metric.by_chance:
                yield Caution(
                    "NOTHING_LEARNED",
                    english(
                        _NOTHING,
                        side=label(side),
                        value=metric.written(middle),
                        metric=metric.test,
                        chance=metric.written(metric.by_chance),
                    ),
                    english(Phrase("Train for longer, or with another learning rate.")),
                )


def _by_guessing(classes: int, samples: int) -> float:
    """Return the accuracy that guessing exceeds once in a thousand times: 3 deviations above."""
    share = 1 / classes
    return share + 3 * math.sqrt(share * (1 - share) / max(1, samples))


def _of_moving_statistics(trials: Sides, job: JobSpec) -> Iterator[Caution]:
    own = job.recipe is Recipe.IDIOMATIC
    norms = [layer for layer in leaves(job.layers) if isinstance(layer, BatchNorm)]
    momenta = [_OWN_MOMENTUM if own and is_usual_momentum(n) else n.momentum for n in norms]
    steps = [len(t.losses) for t in itertools.chain(*trials.values()) if t.epochs]
    if not momenta or not steps:
        return
    share = max(momenta) ** min(steps)
    if share > _LEAST_SHARE:
        yield Caution(
            "MOVING_STATISTICS_LAG",
            english(_LAG, steps=min(steps), share=percent(share)),
            english(Phrase("Train for more steps, or use a smaller momentum.")),
        )


def _of_stopping(trials: Sides) -> Iterator[Caution]:
    """Yield a warning if early stopping ended trials after different numbers of epochs."""
    stopped = any(trial.stopped for trial in itertools.chain(*trials.values()))
    counts = {side: [len(trial.epochs) for trial in group] for side, group in trials.items()}
    if stopped and len(set(itertools.chain(*counts.values()))) > 1:
        told = (f"{label(side)} {', '.join(map(str, counts[side]))}" for side in trials)
        yield Caution(
            "STOPPED_APART",
            english(_STOPPED, counts="; ".join(told)),
            english(Phrase("Compare the time to a target, with --reach, or leave it out.")),
        )
