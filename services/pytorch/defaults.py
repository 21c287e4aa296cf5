"""PyTorch's defaults, for jobs that use them: by its own code, not an imitation."""

import inspect
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from twinrun.contract import nesting
from twinrun.contract.enums import DecayForm, Distribution, Execution, FanMode, OwnWay
from twinrun.contract.initializers import Normal, VarianceScaling
from twinrun.contract.layers import BatchNorm, GroupNorm, LayerNorm, RmsNorm
from twinrun.contract.norms import Norm
from twinrun.contract.spec import JobSpec

from services.model import shapes
from services.model.own import Defaults, changed, symmetric
from services.model.weights import Weights, initial, parameter_dtype
from services.pytorch import model, optimizers


def as_it_does(spec: JobSpec) -> JobSpec:
    """Return the spec as changed by PyTorch's own ways."""
    spec = optimizers.in_its_ways(spec)
    dtype = torch.from_numpy(np.empty(0, parameter_dtype(spec.precision))).dtype
    spec = changed(
        spec,
        Defaults(
            epsilon=lambda layer: _epsilon(layer, dtype),
            momentum=1 - _default(nn.BatchNorm1d, "momentum"),
            decay=DecayForm.COUPLED,
            initializers=dict.fromkeys(("kernel_initializer", "bias_initializer"), _UNIFORM),
            table=lambda _: Normal(1.0),
        ),
    )
    if OwnWay.SAME_PADDING in spec.own_ways:
        spec = symmetric(spec)
    if OwnWay.JIT_COMPILE in spec.own_ways:
        spec = replace(spec, execution=Execution.DEFAULT)  # it compiles only if requested
    return spec


# What `torch.nn.Linear` and its convolutions draw kernel and bias from: U(+-1 / sqrt(fan in)).
_UNIFORM = VarianceScaling(1 / 3, FanMode.IN, Distribution.UNIFORM)


def _default(kind: type[nn.Module], name: str) -> float:
    return float(inspect.signature(kind).parameters[name].default)


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


def number(layer: Norm, field: str) -> float:
    """Return PyTorch's own of a norm's ``field``, epsilon or momentum, on float32."""
    if field == "momentum":
        return 1 - _default(nn.BatchNorm1d, "momentum")
    return _epsilon(layer, torch.float32)


def initial_weights(spec: JobSpec, shape: tuple[int, ...]) -> Weights:
    """Draw weights as PyTorch's modules do, for samples of ``shape`` [h, w, c].

    Or by the spec's own initialisers, which are then PyTorch's, and the shared generator.
    """
    if OwnWay.INITIAL_WEIGHTS not in spec.own_ways:
        return initial(spec.layers, shape, spec.seed, spec.precision)
    layers, dtype = spec.layers, parameter_dtype(spec.precision)
    torch.manual_seed(spec.seed)
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
