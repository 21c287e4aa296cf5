"""What TensorFlow computes for each kind of optimizer. One module for each."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar, cast

import numpy as np
import tensorflow as tf
from twinrun.contract import optimizers as contract

from services.model.kinds import optimizer_modules

K_contra = TypeVar("K_contra", contravariant=True)
Factors = tuple[float, float]
Numbers = tuple[tf.Tensor, tf.Tensor]  # rate and epsilon, by `model.optimizers.schedule`


class Kind(Protocol[K_contra]):
    """A module of this folder, for the optimizers of one class."""

    def kernel_factors(self, kind: K_contra, dtype: type[np.floating], /) -> Factors | None:
        """Return by what a plan's rates and epsilons are multiplied for `kernel` in ``dtype``.

        None: no kernel has this formula. A kernel computes 1 - beta in the parameters' precision:
        in float32, 1 - 0.999 is too small by one part in 78,000, and so is the moment, which makes
        the frameworks diverge within about fifty steps. Moments are linear in that factor, so rate
        and epsilon can compensate for it.
        """

    def kernel(
        self,
        kind: K_contra,
        w: tf.Variable,
        g: tf.Tensor,
        state: Sequence[tf.Variable],
        numbers: Numbers,
        /,
    ) -> None:
        """Run one step by TensorFlow's kernel, in place."""

    def step(
        self,
        kind: K_contra,
        w: tf.Variable,
        g: tf.Tensor,
        state: Sequence[tf.Variable],
        numbers: Numbers,
        /,
    ) -> None:
        """Run one step in plain operations, in place."""


def too_large(beta: float, dtype: type[np.floating]) -> float:
    """Return the factor by which a kernel's moment is too large; 0: ``dtype`` rounds beta to 1."""
    return (1 - float(dtype(beta))) / (1 - beta)


def as_tensor(number: float, like: tf.Tensor | tf.Variable) -> tf.Tensor:
    """Return the number in the precision of ``like``, as kernels take it."""
    return tf.constant(number, like.dtype)


# Each module takes the one class under which it is found.
KINDS = cast(
    "Mapping[type, Kind[contract.Kind]]", optimizer_modules("services.tensorflow.optimizers")
)
