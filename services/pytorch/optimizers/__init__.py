"""The optimizers of job.proto: PyTorch's own, which use these formulas, and in plain operations.

`optimizer` is for steps op by op, by PyTorch or written by hand. `update` is for the latter, and
for compiled steps: the compiler fuses it into one kernel for each parameter, together with what
comes before.
"""

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

import torch
from twinrun.contract.enums import Loop
from twinrun.contract.optimizers import Optimizer

from services.pytorch.optimizers.kinds import KINDS
from services.pytorch.optimizers.own import Own, advanced, tensors
from services.pytorch.optimizers.written import Written, slots, update

__all__ = [
    "Written",
    "advance",
    "idiomatic",
    "optimizer",
    "slots",
    "state",
    "update",
    "with_own_epsilon",
]

Made: TypeAlias = torch.optim.Optimizer | Own | Written


def optimizer(
    spec: Optimizer, parameters: Sequence[torch.Tensor], loop: Loop, *, captured: bool = False
) -> Made:
    """Return PyTorch's own optimizer for ``spec``, fused if it can be; or one written by hand.

    ``captured``: its steps will be, in a CUDA graph; one written by hand cannot be.
    """
    own = KINDS[type(spec.kind)].own(spec.kind)
    if own is None or loop is Loop.CUSTOM:
        return Written(spec, parameters)
    made, given = own
    if captured and "capturable" in inspect.signature(made).parameters:
        given = {**given, "capturable": True}
    return _with_schedule(spec, made(parameters, lr=spec.learning_rate, **given))


def _with_schedule(spec: Optimizer, made: torch.optim.Optimizer) -> Made:
    return made if spec.schedule is None else Own(spec, made)


def idiomatic(spec: Optimizer, parameters: Iterable[torch.Tensor], loop: Loop) -> Made:
    """Return the optimizer that users of PyTorch create: epsilon is left to PyTorch."""
    if loop is Loop.CUSTOM:
        return Written(with_own_epsilon(spec), parameters)
    made, given = KINDS[type(spec.kind)].usual(spec.kind)
    return _with_schedule(spec, made(parameters, lr=spec.learning_rate, **given))


def with_own_epsilon(optimizer: Optimizer) -> Optimizer:
    """Return the optimizer with PyTorch's default epsilon."""
    made, _ = KINDS[type(optimizer.kind)].usual(optimizer.kind)
    default = inspect.signature(made).parameters.get("eps")
    if default is None:
        return optimizer
    return replace(optimizer, kind=replace(optimizer.kind, epsilon=default.default))


def advance(made: Made, steps: int) -> None:
    """Set the step count of an `optimizer`."""
    if isinstance(made, torch.optim.Optimizer):
        advanced(made, steps)
    else:
        made.advance(steps)


def state(made: Made) -> list[torch.Tensor]:
    """Return the tensors beside the parameters that a step of an `optimizer` changes in place.

    PyTorch's own has none before its first step, other than Adagrad's.
    """
    return tensors(made) if isinstance(made, torch.optim.Optimizer) else made.tensors()
