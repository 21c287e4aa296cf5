"""Layers one by one: each is given what the other side's layers return, so that no fault hides."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.pairing.causes.catalog import Why, explained
from orchestrator.pairing.locate import Located, outputs_apart
from orchestrator.pairing.measure import Array, laid_like
from orchestrator.pairing.result import Arrays, PairedLayer, Pairing

# Kinds that only move values: in which order, what follows tells.
_MOVING = {"flatten", "reshape", "permute"}


@dataclass(frozen=True, slots=True)
class Alone:
    """What differs by itself. ``untold``: layers whose inputs cannot be the same, by a shape."""

    found: Sequence[tuple[Located, Sequence[Why]]]
    untold: Sequence[PairedLayer] = ()


def given(pairing: Pairing, first: Arrays, second: Arrays) -> Mapping[int, Array]:
    """Return what calls of the second side are to return: the first's outputs, by index."""
    found: dict[int, Array] = {}
    for pair in pairing.layers:
        names = f"output/{pair.first}", f"output/{pair.second}"
        if pair.compared and not _moves(pairing, pair) and names[0] in first and names[1] in second:
            both_ways = pairing.first.layers[pair.first].settings.get("bidirectional") == "True"
            laid = laid_like(first[names[0]], second[names[1]], both_ways=both_ways)
            if laid is not None:
                found[pair.second] = laid
    return found


def alone(
    pairing: Pairing,
    first: Arrays,
    second: Arrays,
    returned: Mapping[int, Array],
    tolerance: float,
) -> Alone:
    """Return every layer that differs, once; ``second`` was traced with what was ``returned``."""
    untold = tuple(_untold(pairing, returned))
    told = tuple(pair for pair in pairing.layers if pair not in untold)
    fed = {f"output/{index}": array for index, array in returned.items()}
    found, seen = [], set[tuple[str, ...]]()
    for located in outputs_apart(replace(pairing, layers=told), first, second, tolerance):
        paths = _paths(pairing, located)
        if paths in seen:
            continue
        seen.add(paths)
        own = None if located.layer is None else f"output/{located.layer.second}"
        # Its own output is what it made; all others' are what was there for it.
        there = {**second, **{name: array for name, array in fed.items() if name != own}}
        found.append((located, explained(pairing, located, first, there)))
    return Alone(found, untold)


def _paths(pairing: Pairing, located: Located) -> tuple[str, ...]:
    pair = located.layer
    layers = pairing.first.layers, pairing.second.layers
    return () if pair is None else (layers[0][pair.first].path, layers[1][pair.second].path)


def _moves(pairing: Pairing, pair: PairedLayer) -> bool:
    kinds = {pairing.first.layers[pair.first].kind, pairing.second.layers[pair.second].kind}
    return bool(kinds & _MOVING)


def _untold(pairing: Pairing, returned: Mapping[int, Array]) -> Iterator[PairedLayer]:
    """Yield layers behind one that returns another shape, as far as they get another shape."""
    behind = False
    for pair in pairing.layers:
        if not pair.compared or _moves(pairing, pair):
            continue
        given = pair.second in returned
        layers = pairing.first.layers[pair.first], pairing.second.layers[pair.second]
        sizes = [sorted(size for size in layer.input_shape if size != 1) for layer in layers]
        if behind and not (given and sizes[0] == sizes[1]):
            yield pair
        behind = not given
