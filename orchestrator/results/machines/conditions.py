"""What may have disturbed the blocks of machines that Ray gave: its processes, and its niceness."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.language.phrases import Phrase, english
from orchestrator.language.words import listed
from orchestrator.results.circumstances import Caution
from orchestrator.settings.keeping import Condition
from orchestrator.storage.blocks import Ran

MOST_CORES = 0.1  # of a CPU, by Ray's own processes: its idle node takes a third of that
_BUSY = Phrase(
    "On {machine}, Ray's own processes used {share:.0%} of a CPU while blocks ran; both sides had "
    "to do with less."
)
_LESS = Phrase(
    "Let nothing else run on the cluster, and start Ray without its dashboard "
    "(--include-dashboard=false)."
)
_NICE = Phrase(
    "The runners on {machine} had niceness {niceness}, so whatever else ran there took their CPUs."
)
_NOT_NICE = Phrase("Start Ray there with RAY_worker_niceness=0 in its environment.")
_SHARED = Phrase(
    "{machines} are names of one machine: their blocks may have run at the same time and disturbed "
    "each other, and the interval takes them for machines of their own."
)
_ONE_NODE = Phrase("Start one node of Ray on each machine, always with the same --node-name.")


@dataclass(frozen=True, slots=True)
class Conditions:
    """Of the blocks of one machine: the mean of ``engine_cores``, the largest ``niceness``.

    ``machine``: what nodes of one machine have in common.
    """

    engine_cores: float | None
    niceness: int
    machine: str


def conditions(ran: Sequence[Ran]) -> dict[str, Conditions]:
    """Return those of each machine whose blocks have any, by name."""
    under: dict[str, list[Condition]] = {}
    for each in ran:
        if each.under is not None:
            under.setdefault(each.machine, []).append(each.under)
    return {machine: _together(several) for machine, several in sorted(under.items())}


def of_conditions(found: Mapping[str, Conditions]) -> Iterator[Caution]:
    """Warn of machines that are one, of Ray's own load, and of niceness."""
    together: dict[str, list[str]] = {}
    for machine, each in found.items():
        together.setdefault(each.machine, []).append(machine)
    for several in together.values():
        if len(several) > 1:
            said = english(_SHARED, machines=listed(several))
            yield Caution("MACHINES_SHARED", said, english(_ONE_NODE))
    for machine, each in found.items():
        if each.engine_cores is not None and each.engine_cores > MOST_CORES:
            said = english(_BUSY, machine=machine, share=each.engine_cores)
            yield Caution("RAY_BUSY", said, english(_LESS))
        if each.niceness > 0:
            said = english(_NICE, machine=machine, niceness=each.niceness)
            yield Caution("RUNNER_NICE", said, english(_NOT_NICE))


def _together(several: Sequence[Condition]) -> Conditions:
    cores = [each.engine_cores for each in several if each.engine_cores is not None]
    return Conditions(
        sum(cores) / len(cores) if cores else None,
        max(each.niceness for each in several),
        several[-1].machine,
    )
