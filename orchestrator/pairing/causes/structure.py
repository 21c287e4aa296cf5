"""Causes that a pairing shows before any number: what one side alone has, ties or drops."""

from collections.abc import Iterator

from orchestrator.pairing.findings import matters
from orchestrator.pairing.result import Pairing


def structural(pairing: Pairing) -> tuple[str, ...]:
    """Return the keys of the causes that a pairing's faults are, each once, in the catalogue."""
    return tuple(dict.fromkeys(_keys(pairing)))


def _keys(pairing: Pairing) -> Iterator[str]:
    for unpaired in pairing.unpaired:
        parts = [each.tensor.part for each in unpaired if matters(each.tensor)]
        if any(part.endswith("recurrent_bias") for part in parts):
            yield "second_gru_bias"
        if any(part.endswith("bias") and not part.endswith("recurrent_bias") for part in parts):
            yield "missing_bias"
    if any(bool(pair.first.tied_to) != bool(pair.second.tied_to) for pair in pairing.tensors):
        yield "tied_weights"
    for one, other in pairing.draws:
        if pairing.first.draws[one].rate != pairing.second.draws[other].rate:
            yield "dropout_rate"
    for side, model in enumerate((pairing.first, pairing.second)):
        paired = {pair[side] for pair in pairing.draws}
        if any(draw.rate and index not in paired for index, draw in enumerate(model.draws)):
            yield "dropout_off"
