from functools import partial

import jax.numpy as jnp
from flax import nnx

BatchNorm = partial(nnx.BatchNorm, momentum=0.9, epsilon=1e-5)
Conv = partial(nnx.Conv, use_bias=False)


class BottleneckBlock(nnx.Module):
    def __init__(self, cin, filters, strides=(1, 1), *, rngs):
        self.conv1 = Conv(cin, filters, (1, 1), rngs=rngs)
        self.bn1 = BatchNorm(filters, rngs=rngs)
        self.conv2 = Conv(filters, filters, (3, 3), strides=strides, padding=1, rngs=rngs)
        self.bn2 = BatchNorm(filters, rngs=rngs)
        self.conv3 = Conv(filters, 4 * filters, (1, 1), rngs=rngs)
        self.bn3 = BatchNorm(4 * filters, rngs=rngs)
        if cin != 4 * filters or strides != (1, 1):
            self.conv_proj = Conv(cin, 4 * filters, (1, 1), strides=strides, rngs=rngs)
            self.norm_proj = BatchNorm(4 * filters, rngs=rngs)
        else:
            self.conv_proj = None

    def __call__(self, x):
        residual = x
        y = nnx.relu(self.bn1(self.conv1(x)))
        y = nnx.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        if self.conv_proj is not None:
            residual = self.norm_proj(self.conv_proj(residual))
        return nnx.relu(residual + y)


class ResNet(nnx.Module):
    def __init__(self, stage_sizes, num_classes, *, rngs: nnx.Rngs):
        self.conv_init = Conv(3, 16, (3, 3), rngs=rngs)
        self.bn_init = BatchNorm(16, rngs=rngs)
        blocks, cin = [], 16
        for i, count in enumerate(stage_sizes):
            filters = 8 * 2**i
            for j in range(count):
                strides = (2, 2) if i > 0 and j == 0 else (1, 1)
                blocks.append(BottleneckBlock(cin, filters, strides, rngs=rngs))
                cin = 4 * filters
        self.blocks = nnx.List(blocks)
        self.fc = nnx.Linear(cin, num_classes, rngs=rngs)

    def __call__(self, x):
        x = nnx.relu(self.bn_init(self.conv_init(x)))
        x = nnx.max_pool(x, (3, 3), strides=(2, 2), padding=((1, 1), (1, 1)))
        for block in self.blocks:
            x = block(x)
        x = jnp.mean(x, axis=(1, 2))
        return self.fc(x)


def build(rngs=nnx.Rngs(0)):
    return ResNet([2, 2], 10, rngs=rngs)
