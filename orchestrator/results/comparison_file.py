"""Comparisons in comparison.json."""

from orchestrator.certificate import certificate_file
from orchestrator.results.agreement import as_mapping
from orchestrator.results.break_even import ahead
from orchestrator.results.comparison import Comparison, Pair
from orchestrator.results.layer_above import above
from orchestrator.results.quantities import THROUGHPUT, quantities
from orchestrator.results.roofline import rooflines
from orchestrator.trials.mapping import environment_mapping, trial_mapping
from orchestrator.trials.mappings.stored import as_json, fields_of
from orchestrator.trials.sides import framework_of

SCHEMA = "twinrun.comparison/1"
SCHEMA_OF_SEVERAL = "twinrun.comparison/2"  # for more than two sides, which make several pairs


def as_dict(comparison: Comparison) -> dict[str, object]:
    """Return the contents of comparison.json: seconds, bytes, fractions of 1; null if unknown.

    Null also stands for what is not finite. Losses of steps stay in the event files. Values of a
    pair are at the top level if there are at most two sides, otherwise in ``pairs``.
    """
    several, certificates = len(comparison.trials) > 2, comparison.certificates
    return as_json(
        {
            "schema": SCHEMA_OF_SEVERAL if several else SCHEMA,
            "job": comparison.job,
            "concurrent": comparison.concurrent,
            "baseline": comparison.baseline,
            "frameworks": {name: _side(comparison, name) for name in comparison.trials},
            "certificate": certificates and certificate_file.as_dict(certificates),
            "inputs": comparison.inputs,
            "changed": comparison.changed,
            **(
                {"pairs": [{"side": each.side, **_pair(each)} for each in comparison.pairs]}
                if several
                else _of_two(comparison)
            ),
            **({"decisions": comparison.decisions} if comparison.decisions else {}),
            **_threads(comparison),
            **({"machines": comparison.machines} if comparison.machines else {}),
            "finding": comparison.finding,
            "ahead": ahead(comparison),
            **({"above": layers} if (layers := above(comparison)) else {}),
            "rooflines": rooflines(comparison),
            "warnings": comparison.cautions,
            "machine": comparison.known,
            "profiles": comparison.profiles,
            "gpu": comparison.gpu,
        }
    )


def _threads(comparison: Comparison) -> dict[str, object]:
    """Return what --threads best adds."""
    if comparison.searched is None:
        return {}
    return {"threads": fields_of(comparison.searched), "at_best": comparison.at_best}


def _of_two(comparison: Comparison) -> dict[str, object]:
    nothing: dict[str, object] = {"timed": None, "verdict": None, "ratios": {}, "quality": None}
    mapping = _pair(comparison.pairs[0]) if comparison.pairs else nothing
    agreements = [as_mapping(each.agreement) for each in comparison.pairs]
    return {**{n: v for n, v in mapping.items() if n != "agreement"}, "agreements": agreements}


def _pair(pair: Pair) -> dict[str, object]:
    names = ("timed", "verdict", "ratios", "quality")
    return {
        **{name: getattr(pair, name) for name in names},
        "agreement": as_mapping(pair.agreement),
    }


def _side(comparison: Comparison, name: str) -> dict[str, object]:
    trials, counted = comparison.trials[name], comparison.counted[name]
    return {
        "framework": framework_of(name),
        "environment": environment_mapping(trials),
        "samples_per_second": THROUGHPUT.of(counted, comparison.job),
        "quantities": {
            each.name: each.of(counted, comparison.job) for each in quantities(comparison.job)
        },
        "trials": [trial_mapping(trial) for trial in trials],
    }
