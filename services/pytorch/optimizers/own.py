"""PyTorch's own optimizers, with what users do beside them at each step."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from twinrun.contract.optimizers import Optimizer
from twinrun.contract.regularization import Clip

from services.model.optimizers import decays_apart, schedule
from services.model.schedules import learning_rates
from services.pytorch.optimizers.clipping import clipped

_AT_ONCE = 1000  # steps
Clips = Callable[[Clip | None, Sequence[torch.Tensor]], None]  # the gradients of parameters


class Own:
    """An optimizer of PyTorch's; before its step gradients are clipped, and weights may decay.

    Its rate may follow a schedule.
    """

    def __init__(
        self,
        spec: Optimizer,
        made: torch.optim.Optimizer,
        parameters: Sequence[torch.Tensor],
        clip: Clips,
    ) -> None:
        self._spec, self.made, self._clip = spec, made, clip
        self._parameters = parameters
        apart = spec.weight_decay is not None  # AdamW does its own
        self._apart = [w for w in parameters if apart and decays_apart(spec, w.shape)]
        self._taken = self._first = 0
        self._planned: list[tuple[float, float]] = []
        self.defaults: dict[str, Any] = made.defaults
        self.param_groups: list[dict[str, Any]] = made.param_groups  # for torch.amp.GradScaler

    def zero_grad(self) -> None:
        self.made.zero_grad()

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def step(self) -> None:
        rate, kept = self._numbers()
        self._taken += 1
        self._clip(self._spec.clip, self._parameters)
        if self._spec.schedule is not None:
            for group in self.made.param_groups:
                group["lr"] = rate
        decaying = [w for w in self._apart if w.grad is not None]
        if decaying:
            torch._foreach_mul_(decaying, kept)
        self.made.step()

    def _numbers(self) -> tuple[float, float]:
        """Return the step's rate, and what its decay leaves; computed for many steps at once."""
        if not 0 <= self._taken - self._first < len(self._planned):
            rates = learning_rates(self._spec, self._taken, _AT_ONCE).tolist()
            kept = schedule(self._spec, self._taken, _AT_ONCE).kept.tolist()
            self._first, self._planned = self._taken, list(zip(rates, kept, strict=True))
        return self._planned[self._taken - self._first]

    def advance(self, steps: int) -> None:
        self._taken = steps
        advanced(self.made, steps)

    def tensors(self) -> list[torch.Tensor]:
        return tensors(self.made)

    def state_dict(self) -> dict[str, Any]:
        return {"made": self.made.state_dict(), "taken": self._taken}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.made.load_state_dict(state["made"])
        self._taken = state["taken"]


def clip_in_place(clip: Clip | None, parameters: Sequence[torch.Tensor]) -> None:
    """Clip the gradients of ``parameters`` by the formulas of job.proto."""
    if clip is not None:
        found = clipped(clip, [parameter.grad for parameter in parameters])
        for parameter, gradient in zip(parameters, found, strict=True):
            parameter.grad = gradient


def advanced(made: torch.optim.Optimizer, steps: int) -> None:
    """Set the step count. SGD has none."""
    for state in made.state.values():
        if "step" in state:
            state["step"].fill_(steps)


def tensors(made: torch.optim.Optimizer) -> list[torch.Tensor]:
    """Return the tensors of its state. There are none before its first step, but Adagrad's."""
    states = made.state.values()
    return [each for state in states for each in state.values() if torch.is_tensor(each)]
