"""Warnings about a verdict: each with a code, a sentence, and a remedy.

They stay with the result; `--strict` turns them into a failure.
"""

import itertools
from collections.abc import Iterator, Sequence

from twinrun.contract.spec import JobSpec

from orchestrator.certificate.certificates import Certificates
from orchestrator.certificate.timed import Timed, not_finite
from orchestrator.language.phrases import Phrase, english
from orchestrator.language.words import label, percent
from orchestrator.results import circumstances
from orchestrator.results.circumstances import Caution, Sides
from orchestrator.results.estimate import fewest_pairs
from orchestrator.results.quantities import TEST_ACCURACY
from orchestrator.results.verdict import Verdict
from orchestrator.storage import machine
from orchestrator.storage.machine import Known
from orchestrator.trials.gpu_use import Uses
from orchestrator.trials.inputs import to_agree
from orchestrator.trials.sides import are_the_same, framework_of

_ONE_PAIR = Phrase("1 pair")
_PAIRS = Phrase("{pairs} pairs")
_FEW = Phrase("{pairs} of trials is too few for a confidence interval; it needs at least {fewest}.")
_FLOOR = Phrase(
    "On this machine {side} differed from itself by as much: its A/A test gave "
    "{low:.3f} to {high:.3f}."
)
_TEST_ANEW = Phrase("Repeat more often, and repeat the A/A test: --aa {name}.")
_BELOW = Phrase(
    "{side} ends at {accuracy} test accuracy, below the target of {target}: a fast job that does "
    "not learn is no win."
)
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
            english(Phrase("Remove --no-verify; a certificate needs two frameworks.")),
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
    for sentence in (each.sentence for each in timed if each.sentence is not None):
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
    target = job.target_accuracy
    for side, group in trials.items():
        reached = TEST_ACCURACY.of(group, job)
        if target is not None and reached is not None and reached < target:
            yield Caution(
                "BELOW_TARGET",
                english(
                    _BELOW,
                    side=label(side),
                    accuracy=percent(reached),
                    target=percent(target),
                ),
                english(
                    Phrase(
                        "Train for more epochs or on more samples, or set another "
                        "--target-accuracy."
                    )
                ),
            )
