"""float32 in a model's code, which is float64 where the job is.

A norm that says `x.float()` wants more digits than 16 bits have, not fewer than its input has.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from services.pytorch.code.patches import within_checkpoint


class Widening(TorchFunctionMode):  # type: ignore[misc] # PyTorch's
    """Have PyTorch compute in float64 what the code asks for in float32.

    ``met``: whether it asked for any.
    """

    def __init__(self) -> None:
        super().__init__()
        self.met = False

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        del types
        given = {**(kwargs or {})}
        asks = function is torch.Tensor.float or any(
            each is torch.float32 for each in (*args, *given.values())
        )
        # What a checkpoint computes again, it computes in the step back, where this is not active;
        # what is compiled has both steps in one.
        if asks and (torch.compiler.is_compiling() or not within_checkpoint()):
            self.met = True
            function = torch.Tensor.double if function is torch.Tensor.float else function
            args = [_wide(each) for each in args]
            given = {name: _wide(each) for name, each in given.items()}
        return function(*args, **given)


def _wide(value: Any) -> Any:
    return torch.float64 if value is torch.float32 else value
