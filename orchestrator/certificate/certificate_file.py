"""Certificates in certificate.json: parsed into dataclasses here, and nowhere else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.certificate.certificate import SCHEMA, Certificate
from orchestrator.certificate.certificates import Certificates, Unmade
from orchestrator.certificate.judge import Clause
from orchestrator.storage.store import Run
from orchestrator.trials.mappings import reading
from orchestrator.trials.mappings.stored import as_json, fields_of

SCHEMA_OF_SEVERAL = "twinrun.certificates/1"
_FILE = "certificate.json"


def of_run(run: Run) -> Certificates | None:
    """Read the certificates of a run. None: it has none. Raises RunUnreadable."""
    kept_there = run.certificate()
    path = run.path / _FILE
    return None if kept_there is None else read(kept_there, str(path))


def is_made(run: Run) -> bool:
    """Return whether a run has a certificate of each pair, and not only why one was not made.

    Raises RunUnreadable.
    """
    found = of_run(run)
    return found is not None and bool(found.pairs) and len(found.made) == len(found.pairs)


def read(found: Mapping[str, object], where: str) -> Certificates:
    """Read the contents of a certificate.json, of this version or an earlier one.

    The error names ``where`` it is. Raises RunUnreadable.
    """
    pairs = reading.read(_Several, found, where).pairs if "pairs" in found else [found]
    return Certificates([_pair(each, where) for each in pairs])


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


@dataclass(frozen=True, slots=True)
class _Several:
    pairs: Sequence[Mapping[str, object]]


def _pair(found: Mapping[str, object], where: str) -> Certificate | Unmade:
    if "job" not in found:
        return reading.read(Unmade, found, where)
    return reading.read(Certificate, _as_today(found), where)


def _as_today(found: Mapping[str, object]) -> Mapping[str, object]:
    """Add what an earlier version did not write: clauses of differences, an envelope's rule."""
    usual = {True: Clause.TOLERANCE.value, False: Clause.BEYOND.value}
    differences, envelope = found.get("differences"), found.get("envelope")
    changed = dict(found)
    if isinstance(differences, list):
        changed["differences"] = [
            {"clause": usual[each.get("within") is not False], **each}
            if isinstance(each, dict)
            else each
            for each in differences
        ]
    if isinstance(envelope, dict):
        changed["envelope"] = {"precision": "", **envelope}
    return changed


# ------------------------------------------------------------------------------------ written


def _pair_as_dict(found: Certificate | Unmade) -> dict[str, object]:
    if isinstance(found, Unmade):
        return as_json({"schema": SCHEMA, "same_job": False, **fields_of(found)})
    differences = [{**fields_of(each), "within": each.within} for each in found.differences]
    fields = {"schema": found.schema, **fields_of(found), "differences": differences}
    return as_json(fields)
