"""Where and why two models of code part, on one batch."""

from collections.abc import Sequence
from dataclasses import dataclass

from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Sentence
from orchestrator.pairing import isolate
from orchestrator.pairing.causes.catalog import Why, explained
from orchestrator.pairing.isolate import Alone
from orchestrator.pairing.locate import Located, Place, locate
from orchestrator.pairing.result import Pairing
from orchestrator.reports.models import parting
from orchestrator.runners import coded
from orchestrator.runners.client import Client


@dataclass(frozen=True, slots=True)
class Further:
    """What is asked beside where they part. ``isolate``: every layer that differs by itself."""

    isolate: bool = False


@dataclass(frozen=True, slots=True)
class Port:
    """Two models: what is paired with what, where they part, and why. None: they do not pair."""

    pairing: Pairing
    located: Located | None
    whys: Sequence[Why] = ()
    alone: Alone | None = None

    @property
    def same(self) -> bool:
        """Whether one batch shows no difference."""
        return self.located is not None and self.located.place is Place.NOWHERE


NOTHING = Further()


def compared(spec: job_pb2.JobSpec, clients: Sequence[Client], further: Further = NOTHING) -> Port:
    """Pair the first two frameworks' models, and find where one batch parts them.

    Raises BadInput, JobFailed.
    """
    coded.require_sources(spec, [client.framework for client in clients])
    return of_traces(spec, coded.tracer(clients[:2]), further)


def of_traces(spec: job_pb2.JobSpec, trace: coded.Tracer, further: Further = NOTHING) -> Port:
    """Compare as `compared`, by what ``trace`` returns."""
    bare = job_pb2.JobSpec()
    bare.CopyFrom(spec)
    for name in ("tensors", "initial", "notes"):
        bare.code.ClearField(name)
    found, first = coded.pairing_of(bare, trace)
    if found.faults:
        return Port(found, None)
    started = coded.with_tensors(bare, found, first)
    one, other = trace(started)[:2]
    located = locate(found, one.arrays, other.arrays, coded.TOLERANCE)
    whys = explained(found, located, one.arrays, other.arrays)
    apart = located.place is Place.OUTPUT
    alone = _alone(started, trace, found, (one, other)) if further.isolate and apart else None
    return Port(found, located, whys, alone)


def _alone(
    started: job_pb2.JobSpec,
    trace: coded.Tracer,
    pairing: Pairing,
    sides: tuple[coded.Trace, coded.Trace],
) -> Alone:
    """Trace the second side again, each layer given what the first's layers return."""
    one, other = sides
    returned = isolate.given(pairing, one.arrays, other.arrays)
    again = trace(coded.with_returned(started, other.framework, returned))[1]
    return isolate.alone(pairing, one.arrays, again.arrays, returned, coded.TOLERANCE)


def sentences(port: Port) -> list[Sentence]:
    """Return where the two models part, and why; nothing if one batch shows no difference."""
    if port.located is None:
        return list(port.pairing.faults)
    if port.same:
        return []
    found = [*parting.sentences(port.pairing, port.located, port.whys)]
    if port.alone is not None:
        found += parting.each(port.pairing, port.located, port.alone)
    return found
