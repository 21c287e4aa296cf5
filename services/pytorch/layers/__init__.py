"""What PyTorch computes of each kind of layer, and its users' own. A module for each kind."""

from collections.abc import Mapping
from typing import Protocol, TypeVar, cast

import torch
from torch import nn
from twinrun.contract.layers import Layer

from services.model.kinds import modules
from services.model.layers.parameter import Shape
from services.pytorch.layers.given import Given

L_contra = TypeVar("L_contra", contravariant=True)


class Kind(Protocol[L_contra]):
    """A module of this folder, of the layers of one class."""

    def computed(self, layer: L_contra, x: torch.Tensor, given: Given, /) -> torch.Tensor:
        """Return what a matched job computes of ``x`` [batch, ...]; images are [batch, h, w, c]."""

    def idiomatic(self, layer: L_contra, shape: Shape, /) -> nn.Module:
        """Return the module that users of PyTorch make, for samples of ``shape``.

        Initial values, and a batch norm's momentum and epsilon, are left to PyTorch.
        """

    def held(self, module: nn.Module, /) -> dict[str, torch.Tensor | None]:
        """Return what `idiomatic`'s ``module`` holds, by its name in canonical weights.

        Views in the canonical layout; None where it does without.
        """


# Each module accepts the class under which it is registered.
KINDS = cast("Mapping[type[Layer], Kind[Layer]]", modules(__name__))
