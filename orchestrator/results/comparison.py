"""Stored trials -> what they say side by side. Nothing is read, written or printed here."""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twinrun.contract.enums import JobState
from twinrun.contract.events import Profiled

from orchestrator.certificate.certificate_file import retold
from orchestrator.certificate.envelope import Envelope
from orchestrator.certificate.timed import Timed, judge_timed, not_finite
from orchestrator.language.phrases import Phrase, Sentence, english, join, stored
from orchestrator.language.words import NEXT, label
from orchestrator.results.agreement import Agreement, agreement
from orchestrator.results.cautions import cautions
from orchestrator.results.circumstances import Caution
from orchestrator.results.estimate import Estimate
from orchestrator.results.quantities import EPOCH, QUANTITIES, THROUGHPUT, ratios
from orchestrator.results.verdict import Verdict, verdict
from orchestrator.trials.inputs import InputsCheck, check_inputs, in_own_way
from orchestrator.trials.mapping import environment_mapping, trial_mapping
from orchestrator.trials.numbers import finite
from orchestrator.trials.sides import are_the_same, framework_of
from orchestrator.trials.trial import Trial

SCHEMA = "twinrun.comparison/1"

_ALONE = Phrase("{framework} ran alone, so there is nothing to hold its speed against.")
_NO_TRIAL = Phrase("There is no trial to compare.")
_NO_VERDICT = Phrase("No verdict on speed: {why}")
_LEFT_OUT = Phrase("Left out with its pair: {why}")
_NOT_SUCCEEDED = {
    JobState.PENDING: Phrase("trial {number} of {framework} did not start."),
    JobState.RUNNING: Phrase("trial {number} of {framework} was not seen to its end."),
    JobState.FAILED: Phrase("trial {number} of {framework} failed: {error}"),
    JobState.CANCELLED: Phrase("trial {number} of {framework} was cancelled."),
}
_NO_REASON = Phrase("it gave no reason.")
_NOT_FINITE = Phrase("the losses of {side} are no finite numbers from step {step:,} on.")
_NO_PAIR = Phrase("no pair of trials succeeded.")
_NO_TIME = Phrase("trial {number} of {framework} reported no training time.")


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The trials of one job side by side.

    ``job``: the spec in JSON mapping, completed where the trials agree on it. ``trials`` by side,
    and those of them that are ``counted``: a side's numbers are of these alone, as the verdict is.
    ``certificate``: as in certificate.json. ``finding``: always a whole sentence or two: the
    verdict with what limits it, or why there is none. ``ratios``: the second side's over the
    first's, by quantity, where there are two sides. ``cautions``: what to keep in mind with it.
    ``timed``: whether the trials that were timed did the same arithmetic, None: nothing to judge.
    ``known``: of the machine, as `orchestrator.storage.machine.known`. ``profiles`` by framework.
    ``concurrent``: trials of several sides ran at the same time.
    """

    job: Mapping[str, Any]
    trials: Mapping[str, Sequence[Trial]]
    counted: Mapping[str, Sequence[Trial]]
    certificate: Mapping[str, Any] | None
    inputs: InputsCheck
    timed: Timed | None
    agreements: Sequence[Agreement]
    verdict: Verdict | None
    finding: Sentence
    ratios: Mapping[str, Estimate]
    cautions: Sequence[Caution]
    known: Mapping[str, Mapping[str, Any]]
    profiles: Mapping[str, Profiled]
    concurrent: bool


def compare(
    job: Mapping[str, Any],
    trials: Sequence[Trial],
    certificate: Mapping[str, Any] | None = None,
    *,
    concurrent: bool = False,
    known: Mapping[str, Mapping[str, Any]] | None = None,
    profiles: Sequence[Trial] = (),
) -> Comparison:
    """Compares ``trials``, in any number and of any number of sides; ``job`` is their spec."""
    order = sorted(trials, key=lambda trial: (trial.framework, trial.number))
    grouped = _by_side(order)
    inputs = check_inputs(order)
    faults = list(_faults(order))
    sound = _paired(grouped)
    counted = _counted(grouped, sound)
    timed = None if inputs.same is False else _timed(sound, job, certificate)
    reason = _reason_against_a_verdict(grouped, sound, faults)
    made = None if reason else verdict(sound)
    # A difference is always said; what is not known matters where a verdict leans on it.
    said = list[Sentence]()
    if inputs.same is False or (made is not None and inputs.same is None):
        said.append(inputs.sentence)
    if certificate is not None and not certificate["same_job"]:
        said.append(retold(certificate))
    if timed is not None and timed.sentence is not None:
        said.append(timed.sentence)
    if reason is not None:
        said.append(reason)
    if made is not None:
        said.append(made.sentence)
        said += [english(_LEFT_OUT, why=fault) for fault in faults]
    completed = order[0].spec if order and inputs.same else None
    found = completed or job
    return Comparison(
        job=found,
        trials=grouped,
        counted=counted,
        certificate=certificate,
        inputs=inputs,
        timed=timed,
        agreements=tuple(
            agreement(a[0], b[0]) for a, b in itertools.combinations(grouped.values(), 2)
        ),
        verdict=made,
        finding=join(NEXT, said),
        ratios=_ratios(sound, found) if made else {},
        cautions=cautions(
            grouped, found, made, certificate, known or {}, counted=counted, timed=timed
        ),
        known=known or {},
        profiles={trial.framework: trial.profile for trial in profiles if trial.profile},
        concurrent=concurrent,
    )


def _ratios(sound: Mapping[str, Sequence[Trial]], job: Mapping[str, Any]) -> dict[str, Estimate]:
    """Of two sides; of any other number there is no one ratio."""
    if len(sound) != 2:
        return {}
    first, second = sound.values()
    return ratios(first, second, job)


def _by_side(order: Sequence[Trial]) -> dict[str, tuple[Trial, ...]]:
    groups = itertools.groupby(order, key=lambda trial: trial.framework)
    return {side: tuple(group) for side, group in groups}


def _paired(trials: Mapping[str, Sequence[Trial]]) -> dict[str, list[Trial]]:
    """Trials of whose number every side has one that succeeded."""
    sound = {side: [t for t in group if _is_sound(t)] for side, group in trials.items()}
    numbers = [{trial.number for trial in group} for group in sound.values()]
    common = set.intersection(*numbers) if numbers else set()
    return {side: [t for t in group if t.number in common] for side, group in sound.items()}


def _is_sound(trial: Trial) -> bool:
    return trial.state is JobState.SUCCEEDED and bool(EPOCH.measure(trial, {}))


def _counted(
    trials: Mapping[str, Sequence[Trial]], paired: Mapping[str, Sequence[Trial]]
) -> dict[str, Sequence[Trial]]:
    """Those that have a pair; without any pair a side's sound ones, or else all that it has."""
    return {
        side: paired[side] or [trial for trial in group if _is_sound(trial)] or group
        for side, group in trials.items()
    }


def _faults(trials: Sequence[Trial]) -> Iterator[Sentence]:
    """A sentence for each trial that can be compared with nothing."""
    for trial in trials:
        if trial.state in _NOT_SUCCEEDED:
            error = trial.error.message if trial.error else None
            yield _fault(trial.framework, trial.number, trial.state, error)
        elif not _is_sound(trial):
            yield english(_NO_TIME, framework=label(trial.framework), number=trial.number)


def _fault(side: str, number: int, state: JobState, error: str | None) -> Sentence:
    why = english(_NO_REASON) if error is None else error
    return english(_NOT_SUCCEEDED[state], framework=label(side), number=number, error=why)


def _reason_against_a_verdict(
    trials: Mapping[str, Sequence[Trial]],
    sound: Mapping[str, Sequence[Trial]],
    faults: list[Sentence],
) -> Sentence | None:
    if not trials:
        return english(_NO_TRIAL)
    if not all(sound.values()):
        return english(_NO_VERDICT, why=faults[0] if faults else english(_NO_PAIR))
    if len(trials) == 1:
        return english(_ALONE, framework=label(next(iter(trials))))
    for side, step in not_finite(sound).items():
        return english(_NO_VERDICT, why=english(_NOT_FINITE, side=label(side), step=step))
    return None


def _timed(
    sound: Mapping[str, Sequence[Trial]],
    job: Mapping[str, Any],
    certificate: Mapping[str, Any] | None,
) -> Timed | None:
    """Of two frameworks that are to do the same."""
    if len(sound) != 2 or in_own_way(job) or are_the_same(tuple(sound)):
        return None
    held, exact = (
        Envelope.from_dict(certificate[name]) if certificate and certificate.get(name) else None
        for name in ("timed", "envelope")
    )
    first, second = sound.values()
    return judge_timed(first, second, held, exact)


def same_job(comparison: Comparison) -> bool | None:
    """Whether it was shown to be the same job, as certified and as timed. None: not tried."""
    if in_own_way(comparison.job) or are_the_same(tuple(comparison.trials)):
        return None
    if comparison.inputs.same is False or (comparison.timed and not comparison.timed.same):
        return False
    certificate = comparison.certificate
    return None if certificate is None else bool(certificate["same_job"])


def finding_retold(found: Mapping[str, Any]) -> Sentence:
    """The finding of a comparison.json without a verdict, made again from what else it holds."""
    faults = [
        _fault(
            side, trial["number"], JobState(trial["state"]), (trial["error"] or {}).get("message")
        )
        for side, each in found["frameworks"].items()
        for trial in each["trials"]
        if trial["state"] in _NOT_SUCCEEDED
    ]
    again = [english(_ALONE, framework=label(side)) for side in found["frameworks"]]
    again += [english(_NO_VERDICT, why=fault) for fault in (*faults, english(_NO_PAIR))]
    return stored(found["finding"], *again)


def as_dict(comparison: Comparison) -> dict[str, Any]:
    """For comparison.json: seconds, bytes, fractions of 1; null for what is unknown or not finite.

    Per-step losses are left to the event files.
    """
    found: dict[str, Any] = finite(
        {
            "schema": SCHEMA,
            "job": comparison.job,
            "concurrent": comparison.concurrent,
            "frameworks": {
                name: {
                    "framework": framework_of(name),
                    "environment": environment_mapping(trials),
                    "samples_per_second": THROUGHPUT.of(comparison.counted[name], comparison.job),
                    "quantities": {
                        each.name: each.of(comparison.counted[name], comparison.job)
                        for each in QUANTITIES
                    },
                    "trials": [trial_mapping(trial) for trial in trials],
                }
                for name, trials in comparison.trials.items()
            },
            "certificate": comparison.certificate,
            "inputs": dataclasses.asdict(comparison.inputs),
            "timed": dataclasses.asdict(comparison.timed) if comparison.timed else None,
            "agreements": [dataclasses.asdict(agreement) for agreement in comparison.agreements],
            "verdict": dataclasses.asdict(comparison.verdict) if comparison.verdict else None,
            "finding": comparison.finding,
            "ratios": {
                name: dataclasses.asdict(ratio) for name, ratio in comparison.ratios.items()
            },
            "warnings": [dataclasses.asdict(caution) for caution in comparison.cautions],
            "machine": comparison.known,
            "profiles": {
                name: dataclasses.asdict(profile) for name, profile in comparison.profiles.items()
            },
        }
    )
    return found
