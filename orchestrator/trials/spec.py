"""The stored job spec: read once, and written in proto's JSON mapping in one place."""

import functools
from collections.abc import Mapping, Sequence
from typing import cast

from google.protobuf import json_format
from twinrun.contract.converters.specs import current, readable_spec, spec_to_proto
from twinrun.contract.enums import Device, Precision, Recipe
from twinrun.contract.spec import JobSpec
from twinrun.v1 import job_pb2

from orchestrator.errors import RunUnreadable
from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import SEMICOLON
from orchestrator.trials.mappings.paths import differing_paths
from orchestrator.trials.mappings.values import misfits

_UNREADABLE = Phrase(
    "{where} has a job spec that this version of Twinrun cannot read: {faults}. Use the version "
    "that made the run."
)
_FAULT = Phrase("{field} {message}")


def spec_of(message: job_pb2.JobSpec, where: str | Sentence) -> JobSpec:
    """Read a stored spec; unset fields have the contract's defaults.

    Its threads are 0 if no runner had completed it yet. The error names ``where`` it is. Raises
    RunUnreadable.
    """
    whole = job_pb2.JobSpec(threads=0)
    whole.MergeFrom(message)
    spec, violations = readable_spec(whole)
    if violations:
        bad = [english(_FAULT, field=each.field, message=each.message) for each in violations]
        raise RunUnreadable(english(_UNREADABLE, where=where, faults=join(SEMICOLON, bad)))
    return spec


def spec_from_mapping(mapping: object, where: str | Sentence) -> JobSpec:
    """Read proto's JSON mapping as `spec_of` does, and as strictly as `message_of`."""
    return spec_of(message_of(mapping, where), where)


def message_of(mapping: object, where: str | Sentence) -> job_pb2.JobSpec:
    """Read proto's JSON mapping: to ignore what a later version wrote would change the job.

    Raises RunUnreadable, which names every field and every enumeration's value that is not known.
    """
    mapping = current(mapping)
    faults = list(misfits(mapping, job_pb2.JobSpec.DESCRIPTOR, "", strict=True))
    if faults:
        raise RunUnreadable(english(_UNREADABLE, where=where, faults=join(SEMICOLON, faults)))
    try:
        return json_format.ParseDict(cast(dict[str, object], mapping), job_pb2.JobSpec())
    except (json_format.ParseError, TypeError, ValueError) as error:
        fault = str(error).rstrip(".")
        raise RunUnreadable(english(_UNREADABLE, where=where, faults=fault)) from error


@functools.lru_cache(maxsize=64)
def _written(spec: JobSpec) -> Mapping[str, object]:
    return json_format.MessageToDict(spec_to_proto(spec), preserving_proto_field_name=True)


def spec_mapping(spec: JobSpec) -> dict[str, object]:
    """Write the spec in proto's JSON mapping, with every field."""
    return dict(_written(spec))


def differing_fields(specs: Sequence[JobSpec]) -> list[str]:
    """Return paths of the fields that differ between ``specs``."""
    return differing_paths([_written(spec) for spec in dict.fromkeys(specs)])


def optimizer_name(spec: JobSpec) -> str:
    """Return the optimizer's name: ``adam``."""
    return type(spec.optimizer.kind).__name__.lower()


def in_own_way(spec: JobSpec) -> bool:
    """Return whether the frameworks are not meant to do the same arithmetic."""
    return spec.recipe is Recipe.IDIOMATIC or bool(spec.own_ways)


def in_tf32(spec: JobSpec) -> bool:
    """Return whether products of float32 are TensorFloat-32, which only a GPU has."""
    on_gpu = spec.device is Device.CUDA
    return on_gpu and spec.precision is Precision.FLOAT32 and spec.allow_tf32
