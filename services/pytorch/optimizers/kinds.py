"""What PyTorch computes for each kind of optimizer, and its own. One module for each kind."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar, cast

import torch
from twinrun.contract import optimizers as contract

from services.model.kinds import optimizer_modules

K_contra = TypeVar("K_contra", contravariant=True)
Number: TypeAlias = torch.Tensor | float
Numbers = tuple[Number, Number]  # rate and epsilon, by `model.optimizers.schedule`
Own = tuple[type[torch.optim.Optimizer], dict[str, Any]]  # a class, and its arguments


class Kind(Protocol[K_contra]):
    """A module of this folder, for the optimizers of one class."""

    def own(self, kind: K_contra, /) -> Own | None:
        """Return PyTorch's fastest optimizer of this formula; None: it has none."""

    def usual(self, kind: K_contra, /) -> Own:
        """Return what users of PyTorch create. Epsilon, and where it stands, are PyTorch's."""

    def step(
        self,
        kind: K_contra,
        w: torch.Tensor,
        g: torch.Tensor,
        state: Sequence[torch.Tensor],
        numbers: Numbers,
        /,
    ) -> None:
        """Run one step in plain operations, in place."""


# Each module takes the one class under which it is found.
KINDS = cast("Mapping[type, Kind[contract.Kind]]", optimizer_modules("services.pytorch.optimizers"))
