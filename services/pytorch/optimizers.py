"""The optimizers of job.proto: PyTorch's own, which use these formulas, and in plain operations.

`optimizer` is for steps op by op, by PyTorch or written by hand. `update` is for the latter, and
for compiled steps: the compiler fuses it into one kernel for each parameter, together with what
comes before.
"""

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, assert_never

import torch
from twinrun.contract.enums import Loop
from twinrun.contract.optimizers import Adam, AdamW, Optimizer, Sgd

from services.model.optimizers import schedule, slot_count


def optimizer(
    spec: Optimizer, parameters: Sequence[torch.Tensor], loop: Loop, *, captured: bool = False
) -> "torch.optim.Optimizer | Written":
    """Return PyTorch's fused optimizer for ``spec``, one kernel a step; or one written by hand.

    ``captured``: its steps will be, in a CUDA graph; one written by hand cannot be.
    """
    if loop is Loop.CUSTOM:
        return Written(spec, parameters)
    match spec.kind:
        case Sgd(momentum):
            return torch.optim.SGD(parameters, lr=spec.learning_rate, momentum=momentum, fused=True)
        case Adam(beta_1, beta_2, epsilon):
            return torch.optim.Adam(
                parameters,
                lr=spec.learning_rate,
                betas=(beta_1, beta_2),
                eps=epsilon,
                fused=True,
                capturable=captured,
            )
        case AdamW(beta_1, beta_2, epsilon, weight_decay):
            return torch.optim.AdamW(
                parameters,
                lr=spec.learning_rate,
                betas=(beta_1, beta_2),
                eps=epsilon,
                weight_decay=weight_decay,
                fused=True,
                capturable=captured,
            )
        case _:
            assert_never(spec.kind)


def idiomatic(
    spec: Optimizer, parameters: Iterable[torch.Tensor], loop: Loop
) -> "torch.optim.Optimizer | Written":
    """Return the optimizer that users of PyTorch create: epsilon is left to PyTorch."""
    if loop is Loop.CUSTOM:
        return Written(with_own_epsilon(spec), parameters)
    rate = spec.learning_rate
    match spec.kind:
        case Sgd(momentum):
            return torch.optim.SGD(parameters, lr=rate, momentum=momentum)
        case Adam(beta_1, beta_2):
            return torch.optim.Adam(parameters, lr=rate, betas=(beta_1, beta_2))
        case AdamW(beta_1, beta_2, _, weight_decay):
            return torch.optim.AdamW(
                parameters, lr=rate, betas=(beta_1, beta_2), weight_decay=weight_decay
            )
        case _:
            assert_never(spec.kind)


def with_own_epsilon(optimizer: Optimizer) -> Optimizer:
    """Return the optimizer with PyTorch's default epsilon."""
    match optimizer.kind:
        case Adam() | AdamW() as kind:
            made = getattr(torch.optim, type(kind).__name__)
            default = inspect.signature(made).parameters["eps"].default
            return replace(optimizer, kind=replace(kind, epsilon=default))
        case Sgd():
            return optimizer
        case _:
            assert_never(optimizer.kind)


class Written:
    """The same formulas as a step written by hand, with an optimizer's methods."""

    def __init__(self, spec: Optimizer, parameters: Iterable[torch.Tensor]) -> None:
        self._spec = spec
        self._parameters = list(parameters)
        self._slots = slots(spec, self._parameters)
        self._taken = 0
        self.defaults = {"eps": getattr(spec.kind, "epsilon", "-")}

    def zero_grad(self) -> None:
        for parameter in self._parameters:
            parameter.grad = None

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def step(self) -> None:
        rates, epsilons = schedule(self._spec, self._taken, 1)
        self._taken += 1
        gradients = [parameter.grad for parameter in self._parameters]
        plan = float(rates[0]), float(epsilons[0])
        update(self._spec, self._parameters, self._slots, gradients, plan)

    def advance(self, steps: int) -> None:
        self._taken = steps

    def tensors(self) -> list[torch.Tensor]:
        return [slot for slots in self._slots for slot in slots]

    def state_dict(self) -> dict[str, Any]:
        return {"slots": self._slots, "taken": self._taken}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._slots, self._taken = state["slots"], state["taken"]


def advance(made: "torch.optim.Optimizer | Written", steps: int) -> None:
    """Set the step count of an `optimizer`. SGD has none."""
    if isinstance(made, Written):
        made.advance(steps)
        return
    for state in made.state.values():
        if "step" in state:
            state["step"].fill_(steps)


def state(made: "torch.optim.Optimizer | Written") -> list[torch.Tensor]:
    """Return the tensors beside the parameters that a step of an `optimizer` changes in place.

    PyTorch's own has none before its first step.
    """
    if isinstance(made, Written):
        return made.tensors()
    states = made.state.values()
    return [each for state in states for each in state.values() if torch.is_tensor(each)]


def slots(spec: Optimizer, parameters: Sequence[torch.Tensor]) -> list[list[torch.Tensor]]:
    """Return the state that `update` keeps, all zeros: for each kind one array per parameter."""
    return [
        [torch.zeros_like(parameter) for parameter in parameters] for _ in range(slot_count(spec))
    ]


def update(
    spec: Optimizer,
    parameters: Sequence[torch.Tensor],
    slots: Sequence[Sequence[torch.Tensor]],
    gradients: Sequence[torch.Tensor | None],
    plan: tuple[torch.Tensor | float, torch.Tensor | float],
) -> None:
    """Run one step, in place; ``plan``: rate and epsilon, by `optimizers.schedule`.

    As by PyTorch's own optimizers, what has no gradient stays as it is.
    """
    rate, epsilon = plan
    for w, g, *s in zip(parameters, gradients, *slots, strict=True):
        if g is None:
            continue
        match spec.kind:
            case Sgd(momentum):
                velocity = s[0].mul_(momentum).add_(g) if s else g
                w.sub_(rate * velocity)
            case Adam(beta_1, beta_2) | AdamW(beta_1, beta_2):
                if isinstance(spec.kind, AdamW):
                    w.mul_(1 - spec.learning_rate * spec.kind.weight_decay)
                m = s[0].mul_(beta_1).add_((1 - beta_1) * g)
                v = s[1].mul_(beta_2).add_((1 - beta_2) * g * g)
                w.sub_(rate * m / (v.sqrt() + epsilon))
            case _:
                assert_never(spec.kind)
