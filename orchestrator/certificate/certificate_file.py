"""Certificates as certificate.json holds them."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from orchestrator.certificate import text
from orchestrator.certificate.certificate import Certificate, Parting
from orchestrator.certificate.envelope import Envelope
from orchestrator.certificate.judge import Clause, Difference
from orchestrator.certificate.tolerance import Tolerance
from orchestrator.language.phrases import (
    Phrase,
    Sentence,
    clause,
    english,
    join,
    kept,
    stored,
    told,
)
from orchestrator.language.words import NEXT, OF, label, listed
from orchestrator.trials.inputs import InputsCheck
from orchestrator.trials.numbers import finite

SCHEMA = "twinrun.certificate/2"
SCHEMA_OF_SEVERAL = "twinrun.certificates/1"
_NONE = Phrase("no certificate could be made: {why}")


def as_dict(certificate: Certificate) -> dict[str, Any]:
    """For certificate.json; null for what is not finite."""
    found: dict[str, Any] = finite(
        {
            "schema": SCHEMA,
            **{f.name: getattr(certificate, f.name) for f in dataclasses.fields(certificate)},
            "said": kept(certificate.sentence),
            "inputs": dataclasses.asdict(certificate.inputs),
            "differences": [
                {**dataclasses.asdict(difference), "within": difference.within}
                for difference in certificate.differences
            ],
            "parting": dataclasses.asdict(certificate.parting) if certificate.parting else None,
            "tolerance": dataclasses.asdict(certificate.tolerance),
            "loss_differences": certificate.loss_differences.tolist(),
            "envelope": certificate.envelope.as_dict() if certificate.envelope else None,
            "timed": certificate.timed.as_dict() if certificate.timed else None,
            "undetermined": list(certificate.undetermined),
        }
    )
    return found


def none_made(why: Sentence, first: str, second: str) -> dict[str, Any]:
    """For certificate.json where the trials of a certificate could not be run."""
    sides = {"first": first, "second": second}
    said = english(text.NOT_SAME, reasons=english(_NONE, why=clause(why)))
    told_of = {"sentence": said, "said": kept(said), "why": why}
    return {"schema": SCHEMA, "same_job": False, **told_of, **sides}


def of_several(made: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """For certificate.json, of certificates for it: of one alone it is that one."""
    if len(made) == 1:
        return dict(made[0])
    said = [english(OF, name=_names(each), what=retold(each)) for each in made]
    same = bool(made) and all(each["same_job"] for each in made)
    sentence = join(NEXT, said)
    return {
        "schema": SCHEMA_OF_SEVERAL,
        "same_job": same,
        "sentence": sentence,
        "said": kept(sentence),
        "pairs": list(made),
    }


def each_of(found: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """The certificates in a certificate.json, one for each pair of sides."""
    return [] if found is None else list(found.get("pairs", [found]))


def of_pair(found: Mapping[str, Any] | None, first: str, second: str) -> Mapping[str, Any] | None:
    """That of two sides. None: there is none."""
    pair = {first, second}
    several = each_of(found)
    fitting = (each for each in several if {each.get("first"), each.get("second")} == pair)
    # Of two that none could be made of, an older one does not say which.
    return next(fitting, several[0] if len(several) == 1 and "first" not in several[0] else None)


def _names(found: Mapping[str, Any]) -> Sentence:
    return listed([label(found["first"]), label(found["second"])])


def retold(found: Mapping[str, Any]) -> Sentence:
    """The sentence of a certificate.json, as it can be said in any language.

    One of an older version is known in English alone.
    """
    if "said" in found:
        return told(found["said"], found["sentence"])
    return stored(found["sentence"])


def from_dict(found: Mapping[str, Any]) -> Certificate:
    """A certificate as `as_dict` left it, of this version or of the one before."""
    fields = {f.name: found[f.name] for f in dataclasses.fields(Certificate) if f.name in found}
    fields["sentence"] = retold(found)
    fields["inputs"] = InputsCheck.from_dict(found["inputs"])
    fields["differences"] = [_difference(d) for d in found["differences"]]
    fields["weights"] = {name: _number(value) for name, value in found["weights"].items()}
    fields["parting"] = Parting(**found["parting"]) if found["parting"] else None
    fields["tolerance"] = Tolerance(**found["tolerance"])
    fields["loss_differences"] = np.array([_number(d) for d in found["loss_differences"]])
    for name in ("envelope", "timed"):
        fields[name] = Envelope.from_dict(found[name]) if found.get(name) else None
    return Certificate(**fields)


def _difference(found: Mapping[str, Any]) -> Difference:
    usual = Clause.TOLERANCE if found.get("within", True) else Clause.BEYOND
    own, quantity = found.get("own"), found["quantity"]
    return Difference(
        Phrase(quantity),
        _number(found["largest"]),
        found["tolerance"],
        found["step"],
        found["tensor"],
        own,
        Clause(found.get("clause", usual)),
        found.get("first"),
    )


def _number(value: float | None) -> float:
    """JSON has no infinity."""
    return float("inf") if value is None else value
