"""The optimizers of job.proto: PyTorch's own, whose formulas they are, and in plain operations.

`optimizer` is for steps op by op. `update` is for compiled steps: the compiler makes it one kernel
for each parameter, together with what comes before.
"""

from collections.abc import Sequence

import torch

from services.spec import Adam, AdamW, Optimizer, Sgd


def optimizer(spec: Optimizer, parameters: Sequence[torch.Tensor]) -> torch.optim.Optimizer:
    """PyTorch's optimizer for ``spec``; fused, so that a step is one kernel."""
    match spec.kind:
        case Sgd(momentum):
            return torch.optim.SGD(parameters, lr=spec.learning_rate, momentum=momentum, fused=True)
        case Adam(beta_1, beta_2, epsilon):
            return torch.optim.Adam(
                parameters, lr=spec.learning_rate, betas=(beta_1, beta_2), eps=epsilon, fused=True
            )
        case AdamW(beta_1, beta_2, epsilon, weight_decay):
            return torch.optim.AdamW(
                parameters,
                lr=spec.learning_rate,
                betas=(beta_1, beta_2),
                eps=epsilon,
                weight_decay=weight_decay,
                fused=True,
            )


def slots(spec: Optimizer, parameters: Sequence[torch.Tensor]) -> list[list[torch.Tensor]]:
    """The state that `update` keeps, all zeros: a list as long as the parameters for each kind."""
    match spec.kind:
        case Sgd(momentum):
            count = 1 if momentum else 0
        case Adam() | AdamW():
            count = 2
    return [[torch.zeros_like(parameter) for parameter in parameters] for _ in range(count)]


def update(
    spec: Optimizer,
    parameters: Sequence[torch.Tensor],
    slots: Sequence[Sequence[torch.Tensor]],
    gradients: Sequence[torch.Tensor],
    plan: tuple[torch.Tensor, torch.Tensor],
) -> None:
    """One step, in place; ``plan`` is its rate and epsilon, by `services.matched.schedule`."""
    rate, epsilon = plan
    for w, g, *s in zip(parameters, gradients, *slots, strict=True):
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
