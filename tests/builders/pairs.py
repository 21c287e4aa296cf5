"""Which message of the proto stands for which dataclass."""

import dataclasses

from twinrun.contract import (
    code,
    enums,
    events,
    initializers,
    layers,
    losses,
    optimizers,
    regularization,
    schedules,
    spec,
    traced,
)
from twinrun.v1 import job_pb2


def dataclass_named(name: str):
    modules = (spec, events, layers, losses, optimizers, schedules, regularization)
    modules += (enums, code, initializers, traced)
    return next((found for each in modules if (found := getattr(each, name, None))), None)


def reachable(descriptor, seen=None) -> dict:
    """A message and all of its package that it holds, by name."""
    seen = {} if seen is None else seen
    if descriptor.full_name.startswith("twinrun.") and descriptor.name not in seen:
        seen[descriptor.name] = descriptor
        for field in descriptor.fields:
            if field.message_type is not None and not field.message_type.GetOptions().map_entry:
                reachable(field.message_type, seen)
    return seen


MESSAGES = reachable(job_pb2.JobSpec.DESCRIPTOR) | reachable(job_pb2.JobEvent.DESCRIPTOR)
PAIRS = [
    (message, dataclass_named(name))
    for name, message in MESSAGES.items()
    if dataclasses.is_dataclass(dataclass_named(name))
]
ENUMS = {f.enum_type.name: f.enum_type for m in MESSAGES.values() for f in m.fields if f.enum_type}


def is_case(field) -> bool:
    """Whether it is a case of a oneof; an `optional` field has a oneof of its own."""
    return field.containing_oneof is not None and field.containing_oneof.name == "kind"


def dataclass_field(field) -> str:
    """What a proto field is called in its dataclass."""
    if is_case(field):
        return "kind"
    if field.message_type is not None and field.message_type.full_name == "google.rpc.Status":
        return "failure"
    if field.message_type is not None and field.message_type.name == "Duration":
        return field.name.removesuffix("duration") + "seconds"
    return field.name
