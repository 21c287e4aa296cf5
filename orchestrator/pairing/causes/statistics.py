"""What moves without a gradient, and arrays that one side has once and the other twice."""

from collections.abc import Iterator

import numpy as np

from orchestrator.language.phrases import Phrase, english
from orchestrator.pairing.causes import gradients
from orchestrator.pairing.causes.clues import Cause, Clues, Side, Tried
from orchestrator.pairing.formulas.activations import Floats
from orchestrator.pairing.locate import Place
from orchestrator.pairing.result import PairedTensor

_MOMENTUM = Phrase("{side} kept {value} of `{name}` at each step, not {own}")
_UNBIASED = Phrase("{side} divided the batch's variance in `{name}` by {divisor}, not {own}")
_TIED = Phrase("{side} tied `{name}` to `{earlier}`, as {other} does")


def _statistics(clues: Clues) -> Iterator[tuple[Side, Side, PairedTensor, list[Floats]]]:
    """Yield a moving statistic that moves otherwise: initial and updated, own and the other's."""
    tensor = clues.located.tensor
    if clues.located.place is not Place.UPDATE or tensor is None:
        return
    for number, (side, other) in enumerate(clues.turns()):
        keys = tensor.keys[number], tensor.keys[1 - number]
        names = [(side, f"initial/{keys[0]}"), (side, f"updated/{keys[0]}")]
        names.append((other, f"updated/{keys[1]}"))
        values = [each for holder, name in names if (each := holder.floats(name)) is not None]
        if len(values) == len(names) and not tensor.trained:
            yield side, other, tensor, values


def _setting(side: Side, tensor: PairedTensor, name: str) -> str | None:
    keys = {tensor.first.key: tensor.first.layer, tensor.second.key: tensor.second.layer}
    paths = set(keys.values())
    own = (each for each in side.model.layers if each.path in paths and name in each.settings)
    return next((each.settings[name] for each in own), None)


def _momentum(clues: Clues) -> Iterator[Tried]:
    """Yield the statistic as it moves with the other's momentum."""
    for side, other, tensor, (before, after, wanted) in _statistics(clues):
        told = [_setting(each, tensor, "momentum") for each in (side, other)]
        for own in dict.fromkeys([told[0], "0.99", "0.9", "0.999"]):
            for value in dict.fromkeys([told[1], "0.99", "0.9", "0.1", "0.01", "0.999"]):
                if own is None or value is None or float(own) == 1 or own == value:
                    continue
                seen = (after - float(own) * before) / (1 - float(own))
                made = float(value) * before + (1 - float(value)) * seen
                change = english(
                    _MOMENTUM, side=side.name, value=value, own=own, name=_key(side, tensor)
                )
                yield Tried(change, made - before, wanted - before)


def _key(side: Side, tensor: PairedTensor) -> str:
    keys = {each.key for each in side.model.tensors}
    return tensor.first.key if tensor.first.key in keys else tensor.second.key


def _unbiased(clues: Clues) -> Iterator[Tried]:
    """Yield a moving variance with the divisor n - 1 in place of n, and the reverse."""
    for side, _, tensor, (before, after, wanted) in _statistics(clues):
        kept = _setting(side, tensor, "momentum") or "0.99"
        path = {tensor.first.layer, tensor.second.layer}
        shapes = [each.output_shape for each in side.model.layers if each.path in path]
        batch = side.arrays.get("logits")
        if tensor.first.part != "moving_variance" or not shapes or batch is None:
            continue
        count = int(len(batch) * np.prod(shapes[0][:-1]))
        seen = (after - float(kept) * before) / (1 - float(kept))
        for divisor, own in ((count - 1, count), (count, count - 1)):
            made = float(kept) * before + (1 - float(kept)) * seen * own / divisor
            change = english(
                _UNBIASED, side=side.name, name=_key(side, tensor), divisor=divisor, own=own
            )
            yield Tried(change, made - before, wanted - before)


def _tied(clues: Clues) -> Iterator[Tried]:
    yield from _tied_values(clues)
    yield from _tied_gradients(clues)
    yield from gradients.cut(clues)


def _tied_values(clues: Clues) -> Iterator[Tried]:
    """Yield the output with the values of what the other side ties to an earlier array."""
    if clues.located.place is not Place.OUTPUT or clues.located.layer is None:
        return
    for number, (side, other) in enumerate(clues.turns()):
        for pair in clues.pairing.tensors:
            own, theirs = (pair.first, pair.second)[:: 1 if number == 0 else -1]
            held = other.tensors.get(theirs.part)
            here = theirs.layer == other.layer.path and theirs.tied_to and not own.tied_to
            if here and held is not None:
                change = english(
                    _TIED, side=side.name, name=own.key, earlier=theirs.tied_to, other=other.name
                )
                yield from clues.tried(side, change, parts={**side.tensors, own.part: held})


def _tied_gradients(clues: Clues) -> Iterator[Tried]:
    """Yield the sum of the gradients of what one side has once and the other twice."""
    tensor = clues.located.tensor
    if clues.located.place is not Place.GRADIENT or tensor is None:
        return
    for number, (side, other) in enumerate(clues.turns()):
        own = side.floats(f"gradient/{tensor.keys[number]}")
        wanted = other.floats(f"gradient/{tensor.keys[1 - number]}")
        for pair in clues.pairing.tensors:
            mine, theirs = (pair.first, pair.second)[:: 1 if number == 0 else -1]
            added = side.floats(f"gradient/{mine.key}")
            held = (tensor.first, tensor.second)[1 - number]
            if own is None or wanted is None or added is None or mine.tied_to:
                continue
            if (held.tied_to or held.key) == (theirs.tied_to or theirs.key):
                for more in (added, added.T):
                    if more.shape == own.shape and mine.key != tensor.keys[number]:
                        change = english(
                            _TIED,
                            side=side.name,
                            name=mine.key,
                            earlier=tensor.keys[number],
                            other=other.name,
                        )
                        yield Tried(change, own + more, wanted)


CAUSES = (
    Cause("tied_weights", Phrase("weights that are tied on one side only"), _tied),
    Cause("batch_norm_momentum", Phrase("the momentum of batch normalization"), _momentum),
    Cause("running_variance", Phrase("the divisor of the running variance"), _unbiased),
)
