"""The formulas of job.proto in plain operations, as a step written by hand."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from twinrun.contract.optimizers import Optimizer

from services.model.optimizers import coupled, decays_apart, schedule, starts
from services.pytorch.optimizers.clipping import clipped
from services.pytorch.optimizers.kinds import KINDS

Plan = Sequence[torch.Tensor] | Sequence[float]  # a step's, in the order of `optimizers.Plan`


class Written:
    """A step written by hand, with an optimizer's methods."""

    def __init__(self, spec: Optimizer, parameters: Iterable[torch.Tensor]) -> None:
        self._spec = spec
        self._parameters = list(parameters)
        self._slots = slots(spec, self._parameters)
        self._taken = 0
        self.defaults = {"eps": getattr(spec.kind, "epsilon", "-")}
        self.param_groups = [{"params": self._parameters}]  # for torch.amp.GradScaler

    def zero_grad(self) -> None:
        for parameter in self._parameters:
            parameter.grad = None

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def step(self) -> None:
        plan = [float(numbers[0]) for numbers in schedule(self._spec, self._taken, 1)]
        self._taken += 1
        gradients = [parameter.grad for parameter in self._parameters]
        update(self._spec, self._parameters, self._slots, gradients, plan)

    def advance(self, steps: int) -> None:
        self._taken = steps

    def tensors(self) -> list[torch.Tensor]:
        return [slot for slots in self._slots for slot in slots]

    def state_dict(self) -> dict[str, Any]:
        return {"slots": self._slots, "taken": self._taken}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._slots, self._taken = state["slots"], state["taken"]


def slots(spec: Optimizer, parameters: Sequence[torch.Tensor]) -> list[list[torch.Tensor]]:
    """Return the state that `update` keeps, as it starts: for each kind an array per parameter."""
    return [
        [torch.full_like(parameter, start, requires_grad=False) for parameter in parameters]
        for start in starts(spec)
    ]


def update(
    spec: Optimizer,
    parameters: Sequence[torch.Tensor],
    slots: Sequence[Sequence[torch.Tensor]],
    gradients: Sequence[torch.Tensor | None],
    plan: Plan,
) -> None:
    """Run one step, in place, by its ``plan``.

    As by PyTorch's own optimizers, what has no gradient stays as it is.
    """
    rate, epsilon, kept = plan
    step = KINDS[type(spec.kind)].step
    gradients = clipped(spec.clip, gradients)
    for w, g, *state in zip(parameters, gradients, *slots, strict=True):
        if g is None:
            continue
        if factor := coupled(spec, w.shape):
            g = g + factor * w  # noqa: PLW2901 - what the optimizer sees
        if decays_apart(spec, w.shape):
            w.mul_(kept)
        step(spec.kind, w, g, state, (rate, epsilon))
