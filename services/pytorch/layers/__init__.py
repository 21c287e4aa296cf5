"""What PyTorch computes for each layer, and its users' own. A module for each kind."""

from collections.abc import Mapping
from typing import Protocol, TypeVar, cast

import torch
from torch import nn
from twinrun.contract.layers import Leaf

from services.model.kinds import modules
from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Given

L_contra = TypeVar("L_contra", contravariant=True)


class Kind(Protocol[L_contra]):
    """A module of this folder, for the layers of one class."""

    def computed(self, layer: L_contra, x: torch.Tensor, given: Given, /) -> torch.Tensor:
        """Compute a matched job's output for ``x`` [batch, ...]; images are [batch, h, w, c]."""

    def idiomatic(self, layer: L_contra, shape: Shape, /) -> nn.Module:
        """Return the module that users of PyTorch would create, for samples of ``shape``.

        Initial weights, and a norm's numbers that the job leaves to their defaults, are PyTorch's.
        """

    def held(self, module: nn.Module, /) -> dict[str, torch.Tensor | None]:
        """Return the arrays of `idiomatic`'s ``module``, by name in canonical weights.

        They are views in the canonical layout; None if the module has none.
        """


# Each module accepts the class under which it is registered.
KINDS = cast("Mapping[type[Leaf], Kind[Leaf]]", modules(__name__))
