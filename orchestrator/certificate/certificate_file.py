"""Certificates in certificate.json: parsed into dataclasses here, and nowhere else."""

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
from orchestrator.language.phrases import Phrase, english
from orchestrator.storage.store import Run
from orchestrator.trials.inputs import InputsCheck
from orchestrator.trials.spec import spec_from_mapping
from orchestrator.trials.stored import as_json, fields_of, sentence

SCHEMA_OF_SEVERAL = "twinrun.certificates/1"
_FILE = "certificate.json"
_DAMAGED = Phrase("{path} is not a certificate: {error}. Make the run again.")


def of_run(run: Run) -> Certificates | None:
    """Read the certificates of a run. None: it has none. Raises RunUnreadable."""
    kept_there = run.certificate()
    path = run.path / _FILE
    return None if kept_there is None else read(kept_there, str(path))


def read(found: Mapping[str, Any], where: str) -> Certificates:
    """Read the contents of a certificate.json, of this version or an earlier one.

    The error names ``where`` it is. Raises RunUnreadable.
    """
    try:
        pairs = found.get("pairs", [found])
        return Certificates([_pair(each, where) for each in pairs])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = f"{type(error).__name__} {error}"
        raise RunUnreadable(english(_DAMAGED, path=where, error=what)) from error


def as_dict(certificates: Certificates) -> dict[str, object]:
    """Return the contents of certificate.json; null if not finite.

    A single one is the whole file.
    """
    pairs = [_pair_as_dict(each) for each in certificates.pairs]
    if len(pairs) == 1:
        return pairs[0]
    mapping = {"same_job": certificates.same_job, "sentence": certificates.sentence}
    return {"schema": SCHEMA_OF_SEVERAL, **as_json(mapping), "pairs": pairs}


# ------------------------------------------------------------------------------------ read


def _pair(found: Mapping[str, Any], where: str) -> Certificate | Unmade:
    if "loss_differences" not in found:
        why = sentence(found, "why") if found.get("why") else None
        return Unmade(sentence(found, "sentence"), why, found.get("first"), found.get("second"))
    return Certificate(
        same_job=bool(found["same_job"]),
        sentence=sentence(found, "sentence"),
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


def _inputs(found: Mapping[str, Any]) -> InputsCheck:
    return InputsCheck(found["same"], tuple(found["differences"]), sentence(found, "sentence"))


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
    """Return a number from JSON, which has no infinity."""
    return float("inf") if value is None else value


# ------------------------------------------------------------------------------------ written


def _pair_as_dict(found: Certificate | Unmade) -> dict[str, object]:
    if isinstance(found, Unmade):
        return as_json({"schema": SCHEMA, "same_job": False, **fields_of(found)})
    differences = [{**fields_of(each), "within": each.within} for each in found.differences]
    fields = {"schema": found.schema, **fields_of(found), "differences": differences}
    return as_json(fields)
