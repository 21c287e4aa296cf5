"""What becomes of the corpus: its pairs are paired and trained, its faults located and named."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orchestrator.actions import porting
from orchestrator.reports.models import parting
from orchestrator.runners import coded
from tests.builders.ports import ALL_FILES, Fault, Port
from tests.pairs.engine import Failed, Sides
from tests.pairs.jobs import job


@dataclass(frozen=True, slots=True)
class Trained:
    """A pair: its paired tensors, and its losses' largest relative gap. ``told``: why not."""

    port: Port
    tensors: int = 0
    gap: float = 0
    told: str = ""

    @property
    def agrees(self) -> bool:
        return self.gap <= self.port.tolerance

    def __str__(self) -> str:
        return self.told or f"{self.tensors} tensors, losses within {self.gap:.1e}"


_NAMES = re.compile("`([^`]+)`")  # of layers and arrays, as they are told
# No arithmetic tells a dropout that is off from one in the mode for evaluation, and the catalogue
# has two causes for clipping: by the norm, and by value.
_ALIASES = {"dropout_off": "eval_mode", "value_clipping": "gradient_clipping"}
# Faults that end in an error, which names the file and says these words.
_ERRORS = {
    "column_target": ("outputs]",),
    "eval_mode": ("drops values in evaluation too",),
}


@dataclass(frozen=True, slots=True)
class Found:
    """What one batch shows of a fault. ``causes``: what it is called, the likeliest first."""

    fault: Fault
    located: bool = False
    causes: Sequence[str] = ()
    same: bool = False
    told: str = ""

    @property
    def named(self) -> bool:
        """Whether its cause is named first; none is, if it has none that is known."""
        first = [_ALIASES.get(each, each) for each in self.causes[:1]]
        return first == ([self.fault.cause] if self.fault.cause else [])

    @property
    def whole(self) -> bool:
        return self.located and self.named

    def __str__(self) -> str:
        fault = self.fault
        return (
            f"{fault.pair}, {fault.side}, {fault.cause or 'no known cause'} in {fault.layer}: "
            f"{self.told}; {', '.join(self.causes) or 'no cause'}"
        )


def trained(port: Port, sides: Sides, data_dir: Path, epochs: int) -> Trained:
    """Pair a pair's models without a map, and train both; 6 steps an epoch.

    ``data_dir`` is TWINRUN_DATA_DIR.
    """
    try:
        spec = job(port, data_dir, sides.frameworks, epochs=epochs)
        pairing, first = coded.pairing_of(spec, sides.trace)
        if pairing.faults:
            return Trained(port, told=" ".join(map(str, pairing.faults)))
        one, other = sides.losses(coded.with_tensors(spec, pairing, first))
    except Failed as error:
        return Trained(port, told=str(error))
    return Trained(port, len(pairing.tensors), float(np.max(np.abs(one - other) / np.abs(one))))


def found(fault: Fault, sides: Sides, data_dir: Path) -> Found:
    """Return what a comparison of the pair says, of which one side has the fault.

    It is located if what is told names a layer, of either side, where it is: as the place, or in
    what is told of the first cause.
    """
    try:
        port = porting.of_traces(job(fault.port, data_dir, sides.frameworks, fault), sides.trace)
    except Failed as error:
        told = str(error)
        words = ALL_FILES[fault.side], *_ERRORS.get(fault.cause, ("",))
        says = fault.cause in _ERRORS and all(word in told for word in words)
        return Found(fault, says, [fault.cause] if says else [], told=told)
    pairing, place = port.pairing, port.located
    named, causes = list[str](), [why.key for why in port.whys]
    if place is not None:
        named += itertools.chain(*parting.at(pairing, place))
        if place.tensor is not None:
            named += [place.tensor.first.key, place.tensor.second.key]
    named += [name for why in port.whys[:1] for name in _NAMES.findall(why.change)]
    if port.same and pairing.starts:
        # They start alike, and train alike: what each starts from by itself is told.
        named, causes = _NAMES.findall(pairing.starts[0])[:2], ["initial_values"]
    told = " ".join(map(str, porting.sentences(port) or pairing.starts))
    same = port.same and not any(map(fault.located, named))
    return Found(fault, any(map(fault.located, named)), causes, same, told)
