"""The optimizers of job.proto: PyTorch's own, which use these formulas, and in plain operations.

`optimizer` is for steps op by op, by PyTorch or written by hand. `update` is for the latter, and
for compiled steps: the compiler fuses it into one kernel for each parameter, together with what
comes before.
"""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import torch
from twinrun.contract.enums import EpsilonPlace, Loop, OwnWay
from twinrun.contract.optimizers import Adam, AdamW, Optimizer, RmsProp
from twinrun.contract.spec import JobSpec

from services.model.optimizers import coupled, decays, epsilon_set, sets_epsilon
from services.pytorch.optimizers.clipping import clip_as_users_do
from services.pytorch.optimizers.kinds import KINDS
from services.pytorch.optimizers.kinds import Own as OwnKind
from services.pytorch.optimizers.own import Clips, Own, advanced, clip_in_place, tensors
from services.pytorch.optimizers.written import Written, slots, update

__all__ = [
    "Written",
    "advance",
    "idiomatic",
    "in_its_ways",
    "optimizer",
    "slots",
    "state",
    "title",
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
    return _with_rest(spec, parameters, (made, given), clip_in_place)


def _with_rest(
    spec: Optimizer, parameters: Sequence[torch.Tensor], own: OwnKind, clip: Clips
) -> Made:
    """Return PyTorch's ``own`` with the decay, clipping and schedule that the spec has."""
    kind, given = own
    made = kind(_groups(spec, parameters, given), lr=spec.learning_rate, **given)
    plain = spec.schedule is None and spec.clip is None and spec.weight_decay is None
    return made if plain else Own(spec, made, parameters, clip)


def _groups(
    spec: Optimizer, parameters: Sequence[torch.Tensor], given: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the parameters by their decay: AdamW's own, or what is added to the gradient."""
    decay: dict[float, list[torch.Tensor]] = {}
    for parameter in parameters:
        own = given.get("weight_decay", 0.0) if decays(spec, parameter.shape) else 0.0
        decay.setdefault(own or coupled(spec, parameter.shape), []).append(parameter)
    return [{"params": held, "weight_decay": factor} for factor, held in decay.items()]


def idiomatic(spec: Optimizer, parameters: Iterable[torch.Tensor], loop: Loop) -> Made:
    """Return the optimizer that users of PyTorch create.

    Epsilon is left to PyTorch, unless the job sets another than the default.
    """
    epsilon = epsilon_set(spec)
    if loop is Loop.CUSTOM:
        return Written(with_own_epsilon(spec) if epsilon is None else spec, parameters)
    kind, given = KINDS[type(spec.kind)].usual(spec.kind)
    given = given if epsilon is None else {**given, "eps": epsilon}
    return _with_rest(spec, list(parameters), (kind, given), clip_as_users_do)


def epsilon(spec: Optimizer) -> float | None:
    """Return the epsilon of `idiomatic`; None: it has none."""
    held = spec if sets_epsilon(spec) else with_own_epsilon(spec)
    found: float | None = getattr(held.kind, "epsilon", None)
    return found


def in_its_ways(spec: JobSpec) -> JobSpec:
    """Return the spec with PyTorch's epsilon, or its place, if its own ways have that.

    The default takes the place of the job's if that is the default here; RMSprop's is outside the
    root.
    """
    optimizer = spec.optimizer
    if OwnWay.EPSILON_PLACE in spec.own_ways:
        optimizer = _placed(optimizer)
        spec = replace(spec, optimizer=optimizer)
    asked = {OwnWay.ADAM_EPSILON: Adam | AdamW, OwnWay.RMSPROP_EPSILON: RmsProp}
    if not any(isinstance(optimizer.kind, asked.get(way, ())) for way in spec.own_ways):
        return spec
    if not sets_epsilon(optimizer):
        optimizer = with_own_epsilon(optimizer)
    return replace(spec, optimizer=_placed(optimizer))


def _placed(optimizer: Optimizer) -> Optimizer:
    """Return the optimizer with PyTorch's place of epsilon; only RMSprop's is not always that."""
    if not isinstance(optimizer.kind, RmsProp):
        return optimizer
    placed = replace(optimizer.kind, epsilon_place=EpsilonPlace.OUTSIDE)
    return replace(optimizer, kind=placed)


def with_own_epsilon(optimizer: Optimizer) -> Optimizer:
    """Return the optimizer with PyTorch's default epsilon."""
    made, _ = KINDS[type(optimizer.kind)].usual(optimizer.kind)
    default = inspect.signature(made).parameters.get("eps")
    if default is None:
        return optimizer
    return replace(optimizer, kind=replace(optimizer.kind, epsilon=default.default))


def title(made: Made) -> str:
    """Return the name of its class, as PyTorch has it."""
    return type(made.made if isinstance(made, Own) else made).__name__


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
