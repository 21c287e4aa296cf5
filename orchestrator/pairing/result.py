"""Two models of code, part by part: which are the same, how sure that is, and what is left over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.code import CodeTensor
from twinrun.contract.traced import ModelTraced, TracedTensor

from orchestrator.language.phrases import Sentence

Arrays = Mapping[str, NDArray[np.generic]]  # of a trace, named as in ModelTraced

CHANNELS_FIRST = "@channels_first"
TRANSPOSED = "@transposed"


def laid_out(arrays: Arrays, what: str, key: str) -> NDArray[np.generic]:
    """Return ``what`` of a key, such as its gradient, in its variant. Raises KeyError."""
    name = f"{what}/{key}"
    if name not in arrays and key.endswith(TRANSPOSED):
        return arrays[name.removesuffix(TRANSPOSED)].T
    return arrays[name]


class Sure(StrEnum):
    """Why two parts were paired, the surest first."""

    BY_HAND = "by_hand"
    ACTIVATIONS = "activations"
    KIND = "kind"  # and the order of calls
    SHAPE = "shape"  # alone


@dataclass(frozen=True, slots=True)
class PairedLayer:
    """Calls of layers, by their indices in each side's `ModelTraced.layers`.

    ``compared``: their outputs are the same thing. They are not if one side's call does more, such
    as the activation after it; the call that ends the same thing is then paired as well.
    """

    first: int
    second: int
    sure: Sure
    compared: bool = True


@dataclass(frozen=True, slots=True)
class PairedTensor:
    """One array on both sides; its canonical name is the first side's key.

    ``variants``: what each side's key needs at its end, so that the layouts are the same.
    """

    first: TracedTensor
    second: TracedTensor
    sure: Sure
    variants: tuple[str, str] = ("", "")

    @property
    def name(self) -> str:
        return self.first.key

    @property
    def keys(self) -> tuple[str, str]:
        """What each side calls it, in the canonical layout."""
        return self.first.key + self.variants[0], self.second.key + self.variants[1]

    @property
    def keys_alone(self) -> tuple[str, str]:
        """What each side calls it, in its own layout."""
        return self.first.key, self.second.key

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape in the canonical layout."""
        turned = TRANSPOSED in self.variants[0]
        return self.first.shape[::-1] if turned else self.first.shape

    def canonical(self, first: Arrays) -> NDArray[np.generic]:
        """Return its initial values in the canonical layout, from the first side's trace."""
        return laid_out(first, "initial", self.keys[0])

    @property
    def trained(self) -> bool:
        """Whether the optimizer updates it on any side."""
        return any(side.trained and side.used for side in (self.first, self.second))

    @property
    def tied(self) -> bool:
        """Whether it is an earlier array again, on both sides."""
        return bool(self.first.tied_to and self.second.tied_to)


@dataclass(frozen=True, slots=True)
class Unpaired:
    """A tensor of one side, and the keys on the other side that are most like it."""

    tensor: TracedTensor
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """Layers that are alike in kind and shapes, by their indices: any may be any other's pair."""

    first: tuple[int, ...]
    second: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pairing:
    """``unpaired``, ``alone``: what each side has alone, tensors and indices of layers.

    ``draws``: indices of masks. ``by_hand``, as it was given, and ``by_activations``, paths of
    layers, are what was known. ``faults``: what cannot be the same job; ``notes``:
    what can; ``starts``: how the two sides' own initial values differ.
    """

    frameworks: tuple[str, str]
    first: ModelTraced
    second: ModelTraced
    layers: tuple[PairedLayer, ...]
    tensors: tuple[PairedTensor, ...]
    draws: tuple[tuple[int, int], ...]
    unpaired: tuple[tuple[Unpaired, ...], tuple[Unpaired, ...]]
    alone: tuple[tuple[int, ...], tuple[int, ...]]
    ambiguities: tuple[Ambiguity, ...] = ()
    by_hand: Mapping[str, str] = field(default_factory=dict)
    by_activations: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Sentence, ...] = ()
    notes: tuple[Sentence, ...] = ()
    starts: tuple[Sentence, ...] = ()

    def calls(self, pair: PairedLayer, side: int) -> tuple[int, ...]:
        """Return a side's layers, by their indices, that are one call on the other side.

        They end with the pair's own.
        """
        indices = [(each.first, each.second)[:: 1 - 2 * side] for each in self.layers]
        own, other = (pair.first, pair.second)[:: 1 - 2 * side]
        return tuple(sorted({mine for mine, theirs in indices if theirs == other and mine <= own}))

    @property
    def once(self) -> tuple[PairedTensor, ...]:
        """The paired tensors, each array once: without those tied to another."""
        return tuple(pair for pair in self.tensors if not pair.tied)

    @property
    def code_tensors(self) -> tuple[CodeTensor, ...]:
        """The model's arrays for `JobSpec.code`, in the order of `once`."""
        return tuple(
            CodeTensor(
                pair.name,
                pair.shape,
                pair.trained,
                **dict(zip(self.frameworks, pair.keys, strict=True)),
            )
            for pair in self.once
        )
