"""JAX: the trainer, and the loop that it is compared with.

``python -m bench.jax`` in JAX's environment. The loop is the benchmark's own: what a good user
would write, Optax's Adam in one jitted `lax.scan` an epoch.
"""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from twinrun.contract.spec import JobSpec

from bench import interleave, report, workload
from bench.interleave import Variant
from bench.report import Target
from services import jax as services_jax
from services.data.arrays import Data

import jax  # isort: skip - after the trainer's module, which sets what JAX reads at its import
import jax.numpy as jnp  # isort: skip
import optax  # isort: skip

Parameters = list[tuple[jax.Array, jax.Array]]  # kernel and bias of each layer
Logits = Callable[[Parameters, jax.Array], jax.Array]


def initial(shapes: Sequence[tuple[int, ...]]) -> Parameters:
    """Draw kernels as `he_normal`, with biases of zeros."""
    draw = jax.nn.initializers.he_normal()
    keys = jax.random.split(jax.random.key(0), len(shapes))
    return [
        (draw(key, shape, jnp.float32), jnp.zeros(shape[-1], jnp.float32))
        for key, shape in zip(keys, shapes, strict=True)
    ]


MLP = ((784, 128), (128, 64), (64, 10))


def mlp(parameters: Parameters, images: jax.Array) -> jax.Array:
    x = images.reshape(len(images), -1)
    for kernel, bias in parameters[:-1]:
        x = jax.nn.relu(x @ kernel + bias)
    kernel, bias = parameters[-1]
    return x @ kernel + bias


def scan(logits: Logits, parameters: Parameters, data: Data) -> Variant:
    """Return an epoch as one call of a jitted scan over its whole batches, and one of the rest."""
    images, labels = jnp.asarray(data.train_images), jnp.asarray(data.train_labels)
    optimizer = optax.adam(workload.LEARNING_RATE)
    state = parameters, optimizer.init(parameters)
    whole = len(labels) // workload.BATCH * workload.BATCH

    def loss_of(parameters: Parameters, batch: jax.Array) -> jax.Array:
        made = logits(parameters, images[batch])
        return optax.softmax_cross_entropy_with_integer_labels(made, labels[batch]).mean()

    def step(state: tuple, batch: jax.Array) -> tuple:
        parameters, moments = state
        loss, gradients = jax.value_and_grad(loss_of)(parameters, batch)
        updates, moments = optimizer.update(gradients, moments)
        return (optax.apply_updates(parameters, updates), moments), loss

    steps = jax.jit(lambda state, batches: jax.lax.scan(step, state, batches))
    generator = np.random.default_rng(0)

    def epoch() -> None:
        nonlocal state
        order = generator.permutation(len(labels)).astype(np.int32)
        state, losses = steps(state, order[:whole].reshape(-1, workload.BATCH))
        if whole < len(order):
            state, _ = steps(state, order[None, whole:])
        np.asarray(losses)

    return Variant(epoch)


def matched(job: JobSpec, data: Data) -> Variant:
    trainer = services_jax.Trainer(job, data, workload.initial(job))
    trainer.warm_up()
    epochs = itertools.count()
    return Variant(lambda: list(trainer.train_epoch(next(epochs))))


def across(_: JobSpec, data: Data) -> dict[str, Variant]:
    """Return what `bench.across` has of the MLP beside the matched job, which is compiled."""
    return {"mlp, bare scan": scan(mlp, initial(MLP), data)}


TARGETS = (Target("matched, default", "bare scan", 1.05),)


def main() -> None:
    chosen = workload.options()
    job = workload.spec(chosen)
    data = workload.load(chosen, job)
    variants = {
        "matched, default": matched(job, data),
        "bare scan": scan(mlp, initial(MLP), data),
        interleave.NUMPY: Variant(interleave.numpy_products()),
    }
    a, b = jax.random.uniform(jax.random.key(0), (2, interleave.SIDE, interleave.SIDE), jnp.float32)
    multiply = jax.jit(jnp.matmul)
    variants["products, JAX"] = Variant(
        interleave.products(lambda: multiply(a, b).block_until_ready())
    )
    interleave.measure(variants, chosen.rounds, chosen.slow_rounds)
    report.save(chosen, services_jax.environment(chosen.threads), variants, TARGETS)


if __name__ == "__main__":
    main()
