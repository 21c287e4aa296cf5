from functools import partial

import jax.numpy as jnp
from flax import nnx


class CNN(nnx.Module):
    """The CNN of Flax's tutorial, ported from PyTorch."""

    def __init__(self, *, rngs: nnx.Rngs):
        self.conv1 = nnx.Conv(1, 6, kernel_size=(3, 3), padding="VALID", rngs=rngs)
        self.conv2 = nnx.Conv(6, 16, kernel_size=(2, 2), padding="VALID", rngs=rngs)
        self.max_pool = partial(nnx.max_pool, window_shape=(2, 2), strides=(2, 2))
        self.linear1 = nnx.Linear(16 * 2 * 2, 60, rngs=rngs)
        self.linear2 = nnx.Linear(60, 42, rngs=rngs)
        self.linear3 = nnx.Linear(42, 10, rngs=rngs)

    def __call__(self, x):
        x = self.max_pool(nnx.relu(self.conv1(x)))
        x = self.max_pool(nnx.relu(self.conv2(x)))
        # channels first, so that the PyTorch checkpoint fits
        x = jnp.transpose(x, (0, 3, 1, 2)).reshape(x.shape[0], -1)
        x = nnx.relu(self.linear1(x))
        x = nnx.relu(self.linear2(x))
        return self.linear3(x)


def build(rngs=nnx.Rngs(0)):
    return CNN(rngs=rngs)
