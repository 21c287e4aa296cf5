import jax.numpy as jnp
from flax import nnx


class DoubleConv(nnx.Module):
    def __init__(self, cin, cout, *, rngs):
        self.conv1 = nnx.Conv(cin, cout, (3, 3), use_bias=False, rngs=rngs)
        self.norm1 = nnx.BatchNorm(cout, epsilon=1e-3, rngs=rngs)
        self.conv2 = nnx.Conv(cout, cout, (3, 3), use_bias=False, rngs=rngs)
        self.norm2 = nnx.BatchNorm(cout, epsilon=1e-3, rngs=rngs)

    def __call__(self, x):
        x = nnx.relu(self.norm1(self.conv1(x)))
        return nnx.relu(self.norm2(self.conv2(x)))


class UNet(nnx.Module):
    def __init__(self, channels, classes, *, rngs: nnx.Rngs):
        self.down0 = DoubleConv(channels, 8, rngs=rngs)
        self.down1 = DoubleConv(8, 16, rngs=rngs)
        self.bottom = DoubleConv(16, 32, rngs=rngs)
        self.up1 = nnx.ConvTranspose(32, 16, (2, 2), strides=(2, 2), rngs=rngs)
        self.conv1 = DoubleConv(32, 16, rngs=rngs)
        self.up0 = nnx.ConvTranspose(16, 8, (2, 2), strides=(2, 2), transpose_kernel=True, rngs=rngs)
        self.conv0 = DoubleConv(16, 8, rngs=rngs)
        self.out = nnx.Conv(8, classes, (1, 1), rngs=rngs)

    def __call__(self, x):
        x0 = self.down0(x)
        x1 = self.down1(nnx.max_pool(x0, (2, 2), strides=(2, 2)))
        x = self.bottom(nnx.max_pool(x1, (2, 2), strides=(2, 2)))
        x = self.conv1(jnp.concatenate([x1, self.up1(x)], axis=-1))
        x = self.conv0(jnp.concatenate([x0, self.up0(x)], axis=-1))
        return self.out(x).mean(axis=(1, 2))


def build(rngs=nnx.Rngs(0)):
    return UNet(1, 5, rngs=rngs)
