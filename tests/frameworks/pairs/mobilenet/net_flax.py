import jax
import jax.numpy as jnp
from flax import nnx


class ConvBN(nnx.Module):
    def __init__(self, cin, cout, kernel=3, strides=1, padding="SAME", groups=1, *, rngs):
        self.conv = nnx.Conv(
            cin,
            cout,
            (kernel, kernel),
            strides=strides,
            padding=padding,
            feature_group_count=groups,
            use_bias=False,
            rngs=rngs,
        )
        self.bn = nnx.BatchNorm(cout, epsilon=1e-3, rngs=rngs)

    def __call__(self, x):
        return jax.nn.relu6(self.bn(self.conv(x)))


class Separable(nnx.Module):
    def __init__(self, cin, cout, strides=1, *, rngs):
        # zeros below and to the right only, as the Keras model has them
        padding = "SAME" if strides == 1 else ((0, 1), (0, 1))
        self.depthwise = ConvBN(cin, cin, 3, strides, padding, groups=cin, rngs=rngs)
        self.pointwise = ConvBN(cin, cout, 1, rngs=rngs)

    def __call__(self, x):
        return self.pointwise(self.depthwise(x))


class MobileNet(nnx.Module):
    def __init__(self, num_classes: int, *, rngs: nnx.Rngs):
        self.stem = ConvBN(3, 16, rngs=rngs)
        self.blocks = nnx.Sequential(
            Separable(16, 32, rngs=rngs),
            Separable(32, 48, strides=2, rngs=rngs),
            Separable(48, 48, rngs=rngs),
        )
        self.conv_dw = nnx.Conv(48, 48, (3, 3), feature_group_count=48, use_bias=False, rngs=rngs)
        self.conv_pw = nnx.Conv(48, 64, (1, 1), rngs=rngs)
        self.head = nnx.Linear(64, num_classes, rngs=rngs)

    def __call__(self, x):
        x = self.blocks(self.stem(x))
        x = jax.nn.relu6(self.conv_pw(self.conv_dw(x)))
        x = jnp.mean(x, axis=(1, 2))
        return self.head(x)


def build(rngs=nnx.Rngs(0)):
    return MobileNet(10, rngs=rngs)
