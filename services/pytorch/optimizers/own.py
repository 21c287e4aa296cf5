"""PyTorch's own optimizers, with what users do beside them at each step."""

from typing import Any

import torch
from twinrun.contract.optimizers import Optimizer

from services.model.schedules import learning_rates


class Own:
    """An optimizer of PyTorch's whose rate follows a schedule."""

    def __init__(self, spec: Optimizer, made: torch.optim.Optimizer) -> None:
        self._spec, self.made = spec, made
        self._taken = 0
        self.defaults: dict[str, Any] = made.defaults

    def zero_grad(self) -> None:
        self.made.zero_grad()

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def step(self) -> None:
        rate = float(learning_rates(self._spec, self._taken, 1)[0])
        self._taken += 1
        for group in self.made.param_groups:
            group["lr"] = rate
        self.made.step()

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


def advanced(made: torch.optim.Optimizer, steps: int) -> None:
    """Set the step count. SGD has none."""
    for state in made.state.values():
        if "step" in state:
            state["step"].fill_(steps)


def tensors(made: torch.optim.Optimizer) -> list[torch.Tensor]:
    """Return the tensors of its state. There are none before its first step, but Adagrad's."""
    states = made.state.values()
    return [each for state in states for each in state.values() if torch.is_tensor(each)]
