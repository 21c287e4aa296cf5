"""A trial's reports as the messages that carry them, and back."""

from twinrun.contract.converters.rule import Reader, Unreadable, by_name, case_of, write
from twinrun.contract.events import Environment, Event
from twinrun.contract.violation import Violation
from twinrun.v1 import job_pb2


def event_to_proto(event: Event) -> job_pb2.JobEvent:
    """Write the event in its envelope; the log sets sequence and time."""
    message = job_pb2.JobEvent()
    write(event, getattr(message, case_of(event, message, "event")))
    return message


def event_from_proto(message: job_pb2.JobEvent) -> Event:
    """Read the event in an envelope; unset fields are zero, or None where that has a meaning.

    Raises Unreadable, which names every field of an unknown kind. A heartbeat counts as unknown.
    """
    case = message.WhichOneof("event")
    inner = getattr(message, case) if case else None
    cls = by_name(Event).get(inner.DESCRIPTOR.name) if inner else None
    if case is None or inner is None or cls is None:
        what = f"is {case}, which tells of no job" if case else "is of no kind that is known"
        raise Unreadable([Violation("event", what)])
    reader = Reader(has_defaults=False)
    event: Event = reader.read(inner, cls, case)
    if reader.violations:
        raise Unreadable(reader.violations)
    return event


def environment_to_proto(environment: Environment) -> job_pb2.Environment:
    """Write an environment without an envelope."""
    message = job_pb2.Environment()
    write(environment, message)
    return message
