"""Stored trials -> what they say side by side. Nothing is read, written or printed here."""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from google.protobuf import json_format

from orchestrator.agreement import Agreement, agreement
from orchestrator.inputs import InputsCheck, check_inputs
from orchestrator.numbers import finite
from orchestrator.trial import State, Trial
from orchestrator.words import label

SCHEMA = "twinrun.comparison/1"
LEVEL_BELOW = 1.01  # a smaller ratio is not sold as a difference

_FASTER = "{faster} trained {ratio:.2f} times as fast as {slower} ({trials})."
_LEVEL = "{faster} and {slower} trained level within 1 % ({trials})."
_ONE_EACH = "one trial each: provisional"
_SEVERAL_EACH = "medians of {count} trials each"
_MEDIANS = "medians of {counts} trials"
_MEDIANS_PROVISIONAL = "medians of {counts} trials: provisional"
_ALONE = "{framework} ran alone, so there is nothing to hold its speed against."
_NO_TRIAL = "There is no trial to compare."
_NOT_SUCCEEDED = {
    State.PENDING: "No verdict on speed: trial {number} of {framework} did not start.",
    State.RUNNING: "No verdict on speed: trial {number} of {framework} was not seen to its end.",
    State.FAILED: "No verdict on speed: trial {number} of {framework} failed: {error}",
    State.CANCELLED: "No verdict on speed: trial {number} of {framework} was cancelled.",
}
_NO_TIME = "No verdict on speed: trial {number} of {framework} reported no training time."


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which framework trained faster, by the median of its trials' ``train`` seconds.

    ``faster`` and ``slower`` are the two fastest; with three frameworks ``seconds`` tells the rest.
    ``ratio``: the slower's seconds over the faster's, so never below 1. ``level``: too close to
    be called a difference. ``provisional``: some framework has one trial only.
    """

    faster: str
    slower: str
    ratio: float
    level: bool
    provisional: bool
    seconds: Mapping[str, float]
    trials: Mapping[str, int]
    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The trials of one job side by side.

    ``job``: the spec in JSON mapping, completed where the trials agree on it. ``certificate``: as
    in certificate.json. ``finding``: always a whole sentence or two: the verdict with what limits
    it, or why there is none. ``concurrent``: trials of several frameworks ran at the same time.
    """

    job: Mapping[str, Any]
    trials: Mapping[str, Sequence[Trial]]
    certificate: Mapping[str, Any] | None
    inputs: InputsCheck
    agreements: Sequence[Agreement]
    verdict: Verdict | None
    finding: str
    concurrent: bool


def compare(
    job: Mapping[str, Any],
    trials: Sequence[Trial],
    certificate: Mapping[str, Any] | None = None,
    concurrent: bool = False,
) -> Comparison:
    """Compares ``trials``, in any number and of any number of frameworks; ``job`` is their spec."""
    order = sorted(trials, key=lambda trial: (trial.framework, trial.number))
    grouped = {
        framework: tuple(group)
        for framework, group in itertools.groupby(order, key=lambda trial: trial.framework)
    }
    inputs = check_inputs(order)
    reason = next(_reasons_against_a_verdict(grouped), None)
    verdict = None if reason else _verdict(grouped)
    said = reason or (verdict.sentence if verdict else "")
    # A difference is always said; what is not known matters where a verdict leans on it.
    doubts = []
    if inputs.same is False or (verdict is not None and inputs.same is None):
        doubts.append(inputs.sentence)
    if certificate is not None and not certificate["same_job"]:
        doubts.append(certificate["sentence"])
    completed = order[0].spec if order and inputs.same else None
    return Comparison(
        job=completed or job,
        trials=grouped,
        certificate=certificate,
        inputs=inputs,
        agreements=tuple(
            agreement(a[0], b[0]) for a, b in itertools.combinations(grouped.values(), 2)
        ),
        verdict=verdict,
        finding=" ".join([*doubts, said]),
        concurrent=concurrent,
    )


def speed_ratio(seconds: Sequence[float], other: Sequence[float]) -> float:
    """How many times as fast ``other`` was: the median of ``seconds`` over that of ``other``."""
    return median(seconds) / median(other)


def samples_per_second(trials: Sequence[Trial]) -> float | None:
    """All training samples of finished epochs over all of their time. None: no epoch ended."""
    samples = sum(trial.trained_samples for trial in trials)
    seconds = sum(epoch.train_seconds for trial in trials for epoch in trial.epochs)
    return samples / seconds if seconds else None


def _reasons_against_a_verdict(trials: Mapping[str, Sequence[Trial]]) -> Iterator[str]:
    for trial in itertools.chain(*trials.values()):
        names = {"framework": label(trial.framework), "number": trial.number}
        if trial.state in _NOT_SUCCEEDED:
            error = trial.error.message if trial.error else "it gave no reason."
            yield _NOT_SUCCEEDED[trial.state].format(**names, error=error)
        elif not trial.seconds("train"):
            yield _NO_TIME.format(**names)
    if not trials:
        yield _NO_TRIAL
    if len(trials) == 1:
        yield _ALONE.format(framework=label(next(iter(trials))))


def _verdict(trials: Mapping[str, Sequence[Trial]]) -> Verdict:
    """Of two or more frameworks, whose trials all succeeded."""
    seconds = {name: [t.seconds("train") or 0.0 for t in group] for name, group in trials.items()}
    faster, slower, *_ = sorted(seconds, key=lambda name: median(seconds[name]))
    ratio = speed_ratio(seconds[slower], seconds[faster])
    counts = {name: len(group) for name, group in trials.items()}
    level = ratio < LEVEL_BELOW
    return Verdict(
        faster=faster,
        slower=slower,
        ratio=ratio,
        level=level,
        provisional=min(counts.values()) == 1,
        seconds={name: median(values) for name, values in seconds.items()},
        trials=counts,
        sentence=(_LEVEL if level else _FASTER).format(
            faster=label(faster), slower=label(slower), ratio=ratio, trials=_trials(counts)
        ),
    )


def _trials(counts: Mapping[str, int]) -> str:
    if len(set(counts.values())) == 1:
        count = min(counts.values())
        return _ONE_EACH if count == 1 else _SEVERAL_EACH.format(count=count)
    text = _MEDIANS_PROVISIONAL if 1 in counts.values() else _MEDIANS
    return text.format(counts=", ".join(f"{n} {label(name)}" for name, n in counts.items()))


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
                    "environment": _environment(trials),
                    "samples_per_second": samples_per_second(trials),
                    "trials": [_trial(trial) for trial in trials],
                }
                for name, trials in comparison.trials.items()
            },
            "certificate": comparison.certificate,
            "inputs": dataclasses.asdict(comparison.inputs),
            "agreements": [dataclasses.asdict(agreement) for agreement in comparison.agreements],
            "verdict": dataclasses.asdict(comparison.verdict) if comparison.verdict else None,
            "finding": comparison.finding,
        }
    )
    return found


def _trial(trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "state": trial.state.value,
        "error": dataclasses.asdict(trial.error) if trial.error else None,
        "inputs": dataclasses.asdict(trial.inputs) if trial.inputs else None,
        "phases": dict(trial.phases),
        "cpu_seconds": dict(trial.cpu_seconds),
        "epochs": [dataclasses.asdict(epoch) for epoch in trial.epochs],
        "peak_memory_bytes": trial.peak_memory_bytes,
        "peak_device_memory_bytes": trial.peak_device_memory_bytes,
        "accelerator": dataclasses.asdict(trial.accelerator) if trial.accelerator else None,
    }


def _environment(trials: Sequence[Trial]) -> dict[str, Any] | None:
    """That of the first trial that reported one."""
    found = next((trial.environment for trial in trials if trial.environment), None)
    if found is None:
        return None
    mapping = json_format.MessageToDict(found, preserving_proto_field_name=True)
    for accelerator in mapping.get("accelerators", []):  # the mapping writes int64 as text
        accelerator["memory_bytes"] = int(accelerator.get("memory_bytes", 0))
    return mapping
