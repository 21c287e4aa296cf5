"""Parameters without an effect on a model: a batch norm subtracts the bias of the layer before."""

import itertools
from collections.abc import Mapping, Sequence
from typing import assert_never

import numpy as np
from numpy.typing import NDArray
from twinrun.contract import nesting
from twinrun.contract.layers import (
    Activation,
    AveragePool2d,
    BatchNorm,
    Bidirectional,
    Conv1d,
    Conv2d,
    Conv2dTranspose,
    CustomDense,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePool1d,
    GlobalAveragePool2d,
    GlobalMaxPool1d,
    GlobalMaxPool2d,
    GroupNorm,
    Gru,
    LastStep,
    Layer,
    LayerNorm,
    Leaf,
    Lstm,
    MaxPool2d,
    MultiHeadAttention,
    PositionEmbedding,
    RmsNorm,
    SinusoidalPositions,
    SpatialDropout2d,
    ToSequence,
    UpSampling2d,
    ZeroPadding2d,
)
from twinrun.contract.nesting import Place, fork, through


def biases_before_batch_norm(layers: Sequence[Layer]) -> list[str]:
    """Return the names of biases that a batch norm subtracts again: their gradient is zero."""
    walk = _Shifts()
    through(layers, (), walk)
    return walk.found


Shifts = tuple[str, ...]  # names of the biases by which a value is shifted, and nothing else


class _Shifts:
    """A `Walk` of the biases that shift a value. ``found``: those that a batch norm subtracts."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def run(self, leaves: Sequence[tuple[Place, Leaf]], shifts: Shifts) -> Shifts:
        # What comes from before a sum or a concat also goes another way through it.
        shifts = _within(fork(leaves[0][0]), shifts)
        for place, layer in leaves:
            match layer:
                case Dense() | Conv1d() | Conv2d() | Conv2dTranspose() | CustomDense():
                    biased = isinstance(layer, CustomDense) or layer.use_bias
                    shifts = (f"{nesting.name(place)}.bias",) if biased else ()
                case BatchNorm():
                    self.found += shifts
                    shifts = ()
                # What these return is shifted as much as what they are given.
                case Flatten() | ToSequence() | MaxPool2d() | AveragePool2d() | UpSampling2d():
                    continue
                case GlobalAveragePool2d() | GlobalMaxPool2d():
                    continue
                case GlobalAveragePool1d() | GlobalMaxPool1d() | LastStep():
                    continue
                case Activation() | Dropout() | Embedding() | LayerNorm() | RmsNorm() | GroupNorm():
                    shifts = ()
                case (
                    Lstm()
                    | Gru()
                    | Bidirectional()
                    | PositionEmbedding()
                    | SinusoidalPositions()
                    | MultiHeadAttention()
                ):
                    shifts = ()
                case ZeroPadding2d() | SpatialDropout2d():
                    shifts = ()  # zeros are not shifted
                case _:
                    assert_never(layer)
        return shifts

    def total(self, place: Place, made: Shifts, shortcut: Shifts) -> Shifts:
        return _within(place, (*made, *shortcut))

    def beside(self, place: Place, made: Sequence[Shifts]) -> Shifts:
        return _within(place, tuple(itertools.chain(*made)))


def _within(place: Place, shifts: Shifts) -> Shifts:
    """Return those of layers in the nest at ``place``; all if there is none."""
    return tuple(each for each in shifts if each.startswith(f"{nesting.name(place)}."))


_ROUNDING = 1e-12
_PARTS = ("bias", "gamma", "beta", "moving_mean")  # in the order of a model's arrays


def followers(
    first: Mapping[str, NDArray[np.floating]],
    second: Mapping[str, NDArray[np.floating]],
    undetermined: frozenset[str],
) -> frozenset[str]:
    """Return the moving means that differ by no more than a bias before them that wandered.

    ``first`` and ``second``: final weights of two sides, in model order; ``undetermined``: the
    parameters whose gradient is only rounding. A moving mean is a mean of past ones, so it wanders
    no further than its bias did: twice the final distance leaves room for one that came back.
    """
    found, bias = set[str](), None
    for name in first:
        part = name.rpartition(".")[2]
        if part not in _PARTS and not part.startswith("moving_"):
            bias = None
        if part == "bias":
            bias = name
        if part != "moving_mean" or bias not in undetermined or name not in second:
            continue
        wandered, apart = (_distance(first[each], second[each]) for each in (bias, name))
        largest = float(np.abs(first[name]).max(initial=0.0))
        if apart <= 2 * wandered + _ROUNDING * largest:
            found.add(name)
    return frozenset(found)


def _distance(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Return the largest distance of two elements; infinite for other shapes."""
    if one.shape != other.shape:
        return float("inf")
    return float(np.abs(one.astype(np.float64) - other.astype(np.float64)).max(initial=0.0))
