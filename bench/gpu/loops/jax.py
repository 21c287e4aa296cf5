"""JAX's bare loop: a scan over the steps of a call, in one jit."""

import itertools
import os
from collections.abc import Callable

import numpy as np

from services.machine import before_jax

os.environ.update(before_jax.variables())

import jax
import jax.numpy as jnp
from jax import lax

from bench import workload
from bench.interleave import Variant
from services.data.arrays import Data

STEPS = 100  # in one call
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


def _normal(generator: np.random.Generator, *shape: int) -> jax.Array:
    scale = np.sqrt(2 / np.prod(shape[:-1]))
    return jnp.asarray(generator.normal(0, scale, shape), jnp.float32)


def _mlp(generator: np.random.Generator) -> tuple[list[jax.Array], object]:
    sizes = (784, 128, 64, 10)
    kernels = [_normal(generator, a, b) for a, b in itertools.pairwise(sizes)]

    def logits(parameters: list[jax.Array], images: jax.Array) -> jax.Array:
        x = images.reshape(len(images), -1)
        for number, (kernel, bias) in enumerate(
            zip(parameters[::2], parameters[1::2], strict=True)
        ):
            x = x @ kernel + bias
            x = x if number == len(sizes) - 2 else jax.nn.relu(x)
        return x

    return [each for kernel in kernels for each in (kernel, jnp.zeros(kernel.shape[-1]))], logits


def _cnn(generator: np.random.Generator) -> tuple[list[jax.Array], object]:
    shapes = ((5, 5, 1, 32), (5, 5, 32, 64), (1024, 128), (128, 10))
    kernels = [_normal(generator, *shape) for shape in shapes]

    def logits(parameters: list[jax.Array], images: jax.Array) -> jax.Array:
        x = images
        for kernel, bias in zip(parameters[:4:2], parameters[1:4:2], strict=True):
            x = lax.conv_general_dilated(
                x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
            )
            x = jax.nn.relu(x + bias)
            x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        x = jax.nn.relu(x.reshape(len(x), -1) @ parameters[4] + parameters[5])
        return x @ parameters[6] + parameters[7]

    return [each for kernel in kernels for each in (kernel, jnp.zeros(kernel.shape[-1]))], logits


def scan(network: str, data: Data, device: str) -> Variant:
    """Return an epoch as calls of STEPS steps each, all of one length."""
    where = jax.devices("gpu" if device == "cuda" else "cpu")[0]
    generator = np.random.default_rng(0)
    parameters, logits = {"mlp": _mlp, "cnn": _cnn}[network](generator)
    images, labels, parameters = jax.device_put(
        (data.train_images, data.train_labels, parameters), where
    )
    zeros = [jnp.zeros_like(each) for each in parameters]
    state = jax.device_put((parameters, zeros, zeros, jnp.float32(0)), where)

    def loss_of(parameters: list[jax.Array], batch: jax.Array) -> jax.Array:
        made = jax.nn.log_softmax(logits(parameters, images[batch]))
        return -jnp.take_along_axis(made, labels[batch][:, None], 1).mean()

    def step(state: tuple, batch: jax.Array) -> tuple:
        weights, first, second, taken = state
        loss, gradients = jax.value_and_grad(loss_of)(weights, batch)
        taken += 1
        first = [BETA_1 * m + (1 - BETA_1) * g for m, g in zip(first, gradients, strict=True)]
        second = [BETA_2 * v + (1 - BETA_2) * g * g for v, g in zip(second, gradients, strict=True)]
        root = jnp.sqrt(1 - BETA_2**taken)
        rate = workload.LEARNING_RATE * root / (1 - BETA_1**taken)
        weights = [
            w - rate * m / (jnp.sqrt(v) + EPSILON * root)
            for w, m, v in zip(weights, first, second, strict=True)
        ]
        return (weights, first, second, taken), loss

    steps = jax.jit(lambda state, batches: lax.scan(step, state, batches))

    def epoch() -> None:
        nonlocal state
        order = generator.permutation(len(data.train_labels)).astype(np.int32)
        calls = len(order) // (workload.BATCH * STEPS)
        for batches in order[: calls * STEPS * workload.BATCH].reshape(calls, STEPS, -1):
            state, losses = steps(state, jax.device_put(batches, where))
            np.asarray(losses)

    return Variant(epoch)


def product(side: int) -> Callable[[], None]:
    """Return what multiplies square matrices on the first card, and waits for it."""
    ones = jnp.ones((side, side))

    def multiply() -> None:
        nonlocal ones
        ones = (ones @ ones).clip(-1, 1).block_until_ready()

    return multiply


def variants(data: Data, network: str, device: str) -> dict[str, Variant]:
    """Return the loop of a network, ``mlp`` or ``cnn``."""
    return {f"bare, scan over {STEPS} steps": scan(network, data, device)}
