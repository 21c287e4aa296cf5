"""What a model of Flax computes, for tests of the corpus."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from tests.builders.ports import Learned, Port, values


def learned(port: Port, build: Callable[[], nnx.Module], count: int) -> Learned:
    """Return what the model computes and learns from ``count`` samples, in float64."""
    model = build()
    for _, module in nnx.iter_modules(model):
        for name in ("dtype", "param_dtype"):
            if getattr(module, name, None) is not None:
                setattr(module, name, jnp.float64)
    inputs = jnp.asarray(port.samples(count)[0])
    graphs = {}
    for training in (True, False):
        (model.train if training else model.eval)()
        graphs[training], *parts = nnx.split(model, nnx.Param, nnx.BatchStat, ...)
    parameters, statistics, others = parts
    leaves, tree = jax.tree.flatten(parameters)
    initial = [np.asarray(leaf) for leaf in leaves]
    given = [jnp.asarray(value) for value in values(initial)]
    statistics = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), statistics)

    def merged(given: list[jax.Array], *, training: bool) -> nnx.Module:
        # Copied: a call changes variables, as of random numbers.
        rest = (jax.tree.map(lambda leaf: leaf, each) for each in (statistics, others))
        return nnx.merge(graphs[training], jax.tree.unflatten(tree, given), *rest)

    def trained(given: list[jax.Array]):
        made = merged(given, training=True)
        logits = made(inputs)
        return (logits**2).sum(), (logits, jax.tree.leaves(nnx.state(made, nnx.BatchStat)))

    def evaluated(given: list[jax.Array]) -> jax.Array:
        return merged(given, training=False)(inputs)

    @jax.jit
    def all_of(given: list[jax.Array]):
        return jax.value_and_grad(trained, has_aux=True)(given), evaluated(given)

    ((_, (logits, moved)), gradients), final = all_of(given)
    return Learned(
        paths=frozenset(".".join(map(str, path)) for path, _ in nnx.iter_modules(model)),
        initial=initial,
        trained=np.asarray(logits),
        gradients=[np.asarray(each) for each in gradients],
        statistics=[np.asarray(each) for each in moved],
        evaluated=np.asarray(final),
    )
