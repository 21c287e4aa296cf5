"""Judges the trials of a certificate that a run holds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from orchestrator.actions.request import Pair, against
from orchestrator.certificate.certificate import SCHEMA, Certificate, Proof, certify
from orchestrator.certificate.certificate_file import of_run
from orchestrator.certificate.evidence import Evidence, evidence
from orchestrator.certificate.takes import (
    PERTURBED,
    PLAIN,
    REPEATED,
    TIMED,
    TIMED_PERTURBED,
    TIMED_REPEATED,
    draws,
)
from orchestrator.certificate.tolerance import tolerance
from orchestrator.errors import RunUnreadable
from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import NEXT
from orchestrator.storage.files import noting
from orchestrator.storage.store import Run
from orchestrator.trials.trial import Trial

_NO_TRIALS = Phrase("{path} has no finished trial of each framework: run 'verify' again.")


def again(run: Run, damages: list[Sentence]) -> list[Certificate]:
    """Rebuild the certificates of a `verify` run from its trials; without them return stored ones.

    What cannot be read has a sentence in ``damages``. Then stored certificates stay, and if there
    are none, those are returned that the other trials give. Raises RunUnreadable.
    """
    kept, unread = None, list[Sentence]()
    with noting(damages):
        kept = of_run(run)
    before = kept.made if kept else []
    if any(each.schema != SCHEMA for each in before):
        return before  # fewer trials were run then than are requested now
    what = run.about()
    pairs = against(what.sides, what.baseline) if len(what.sides) > 1 else []
    trials = _by_name(run.trials(unread))
    judgements = list[Certificate]()
    for pair in pairs:
        if all(f"{name}-{PLAIN}" in trials for name in pair):
            with noting(unread):
                judgements.append(_judged(run, trials, pair))
    damages += unread
    if before and (unread or len(judgements) < len(pairs)):
        return before
    if not judgements:
        raise RunUnreadable(join(NEXT, [english(_NO_TRIALS, path=run.path), *damages]))
    if len(before) != len(judgements):
        return judgements
    return [_kept(new, old) for new, old in zip(judgements, before, strict=True)]


def _kept(new: Certificate, old: Certificate) -> Certificate:
    """Keep when it was made, and where two models of code part, which the trials do not tell."""
    parted = new.job.code is not None and not (new.same_job or old.same_job)
    return replace(new, made=old.made, sentence=old.sentence if parted else new.sentence)


def judged(run: Run, pairs: Sequence[Pair], *, evaluated: bool = True) -> list[Certificate]:
    """Judge the existing trials, before or after the saved weights are ``evaluated`` again.

    One certificate for each pair. Raises RunNotFound, RunUnreadable.
    """
    trials = _by_name(run.trials())
    return [_judged(run, trials, pair, evaluated=evaluated) for pair in pairs]


def _by_name(trials: Sequence[Trial]) -> dict[str, Trial]:
    return {trial.name: trial for trial in trials}


def _judged(
    run: Run, trials: Mapping[str, Trial], pair: Pair, *, evaluated: bool = True
) -> Certificate:
    """Judge one pair, of whose ``trials`` by name the plain ones exist, as `judged`."""

    def found(name: str, number: int) -> Evidence | None:
        trial = trials.get(f"{name}-{number}")
        return None if trial is None else evidence(run, trial)

    def found_draws(name: str, number: int) -> list[Evidence]:
        each = (found(name, draw) for draw in draws(number))
        return [draw for draw in each if draw is not None]

    def proof(name: str) -> Proof:
        return Proof(
            plain=evidence(run, trials[f"{name}-{PLAIN}"], pair),
            perturbed=found_draws(name, PERTURBED),
            repeated=found(name, REPEATED),
            timed=found(name, TIMED),
            timed_perturbed=found_draws(name, TIMED_PERTURBED),
            timed_repeated=found(name, TIMED_REPEATED),
        )

    now = datetime.now(UTC).isoformat(timespec="seconds")
    first, second = map(proof, pair)
    return certify(first, second, tolerance(first.plain.job), now, evaluated=evaluated)
