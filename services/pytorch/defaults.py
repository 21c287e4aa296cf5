"""PyTorch's defaults, for jobs that use them: by its own code, not an imitation."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from twinrun.contract import nesting
from twinrun.contract.enums import Execution, OwnWay
from twinrun.contract.layers import Layer
from twinrun.contract.spec import JobSpec

from services.model import shapes
from services.model.optimizers import sets_epsilon
from services.model.weights import Weights
from services.pytorch import model
from services.pytorch.optimizers import with_own_epsilon


def as_it_does(spec: JobSpec) -> JobSpec:
    """Return the spec as changed by PyTorch's own ways."""
    if OwnWay.ADAM_EPSILON in spec.own_ways and not sets_epsilon(spec.optimizer):
        spec = replace(spec, optimizer=with_own_epsilon(spec.optimizer))
    if OwnWay.JIT_COMPILE in spec.own_ways:
        spec = replace(spec, execution=Execution.DEFAULT)  # it compiles only if requested
    return spec


def initial_weights(
    layers: Sequence[Layer], shape: tuple[int, ...], seed: int, dtype: np.dtype[np.floating]
) -> Weights:
    """Draw weights as PyTorch's modules do, for samples of ``shape`` [h, w, c]."""
    torch.manual_seed(seed)
    modules = model.sequential(layers, shape)
    return {
        f"{name}.{part}": tensor.numpy().astype(dtype, order="C")
        for name, layer in nesting.named(shapes.trained_layers(layers))
        for part, tensor in model.held(layer, model.module_of(modules, name)).items()
    }


def permutation(seed: int, epoch: int, samples: int) -> NDArray[np.int32]:
    """Return sample indices of an epoch, int32[samples], as `DataLoader` shuffles them."""
    generator = torch.Generator().manual_seed(seed)
    sampler = torch.utils.data.RandomSampler(range(samples), generator=generator)
    for _ in range(epoch):
        list(sampler)
    return np.fromiter(sampler, np.int32, samples)
