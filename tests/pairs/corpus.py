"""What becomes of the corpus: its pairs are paired and trained, its faults located and named."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orchestrator.actions import porting
from orchestrator.pairing.causes.structure import structural
from orchestrator.pairing.result import Pairing
from orchestrator.runners import coded
from tests.builders.ports import Fault, Port
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
        return list(self.causes[:1]) == ([self.fault.cause] if self.fault.cause else [])

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
        spec = job(port, data_dir, epochs=epochs)
        pairing, first = coded.pairing_of(spec, sides.trace)
        if pairing.faults:
            return Trained(port, told=" ".join(map(str, pairing.faults)))
        one, other = sides.losses(coded.with_tensors(spec, pairing, first))
    except Failed as error:
        return Trained(port, told=str(error))
    return Trained(port, len(pairing.tensors), float(np.max(np.abs(one - other) / np.abs(one))))


def found(fault: Fault, sides: Sides, data_dir: Path) -> Found:
    """Return what a comparison of the pair says, of which one side has the fault."""
    try:
        port = porting.of_traces(job(fault.port, data_dir, fault), sides.trace)
    except Failed as error:
        return Found(fault, told=str(error))
    pairing, place = port.pairing, port.located
    if place is None:
        told = " ".join(map(str, pairing.faults))
        located = any(layer in told for layer in (fault.layer, *fault.also))
        located |= any(map(fault.located, _beside(pairing)))
        return Found(fault, located, list(structural(pairing)), told=told)
    if place.layer is not None:
        layer = place.layer
        paths = [
            pairing.first.layers[layer.first].path,
            pairing.second.layers[layer.second].path,
        ]
    elif place.tensor is not None:
        paths = [place.tensor.first.layer, place.tensor.second.layer]
    else:
        paths = []
    told = " ".join([str(place.place), *paths])
    causes = [why.key for why in port.whys]
    return Found(fault, any(map(fault.located, paths)), causes, port.same, told)


def _beside(pairing: Pairing) -> Iterator[str]:
    """Yield the layers that are paired with those whose tensors have no counterpart."""
    models = pairing.first, pairing.second
    for side, unpaired in enumerate(pairing.unpaired):
        alone = {each.tensor.layer for each in unpaired}
        for pair in pairing.layers:
            indices = pair.first, pair.second
            if models[side].layers[indices[side]].path in alone:
                yield models[1 - side].layers[indices[1 - side]].path
