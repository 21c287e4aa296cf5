"""PyTorch's defaults, for jobs that use them: by its own code, not an imitation."""

import inspect
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from twinrun.contract import nesting
from twinrun.contract.enums import DecayForm, Execution, OwnWay
from twinrun.contract.layers import BatchNorm, GroupNorm, Layer, LayerNorm, RmsNorm
from twinrun.contract.norms import Norm
from twinrun.contract.spec import JobSpec

from services.model import shapes
from services.model.own import changed
from services.model.weights import Weights, parameter_dtype
from services.pytorch import model, optimizers


def as_it_does(spec: JobSpec) -> JobSpec:
    """Return the spec as changed by PyTorch's own ways."""
    spec = optimizers.in_its_ways(spec)
    dtype = torch.from_numpy(np.empty(0, parameter_dtype(spec.precision))).dtype
    spec = changed(spec, lambda layer: _epsilon(layer, dtype), DecayForm.COUPLED)
    if OwnWay.JIT_COMPILE in spec.own_ways:
        spec = replace(spec, execution=Execution.DEFAULT)  # it compiles only if requested
    return spec


def _epsilon(layer: Norm, dtype: torch.dtype) -> float:
    """Return the default of PyTorch's module for the layer, on arrays of ``dtype``."""
    modules: dict[type, type[nn.Module]] = {
        BatchNorm: nn.BatchNorm1d,
        LayerNorm: nn.LayerNorm,
        GroupNorm: nn.GroupNorm,
        RmsNorm: nn.RMSNorm,
    }
    default = inspect.signature(modules[type(layer)]).parameters["eps"].default
    return torch.finfo(dtype).eps if default is None else float(default)


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
