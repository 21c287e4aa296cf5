"""Where a model draws masks: the dropouts of a spec's layers, or those of the user's code."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twinrun.contract.layers import Layer, MultiHeadAttention, SpatialDropout2d
from twinrun.contract.traced import TracedDraw

from services.model import dropout, shapes


@dataclass(frozen=True, slots=True)
class Site:
    """One place. ``name`` of its masks; ``shape``: of a sample's, channels last.

    ``stream`` numbers its generator: equal streams draw equal masks.
    """

    name: str
    rate: float
    shape: tuple[int, ...]
    stream: int


def of_layers(layers: Sequence[Layer], shape: tuple[int, ...]) -> list[Site]:
    """Return the sites of ``layers``, for samples of ``shape``."""
    return [
        Site(dropout.name(each.name), rate, _of_mask(each.layer, each.made), number)
        for number, each in enumerate(shapes.placed(layers, shape))
        if (rate := dropout.rate(each.layer)) is not None
    ]


def _of_mask(layer: Layer, made: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of a sample's mask: one value for each channel if it is spatial.

    Attention has one for each head, each position that looks, and each that is seen.
    """
    if isinstance(layer, MultiHeadAttention):
        return layer.heads, made[0], made[0]
    return (1, 1, made[-1]) if isinstance(layer, SpatialDropout2d) else made


def of_draws(draws: Iterable[TracedDraw]) -> list[Site]:
    """Return the sites of the user's code, numbered in the order in which they are reached."""
    return [
        Site(f"draws.{number}", draw.rate, draw.shape, number) for number, draw in enumerate(draws)
    ]
