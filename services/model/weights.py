"""A model's parameters: initial values drawn from the seed, and the file that stores them."""

import math
from collections.abc import Mapping, Sequence
from typing import assert_never

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray
from twinrun.contract.code import CodeTensor
from twinrun.contract.enums import Distribution, FanMode, Precision
from twinrun.contract.initializers import (
    Constant,
    Normal,
    Orthogonal,
    TruncatedNormal,
    VarianceScaling,
    Zeros,
)
from twinrun.contract.layers import Layer

from services.errors import BadWeights
from services.model import shapes
from services.model.layers.parameter import Ones, Parameter

# Canonical name to array: dense kernels [in, out]. In the parameters' own precision.
Weights = Mapping[str, NDArray[np.floating]]


def parameter_dtype(precision: Precision) -> np.dtype[np.floating]:
    """Return the precision in which parameters and optimizer state are kept."""
    return np.dtype(np.float64 if precision is Precision.FLOAT64 else np.float32)


def perturbed(weights: Weights, seed: int, draw: int) -> Weights:
    """Move every nonzero value by one unit in its last place, up or down by a ``draw`` from 1."""
    generator = np.random.Generator(np.random.Philox(key=[seed, 2**35 + draw - 1]))
    moved = {}
    for name, array in weights.items():
        towards = np.where(generator.random(array.shape) < 0.5, -np.inf, np.inf)
        moved[name] = np.where(array == 0, array, np.nextafter(array, towards.astype(array.dtype)))
    return moved


def initial(
    layers: Sequence[Layer], shape: tuple[int, ...], seed: int, precision: Precision
) -> Weights:
    """Draw initial values for samples of ``shape`` in float64, one Philox stream a parameter."""
    return drawn(shapes.parameters(layers, shape), seed, precision)


def drawn(parameters: Sequence[Parameter], seed: int, precision: Precision) -> Weights:
    """Draw initial values of these, one stream each, by their places."""
    return {
        parameter.name: _draw(parameter, seed, index).astype(parameter_dtype(precision))
        for index, parameter in enumerate(parameters)
    }


def _draw(parameter: Parameter, seed: int, index: int) -> NDArray[np.float64]:
    generator = np.random.Generator(np.random.Philox(key=[seed, 2**32 + index]))
    match parameter.initializer:
        case Zeros():
            return np.zeros(parameter.shape)
        case Ones():
            return np.ones(parameter.shape)
        case Normal(stddev):
            return generator.normal(0.0, stddev, parameter.shape)
        case TruncatedNormal(stddev):
            return stddev * _truncated(generator, parameter.shape)
        case Constant(value):
            return np.full(parameter.shape, value)
        case Orthogonal(gain):
            return gain * _orthogonal(generator, parameter.shape)
        case VarianceScaling(scale, mode, distribution):
            fans = {
                FanMode.IN: parameter.fan_in,
                FanMode.OUT: parameter.fan_out,
                FanMode.AVERAGE: (parameter.fan_in + parameter.fan_out) / 2,
            }
            variance = scale / fans[mode]
            if distribution is Distribution.NORMAL:
                return generator.normal(0.0, math.sqrt(variance), parameter.shape)
            limit = math.sqrt(3 * variance)
            return generator.uniform(-limit, limit, parameter.shape)
        case _:
            assert_never(parameter.initializer)


def _truncated(generator: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Draw standard normal values; those beyond 2 again, all at once, until there are none."""
    drawn = generator.standard_normal(shape)
    while (far := np.abs(drawn) > 2).any():
        drawn[far] = generator.standard_normal(far.sum())
    return drawn


def _orthogonal(generator: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Draw a matrix [all axes but the last, last axis] with orthonormal columns, or rows if fewer.

    The sums are NumPy's: those of BLAS, and so of `np.linalg.qr`, depend on the number of threads,
    and two runners would begin with values that differ in their last places.
    """
    rows, columns = math.prod(shape[:-1]), shape[-1]
    vectors = generator.standard_normal((min(rows, columns), max(rows, columns)))
    for index, vector in enumerate(vectors):
        before = vectors[:index]
        for _ in range(2):  # once leaves rounding in vectors that were nearly parallel
            shares = (before * vector).sum(axis=1)
            vector -= (before * shares[:, None]).sum(axis=0)  # noqa: PLW2901 - in place
        vector /= math.sqrt(np.square(vector).sum())  # noqa: PLW2901 - in place
    return (vectors.T if rows >= columns else vectors).reshape(shape)


def to_safetensors(arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Write named arrays as a safetensors file; equal arrays give equal bytes."""
    return safetensors.numpy.save({name: np.ascontiguousarray(a) for name, a in arrays.items()})


def from_safetensors(
    content: bytes, arrays: Sequence[Parameter | CodeTensor], precision: Precision
) -> Weights:
    """Read the weights in a safetensors file, in the order of ``arrays``.

    They are cast to the precision's own.

    Raises BadWeights if the file cannot be read, or its names or shapes are not the model's.
    """
    try:
        found = safetensors.numpy.load(content)
    except safetensors.SafetensorError as error:
        raise BadWeights(f"The weights are not a safetensors file: {error}.") from error
    expected = {array.name: array.shape for array in arrays}
    given = {name: array.shape for name, array in found.items()}
    if given != expected:
        differing = sorted(
            name for name in given.keys() | expected.keys() if given.get(name) != expected.get(name)
        )
        misfits = (
            f"{name} is {given.get(name, 'missing')}, the model has {expected.get(name, 'none')}"
            for name in differing
        )
        raise BadWeights(f"The weights are not this model's: {'; '.join(misfits)}.")
    return {name: found[name].astype(parameter_dtype(precision)) for name in expected}
