"""What PyTorch computes of each kind of layer, and its users' own. A module for each kind."""

from collections.abc import Mapping
from typing import Never, Protocol, TypeVar, cast, get_args

import torch
from torch import nn
from twinrun.contract.layers import (
    Activation,
    AveragePool2d,
    BatchNorm,
    Conv2d,
    CustomDense,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2d,
)

from services.model.kinds import complete
from services.model.layers.parameter import Shape
from services.pytorch.layers import (
    activation,
    average_pool2d,
    batch_norm,
    conv2d,
    custom_dense,
    dense,
    dropout,
    flatten,
    max_pool2d,
)
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


_MODULES: dict[type[Layer], Kind[Never]] = {
    Flatten: flatten,
    Dense: dense,
    Activation: activation,
    CustomDense: custom_dense,
    Conv2d: conv2d,
    MaxPool2d: max_pool2d,
    AveragePool2d: average_pool2d,
    BatchNorm: batch_norm,
    Dropout: dropout,
}
# Each module takes the one class under which it is found.
KINDS = cast(
    "Mapping[type[Layer], Kind[Layer]]",
    complete("services/pytorch/layers", get_args(Layer), _MODULES),
)
