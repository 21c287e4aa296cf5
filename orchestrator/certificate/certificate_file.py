"""Certificates as certificate.json holds them: read into dataclasses here, and nowhere else."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from twinrun.contract.spec import Tolerance

from orchestrator.certificate.certificate import SCHEMA, Certificate, Parting
from orchestrator.certificate.certificates import Certificates, Unmade
from orchestrator.certificate.envelope import Envelope
from orchestrator.certificate.gaps import Floats
from orchestrator.certificate.judge import Clause, Difference
from orchestrator.errors import RunUnreadable
from orchestrator.language.phrases import Phrase, Sentence, english, kept, stored, told
from orchestrator.storage.store import Run
from orchestrator.trials.inputs import InputsCheck
from orchestrator.trials.numbers import finite
from orchestrator.trials.spec import spec_from_mapping, spec_mapping

SCHEMA_OF_SEVERAL = "twinrun.certificates/1"
_FILE = "certificate.json"
_DAMAGED = Phrase("{path} is not a certificate: {error}. Make the run again.")


def of_run(run: Run) -> Certificates | None:
    """Read those that a run keeps. None: it keeps none. Raises RunUnreadable."""
    kept_there = run.certificate()
    path = run.path / _FILE
    return None if kept_there is None else read(kept_there, str(path))


def read(found: Mapping[str, Any], where: str) -> Certificates:
    """Read what a certificate.json holds, of this version or an earlier one.

    ``where`` it stands is told by the error. Raises RunUnreadable.
    """
    try:
        pairs = found.get("pairs", [found])
        return Certificates([_pair(each, where) for each in pairs])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = f"{type(error).__name__} {error}"
        raise RunUnreadable(english(_DAMAGED, path=where, error=what)) from error


def as_dict(certificates: Certificates) -> dict[str, Any]:
    """For certificate.json; null for what is not finite. One alone is the whole file."""
    pairs = [_pair_as_dict(each) for each in certificates.pairs]
    if len(pairs) == 1:
        return pairs[0]
    said = certificates.sentence
    return {
        "schema": SCHEMA_OF_SEVERAL,
        "same_job": certificates.same_job,
        "sentence": said,
        "said": kept(said),
        "pairs": pairs,
    }


# ------------------------------------------------------------------------------------ read


def _pair(found: Mapping[str, Any], where: str) -> Certificate | Unmade:
    if "loss_differences" not in found:
        why = stored(found["why"]) if found.get("why") else None
        return Unmade(sentence(found), why, found.get("first"), found.get("second"))
    return Certificate(
        same_job=bool(found["same_job"]),
        sentence=sentence(found),
        job=spec_from_mapping(found["job"], where),
        first=found["first"],
        second=found["second"],
        versions=dict(found["versions"]),
        inputs=_inputs(found["inputs"]),
        digests=dict(found["digests"]),
        steps=found["steps"],
        differences=[_difference(each) for each in found["differences"]],
        weights={name: _number(value) for name, value in found["weights"].items()},
        parting=Parting(**found["parting"]) if found["parting"] else None,
        tolerance=Tolerance(**found["tolerance"]),
        loss_differences=_curve(found["loss_differences"]),
        envelope=_envelope(found.get("envelope")),
        made=found["made"],
        timed=_envelope(found.get("timed")),
        undetermined=found.get("undetermined", ()),
        schema=found["schema"],
    )


def sentence(found: Mapping[str, Any]) -> Sentence:
    """Tell what was found, as far as it can be said in any language."""
    if "said" in found:
        return told(found["said"], found["sentence"])
    return stored(found["sentence"])


def _inputs(found: Mapping[str, Any]) -> InputsCheck:
    return InputsCheck(found["same"], tuple(found["differences"]), stored(found["sentence"]))


def _difference(found: Mapping[str, Any]) -> Difference:
    usual = Clause.TOLERANCE if found.get("within", True) else Clause.BEYOND
    quantity = found["quantity"]
    return Difference(
        quantity=Phrase(quantity),
        largest=_number(found["largest"]),
        tolerance=found["tolerance"],
        step=found["step"],
        tensor=found["tensor"],
        own=found.get("own"),
        clause=Clause(found.get("clause", usual)),
        first=found.get("first"),
    )


def _envelope(found: Mapping[str, Any] | None) -> Envelope | None:
    if not found:
        return None
    return Envelope(
        precision=found.get("precision", ""),
        ratio=_number(found["ratio"]),
        between=_curve(found["between"]),
        own={name: _curve(numbers) for name, numbers in found["own"].items()},
    )


def _curve(numbers: list[float | None]) -> Floats:
    return np.array([_number(each) for each in numbers])


def _number(value: float | None) -> float:
    """JSON has no infinity."""
    return float("inf") if value is None else value


# ------------------------------------------------------------------------------------ written


def _pair_as_dict(found: Certificate | Unmade) -> dict[str, Any]:
    if isinstance(found, Unmade):
        sides = {"first": found.first, "second": found.second}
        said = {"sentence": found.sentence, "said": kept(found.sentence), "why": found.why}
        return {"schema": SCHEMA, "same_job": False, **said, **sides}
    made: dict[str, Any] = finite(
        {
            "schema": found.schema,
            **{f.name: getattr(found, f.name) for f in dataclasses.fields(found)},
            "said": kept(found.sentence),
            "job": spec_mapping(found.job),
            "inputs": dataclasses.asdict(found.inputs),
            "differences": [
                {**dataclasses.asdict(each), "within": each.within} for each in found.differences
            ],
            "parting": dataclasses.asdict(found.parting) if found.parting else None,
            "tolerance": dataclasses.asdict(found.tolerance),
            "loss_differences": found.loss_differences.tolist(),
            "envelope": _envelope_as_dict(found.envelope),
            "timed": _envelope_as_dict(found.timed),
            "undetermined": list(found.undetermined),
        }
    )
    return made


def _envelope_as_dict(found: Envelope | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "precision": found.precision,
        "ratio": found.ratio,
        "between": found.between.tolist(),
        "own": {name: curve.tolist() for name, curve in found.own.items()},
    }
