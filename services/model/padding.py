"""Padded steps of codes, which what follows an embedding leaves out."""

from collections.abc import Iterator, Sequence
from typing import assert_never

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
from twinrun.contract.violation import Violation

from services.model import shapes
from services.model.layers.parameter import Shape


def code(layers: Sequence[Layer]) -> int | None:
    """Return the code of padded steps. None: every step counts."""
    first = layers[0] if layers else None
    return first.padding if isinstance(first, Embedding) else None


def violations(
    layers: Sequence[Layer], shape: Shape, wanted: Shape, *, ignores: bool = False
) -> Iterator[Violation]:
    """Yield what counts padded steps, of layers that fit ``shape`` and the target's ``wanted``.

    ``ignores``: the loss leaves out targets of one class.
    """
    if code(layers) is None:
        return
    if len(wanted) > 1 and not ignores:
        what = (
            "is set, and the loss is of every step, padded ones too; give the loss the class of "
            "padded targets, as ignored, or leave the padding out"
        )
        yield Violation("layers[0].embedding.padding", what)
    both = zip(nesting.placed(layers), shapes.placed(layers, shape), strict=True)
    for (place, layer), each in both:
        if len(each.taken) == 2 and _counts_every_step(layer):
            what = (
                "counts every step, and layers[0].embedding has a padding; put it after "
                "global_average_pool1d, global_max_pool1d or last_step, or leave the padding out"
            )
            yield Violation(nesting.case(place, layer), what)


def _counts_every_step(layer: Leaf) -> bool:
    """Return whether a layer of sequences mixes steps and cannot leave some of them out."""
    match layer:
        case Conv1d() | Flatten() | BatchNorm():
            return True
        case Lstm() | Gru() | Bidirectional() | MultiHeadAttention():
            return False
        case GlobalAveragePool1d() | GlobalMaxPool1d() | LastStep():
            return False
        case Embedding() | PositionEmbedding() | SinusoidalPositions():
            return False
        case Activation() | Dropout() | LayerNorm() | RmsNorm() | Dense() | CustomDense():
            return False
        case Conv2d() | Conv2dTranspose() | MaxPool2d() | AveragePool2d() | ToSequence():
            return False  # which take no sequence, as those below
        case GlobalAveragePool2d() | GlobalMaxPool2d() | ZeroPadding2d() | UpSampling2d():
            return False
        case GroupNorm() | SpatialDropout2d():
            return False
        case _:
            assert_never(layer)
