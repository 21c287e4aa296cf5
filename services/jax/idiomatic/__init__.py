"""The idiomatic recipe: what JAX's users write today, with Flax NNX, Optax and Grain."""
