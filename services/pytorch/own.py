"""What PyTorch does by default, where a job lets it: by its own code, not an imitation."""

import inspect
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from services.pytorch import custom
from services.spec import (
    Adam,
    AdamW,
    Conv2d,
    CustomDense,
    Dense,
    Execution,
    JobSpec,
    Layer,
    Optimizer,
    OwnWay,
)
from services.workload import layers as shapes
from services.workload.weights import Weights


def as_it_does(spec: JobSpec) -> JobSpec:
    """The spec with what PyTorch's own ways change of it."""
    if OwnWay.ADAM_EPSILON in spec.own_ways:
        spec = replace(spec, optimizer=with_own_epsilon(spec.optimizer))
    if OwnWay.JIT_COMPILE in spec.own_ways:
        spec = replace(spec, execution=Execution.DEFAULT)  # it compiles when it is asked to
    return spec


def with_own_epsilon(optimizer: Optimizer) -> Optimizer:
    """With the epsilon that PyTorch has by default."""
    match optimizer.kind:
        case Adam() | AdamW() as kind:
            made = getattr(torch.optim, type(kind).__name__)
            default = inspect.signature(made).parameters["eps"].default
            return replace(optimizer, kind=replace(kind, epsilon=default))
        case _:
            return optimizer


def initial_weights(
    layers: Sequence[Layer], shape: tuple[int, ...], seed: int, dtype: np.dtype[np.floating]
) -> Weights:
    """As PyTorch's modules draw them, for samples of ``shape`` [h, w, c]."""
    torch.manual_seed(seed)
    found = {}
    for index, layer in enumerate(layers):
        drawn: tuple[torch.Tensor, torch.Tensor] | None = None  # kernel and bias
        match layer:
            case Dense(units):
                linear = torch.nn.Linear(shape[0], units)
                drawn = linear.weight.T, linear.bias
            case CustomDense(units, stddev):
                own = custom.CustomDense(shape[0], units, stddev)
                drawn = own.kernel, own.bias
            case Conv2d(filters, size):
                conv = torch.nn.Conv2d(shape[-1], filters, size)
                drawn = conv.weight.permute(2, 3, 1, 0), conv.bias
        if drawn is not None:
            arrays = [tensor.detach().numpy().astype(dtype, order="C") for tensor in drawn]
            found[f"layers.{index}.kernel"], found[f"layers.{index}.bias"] = arrays
        shape = shapes.output_shape(layer, shape)
    return found


def permutation(seed: int, epoch: int, samples: int) -> NDArray[np.int32]:
    """Sample indices of an epoch, int32[samples], as `DataLoader` shuffles them."""
    generator = torch.Generator().manual_seed(seed)
    sampler = torch.utils.data.RandomSampler(range(samples), generator=generator)
    for _ in range(epoch):
        list(sampler)
    return np.fromiter(sampler, np.int32, samples)
