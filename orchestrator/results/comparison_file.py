"""Comparisons as comparison.json holds them."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from twinrun.contract.enums import JobState

from orchestrator.certificate import certificate_file
from orchestrator.language.phrases import Sentence, join, stored
from orchestrator.language.words import NEXT
from orchestrator.results import verdict
from orchestrator.results.comparison import Comparison, Pair, alone, fault, no_verdict
from orchestrator.results.quantities import QUANTITIES, THROUGHPUT
from orchestrator.trials.mapping import environment_mapping, trial_mapping
from orchestrator.trials.numbers import finite
from orchestrator.trials.sides import framework_of
from orchestrator.trials.spec import spec_mapping

SCHEMA = "twinrun.comparison/1"
SCHEMA_OF_SEVERAL = "twinrun.comparison/2"  # of more than two sides, which make several pairs


def finding_retold(found: Mapping[str, Any]) -> Sentence:
    """What is found of a comparison.json, made again from what else it holds.

    The verdicts alone, where there are any.
    """
    several = found.get("pairs", [found])
    if verdicts := [each["verdict"] for each in several if each["verdict"]]:
        return join(NEXT, map(verdict.retold, verdicts))
    faults = [
        fault(
            side, trial["number"], JobState(trial["state"]), (trial["error"] or {}).get("message")
        )
        for side, each in found["frameworks"].items()
        for trial in each["trials"]
        if trial["state"] != JobState.SUCCEEDED
    ]
    again = [alone(side) for side in found["frameworks"]]
    again += [no_verdict(each) for each in faults] + [no_verdict()]
    return stored(found["finding"], *again)


def as_dict(comparison: Comparison) -> dict[str, Any]:
    """For comparison.json: seconds, bytes, fractions of 1; null for what is unknown or not finite.

    Per-step losses are left to the event files. What is of a pair stands at the top where there
    are no more than two sides, otherwise in ``pairs``.
    """
    several, certificates = len(comparison.trials) > 2, comparison.certificates
    found: dict[str, Any] = finite(
        {
            "schema": SCHEMA_OF_SEVERAL if several else SCHEMA,
            "job": spec_mapping(comparison.job),
            "concurrent": comparison.concurrent,
            "baseline": comparison.baseline,
            "frameworks": {name: _side(comparison, name) for name in comparison.trials},
            "certificate": certificates and certificate_file.as_dict(certificates),
            "inputs": dataclasses.asdict(comparison.inputs),
            **(
                {"pairs": [{"side": each.side, **_pair(each)} for each in comparison.pairs]}
                if several
                else _of_two(comparison)
            ),
            "finding": comparison.finding,
            "warnings": [dataclasses.asdict(caution) for caution in comparison.cautions],
            "machine": comparison.known,
            "profiles": {
                name: dataclasses.asdict(profile) for name, profile in comparison.profiles.items()
            },
        }
    )
    return found


def _of_two(comparison: Comparison) -> dict[str, Any]:
    agreements = [dataclasses.asdict(each.agreement) for each in comparison.pairs]
    nothing: dict[str, Any] = {"timed": None, "verdict": None, "ratios": {}}
    found = _pair(comparison.pairs[0]) if comparison.pairs else nothing
    return {**{n: v for n, v in found.items() if n != "agreement"}, "agreements": agreements}


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "timed": dataclasses.asdict(pair.timed) if pair.timed else None,
        "agreement": dataclasses.asdict(pair.agreement),
        "verdict": dataclasses.asdict(pair.verdict) if pair.verdict else None,
        "ratios": {name: dataclasses.asdict(ratio) for name, ratio in pair.ratios.items()},
    }


def _side(comparison: Comparison, name: str) -> dict[str, Any]:
    trials, counted = comparison.trials[name], comparison.counted[name]
    return {
        "framework": framework_of(name),
        "environment": environment_mapping(trials),
        "samples_per_second": THROUGHPUT.of(counted, comparison.job),
        "quantities": {each.name: each.of(counted, comparison.job) for each in QUANTITIES},
        "trials": [trial_mapping(trial) for trial in trials],
    }
