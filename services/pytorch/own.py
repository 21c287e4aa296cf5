"""What PyTorch does by default, where a job lets it: by its own code, not an imitation."""

import inspect
from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

import numpy as np
import torch
from numpy.typing import NDArray
from twinrun.contract.enums import Execution, OwnWay
from twinrun.contract.layers import Layer
from twinrun.contract.optimizers import Adam, AdamW, Optimizer, Sgd
from twinrun.contract.spec import JobSpec

from services.model.weights import Weights
from services.pytorch import modules


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
        case Sgd():
            return optimizer
        case _:
            assert_never(optimizer.kind)


def initial_weights(
    layers: Sequence[Layer], shape: tuple[int, ...], seed: int, dtype: np.dtype[np.floating]
) -> Weights:
    """As PyTorch's modules draw them, for samples of ``shape`` [h, w, c]."""
    torch.manual_seed(seed)
    return {
        f"layers.{index}.{part}": tensor.numpy().astype(dtype, order="C")
        for index, module in enumerate(modules.sequential(layers, shape))
        for part, tensor in modules.held(module).items()
    }


def permutation(seed: int, epoch: int, samples: int) -> NDArray[np.int32]:
    """Sample indices of an epoch, int32[samples], as `DataLoader` shuffles them."""
    generator = torch.Generator().manual_seed(seed)
    sampler = torch.utils.data.RandomSampler(range(samples), generator=generator)
    for _ in range(epoch):
        list(sampler)
    return np.fromiter(sampler, np.int32, samples)
