"""The model as users of Flax build it, and its arrays by canonical names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import assert_never

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray
from twinrun.contract.enums import Precision
from twinrun.contract.layers import Concat, Conv2dTranspose, Layer, Repeat, Residual
from twinrun.contract.nesting import NESTS

from services.jax.idiomatic import sequences
from services.jax.idiomatic.layers import Made, idiomatic
from services.jax.idiomatic.making import Making
from services.model import padding, shapes
from services.model.layers.parameter import Parameter
from services.model.shapes import Placed
from services.model.weights import Weights


class Sum(nnx.Module):  # type: ignore[misc] # Flax's is Any
    """``layers(x) + shortcut(x)``; a shortcut without layers is ``x`` itself."""

    def __init__(self, layers: nnx.Sequential, shortcut: nnx.Sequential) -> None:
        self.layers, self.shortcut = layers, shortcut

    def __call__(self, x: jax.Array, *counted: jax.Array) -> jax.Array:
        made: jax.Array = self.layers(x, *counted) + self.shortcut(x, *counted)
        return made


class Beside(nnx.Module):  # type: ignore[misc]
    """What ``branches`` make of x, side by side."""

    def __init__(self, branches: Sequence[nnx.Sequential]) -> None:
        self.branches = nnx.List(branches)

    def __call__(self, x: jax.Array, *counted: jax.Array) -> jax.Array:
        return jnp.concatenate([branch(x, *counted) for branch in self.branches], -1)


class Masked(nnx.Sequential):  # type: ignore[misc]
    """Layers of sequences, some of which are also given which steps are ``counted``.

    The first ones of a model are given codes [batch, time], of which ``padding`` does not count.
    """

    def __init__(self, *layers: Made, padding: int | None = None) -> None:
        super().__init__(*layers)
        self.padding = padding

    def __call__(self, x: jax.Array, counted: jax.Array | None = None) -> jax.Array:
        if counted is None:
            counted = x != self.padding
        for layer in self.layers:
            given = signature(layer.__call__ if isinstance(layer, nnx.Module) else layer)
            x = layer(x, counted) if "counted" in given.parameters else layer(x)
        return x


@dataclass(frozen=True, slots=True)
class Users:
    """A model up to the logits; ``made``: what each layer of the spec became, by its name."""

    network: nnx.Sequential
    made: Mapping[str, tuple[Layer, Made]]
    parameters: Sequence[Parameter]

    def logits(
        self, network: nnx.Module, images: jax.Array, draws: jax.Array | None, *, training: bool
    ) -> jax.Array:
        """Return what the ``network`` makes, as `services.jax.code.users.UsersModel`."""
        del draws, training  # its dropouts have generators, and know when they drop
        made: jax.Array = network(images)
        return made

    def weights(self) -> Weights:
        """Return the arrays with canonical names and layouts."""
        return {
            each.name: self._turned(each, np.asarray(self._held(each)[...]))
            .reshape(each.shape)
            .copy()
            for each in self.parameters
        }

    def load(self, weights: Weights) -> None:
        """Set the arrays that ``weights`` has."""
        for each in self.parameters:
            if each.name in weights:
                held = self._held(each)
                array = self._turned(each, weights[each.name]).reshape(held.shape)
                held[...] = jnp.array(array, held.dtype)

    def _held(self, parameter: Parameter) -> nnx.Variable:
        name, part = self._of(parameter)
        return variable(self.made[name][1], part)

    def _of(self, parameter: Parameter) -> tuple[str, str]:
        """Return the name of a parameter's layer, and of its part."""
        name, _, part = parameter.name.rpartition(".")
        if name not in self.made:  # one way of two
            name, _, way = name.rpartition(".")
            part = f"{way}.{part}"
        return name, part

    def _turned(self, parameter: Parameter, array: NDArray[np.floating]) -> NDArray[np.floating]:
        """Turn a kernel that spreads pixels, either way: in Flax it slides, from in to out."""
        name, part = self._of(parameter)
        if part == "kernel" and isinstance(self.made[name][0], Conv2dTranspose):
            return array[::-1, ::-1].swapaxes(2, 3)
        return array


_NAMES = {
    "gamma": "scale",
    "beta": "bias",
    "moving_mean": "mean",
    "moving_variance": "var",
    "table": "embedding",
}
_OF_CELLS = {
    "kernel": ("dense_i", "kernel"),
    "recurrent_kernel": ("dense_h", "kernel"),
    "recurrent_bias": ("dense_h", "bias"),
}
_WAYS = {"forward": "forward_rnn", "backward": "backward_rnn"}


def variable(module: Made, part: str) -> nnx.Variable:
    """Return the variable of a module of `idiomatic` that a ``part`` of canonical weights is."""
    if isinstance(module, sequences.BothWays):
        way, _, part = part.partition(".")
        return variable(getattr(module, _WAYS[way]), part)
    if isinstance(module, sequences.Recurrent):
        of_bias = "dense_h" if isinstance(module.cell, nnx.OptimizedLSTMCell) else "dense_i"
        dense, name = _OF_CELLS.get(part, (of_bias, "bias"))
        return getattr(getattr(module.cell, dense), name)
    if isinstance(module, sequences.ToItself):
        of, _, name = part.rpartition("_")
        return getattr(getattr(module, "out" if of == "output" else of), name)
    if isinstance(module, sequences.Positions):
        module = module.table
    return getattr(module, _NAMES.get(part, part))


def users(
    layers: Sequence[Layer], shape: tuple[int, ...], seed: int, precision: Precision
) -> Users:
    """Return the model of a spec's ``layers``, for samples of ``shape`` [h, w, c]."""
    trained = shapes.trained_layers(layers)
    made: dict[str, tuple[Layer, Made]] = {}
    making = Making(nnx.Rngs(seed), precision)
    leaves = iter(shapes.placed(trained, shape))
    code = padding.code(layers)
    chain = nnx.Sequential if code is None else Masked
    several = _Several(leaves, making, chain, made)
    network = several(trained)
    if code is not None:
        network.padding = code
    return Users(network, made, shapes.parameters(layers, shape))


@dataclass(frozen=True, slots=True)
class _Several:
    """Makes what several layers are; ``chain``: the class of what holds them."""

    leaves: Iterator[Placed]
    making: Making
    chain: type[nnx.Sequential]
    made: dict[str, tuple[Layer, Made]]

    def __call__(self, layers: Sequence[Layer]) -> nnx.Sequential:
        return self.chain(*(self._one(layer) for layer in layers))

    def _one(self, layer: Layer) -> Made:
        if not isinstance(layer, NESTS):
            each = next(self.leaves)
            found = idiomatic(layer, each.taken, self.making)
            self.made[each.name] = layer, found
            return found
        match layer:
            case Residual(inner, shortcut):
                return Sum(self(inner), self(shortcut))
            case Concat(branches):
                return Beside([self(branch.layers) for branch in branches])
            case Repeat(times, inner):
                return self.chain(*(self(inner) for _ in range(times)))
            case _:
                assert_never(layer)
