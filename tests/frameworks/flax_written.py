"""What users' layers and optimizers of Flax and Optax say of themselves."""


def layer(given, shape):
    """Return all that is fixed in the layer's module, and the shapes of what it holds."""
    import jax  # noqa: PLC0415 - of one environment alone
    from flax import nnx  # noqa: PLC0415

    from services.jax.idiomatic import layers, making  # noqa: PLC0415

    found = layers.idiomatic(given, shape, making.Making(nnx.Rngs(1)))
    if not isinstance(found, nnx.Module):
        return str(found)
    graph, state = nnx.split(found)
    return str(graph), str(nnx.to_flat_state(jax.tree.map(jax.numpy.shape, state)))


def optimizer(spec):
    """Return the function of Optax and its arguments, and its epsilon."""
    from services.jax.idiomatic import optimizers  # noqa: PLC0415

    return str(optimizers.usual(spec)), optimizers.epsilon(spec)
