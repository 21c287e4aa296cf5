"""Where and why two models of code part, on one batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from twinrun.v1 import job_pb2

from orchestrator.actions import reproducing
from orchestrator.actions.reproducing import Reproduction
from orchestrator.language.phrases import Sentence
from orchestrator.pairing import isolate
from orchestrator.pairing.causes.catalog import Why, explained
from orchestrator.pairing.causes.structure import structural
from orchestrator.pairing.causes.suspects import suspected
from orchestrator.pairing.findings import matters
from orchestrator.pairing.isolate import Alone
from orchestrator.pairing.locate import Located, Place, locate
from orchestrator.pairing.result import Pairing
from orchestrator.reports.models import parting
from orchestrator.runners import coded
from orchestrator.runners.client import Client
from orchestrator.runners.finding import Runners


@dataclass(frozen=True, slots=True)
class Further:
    """What is asked beside where they part.

    ``isolate``: every layer that differs by itself; ``reproduce``: a case of the first difference.
    """

    isolate: bool = False
    reproduce: Reproduction | None = None


@dataclass(frozen=True, slots=True)
class Port:
    """Two models: what is paired with what, where they part, and why. None: they do not pair.

    ``case``: what came of it, if a case was asked for.
    """

    pairing: Pairing
    located: Located | None
    whys: Sequence[Why] = ()
    alone: Alone | None = None
    case: Sentence | None = None

    @property
    def same(self) -> bool:
        """Whether one batch shows no difference."""
        nowhere = self.located is not None and self.located.place is Place.NOWHERE
        return nowhere and not self.pairing.faults


NOTHING = Further()


def further(runners: Runners, *, isolate: bool, reproduce: Path | None) -> Further:
    """Return what the flags ask, which needs a folder for cases. Raises BadInput."""
    if reproduce is None:
        return Further(isolate)
    found = Reproduction(reproduce, runners.python)
    found.require_room()
    return Further(isolate, found)


def compared(spec: job_pb2.JobSpec, clients: Sequence[Client], further: Further = NOTHING) -> Port:
    """Pair the first two frameworks' models, and find where one batch parts them.

    Raises BadInput, JobFailed.
    """
    coded.require_sources(spec, [client.framework for client in clients])
    return of_traces(spec, coded.tracer(clients[:2]), further)


@np.errstate(all="ignore")  # a model's numbers may be too large, or none
def of_traces(spec: job_pb2.JobSpec, trace: coded.Tracer, further: Further = NOTHING) -> Port:
    """Compare as `compared`, by what ``trace`` returns."""
    bare = job_pb2.JobSpec()
    bare.CopyFrom(spec)
    for name in ("tensors", "initial", "notes"):
        bare.code.ClearField(name)
    found, first = coded.pairing_of(bare, trace)
    shown = structural(found) if found.faults else ()
    if shown or any(matters(each.tensor) for side in found.unpaired for each in side):
        return Port(found, None, shown, case=_without_case(further, None))
    started = coded.with_tensors(bare, found, first)
    one, other = trace(started)[:2]
    located = locate(found, one.arrays, other.arrays, coded.TOLERANCE)
    arrays = one.arrays, other.arrays
    whys = explained(found, located, *arrays) or suspected(found, located, *arrays)
    apart = located.place is Place.OUTPUT
    alone = _alone(started, trace, found, (one, other)) if further.isolate and apart else None
    case = _without_case(further, located)
    if further.reproduce is not None and case is None:
        case = further.reproduce.kept(located, _cases(started, trace, found, located, (one, other)))
    return Port(found, located, whys, alone, case)


def _without_case(further: Further, located: Located | None) -> Sentence | None:
    """Say why there is no case, if one was asked for and there can be none."""
    reason = reproducing.without_case(located)
    if further.reproduce is None or reason is None:
        return None
    return further.reproduce.none(reason)


def _cases(
    started: job_pb2.JobSpec,
    trace: coded.Tracer,
    pairing: Pairing,
    located: Located,
    sides: tuple[coded.Trace, coded.Trace],
) -> Sequence[coded.Trace]:
    """Trace both sides again, with the calls that part as programs."""
    frameworks = [side.framework for side in sides]
    return trace(coded.with_cases(started, frameworks, reproducing.calls(pairing, located)))[:2]


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
    faults = list(port.pairing.faults)
    if port.located is None:
        found = [*faults, *(parting.why(port.whys) if port.whys else ())]
    elif port.located.place is Place.NOWHERE:
        found = faults
    else:
        found = [*parting.sentences(port.pairing, port.located, port.whys), *faults]
        if port.alone is not None:
            found += parting.each(port.pairing, port.located, port.alone)
    return found if port.case is None or port.same else [*found, port.case]
