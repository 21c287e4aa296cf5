"""The nesting of messages of layers, without reading the layers themselves."""

from collections.abc import Iterable
from typing import Any

from twinrun.contract import nesting
from twinrun.contract.layers import Branch, Concat, Repeat, Residual
from twinrun.v1 import job_pb2


def nested(layers: Iterable[job_pb2.Layer]) -> tuple[Any, ...]:
    """Return the layers as `twinrun.contract.nesting` walks through them; a leaf is its message."""
    return tuple(map(_nest, layers))


def leaf_messages(layers: Iterable[job_pb2.Layer]) -> list[job_pb2.Layer]:
    """Return the layers that hold no others, those of each repetition."""
    found: list[Any] = nesting.leaves(nested(layers))
    return found


def _nest(layer: job_pb2.Layer) -> Any:
    kind = layer.WhichOneof("kind")
    match kind:
        case "residual":
            return Residual(nested(layer.residual.layers), nested(layer.residual.shortcut))
        case "concat":
            return Concat(tuple(Branch(nested(each.layers)) for each in layer.concat.branches))
        case "repeat":
            return Repeat(layer.repeat.times, nested(layer.repeat.layers))
        case _:
            return layer
