"""Where and why two models of code part, on one batch."""

from collections.abc import Sequence
from dataclasses import dataclass

from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Sentence
from orchestrator.pairing.causes.catalog import Why, explained
from orchestrator.pairing.causes.structure import structural
from orchestrator.pairing.causes.suspects import suspected
from orchestrator.pairing.findings import matters
from orchestrator.pairing.locate import Located, Place, locate
from orchestrator.pairing.result import Pairing
from orchestrator.reports.models import parting
from orchestrator.runners import coded
from orchestrator.runners.client import Client


@dataclass(frozen=True, slots=True)
class Port:
    """Two models: what is paired with what, where they part, and why. None: they do not pair."""

    pairing: Pairing
    located: Located | None
    whys: Sequence[Why] = ()

    @property
    def same(self) -> bool:
        """Whether one batch shows no difference."""
        nowhere = self.located is not None and self.located.place is Place.NOWHERE
        return nowhere and not self.pairing.faults


def compared(spec: job_pb2.JobSpec, clients: Sequence[Client]) -> Port:
    """Pair the first two frameworks' models, and find where one batch parts them.

    Raises BadInput, JobFailed.
    """
    coded.require_sources(spec, [client.framework for client in clients])
    return of_traces(spec, coded.tracer(clients[:2]))


def of_traces(spec: job_pb2.JobSpec, trace: coded.Tracer) -> Port:
    """Compare as `compared`, by what ``trace`` returns."""
    bare = job_pb2.JobSpec()
    bare.CopyFrom(spec)
    for name in ("tensors", "initial", "notes"):
        bare.code.ClearField(name)
    found, first = coded.pairing_of(bare, trace)
    shown = structural(found) if found.faults else ()
    if shown or any(matters(each.tensor) for side in found.unpaired for each in side):
        return Port(found, None, shown)
    one, other = trace(coded.with_tensors(bare, found, first))[:2]
    located = locate(found, one.arrays, other.arrays, coded.TOLERANCE)
    arrays = one.arrays, other.arrays
    whys = explained(found, located, *arrays) or suspected(found, located, *arrays)
    return Port(found, located, whys)


def sentences(port: Port) -> list[Sentence]:
    """Return where the two models part, and why; nothing if one batch shows no difference."""
    faults = list(port.pairing.faults)
    if port.located is None:
        return [*faults, *(parting.why(port.whys) if port.whys else ())]
    if port.located.place is Place.NOWHERE:
        return faults
    return [*parting.sentences(port.pairing, port.located, port.whys), *faults]
