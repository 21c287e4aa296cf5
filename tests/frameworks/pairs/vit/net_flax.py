import jax.numpy as jnp
from flax import nnx


class Encoder(nnx.Module):
    def __init__(self, dim, heads, hidden, *, rngs):
        self.norm1 = nnx.LayerNorm(dim, rngs=rngs)
        self.attn = nnx.MultiHeadAttention(heads, dim, decode=False, rngs=rngs)
        self.norm2 = nnx.LayerNorm(dim, rngs=rngs)
        self.fc1 = nnx.Linear(dim, hidden, rngs=rngs)
        self.fc2 = nnx.Linear(hidden, dim, rngs=rngs)

    def __call__(self, x):
        x = x + self.attn(self.norm1(x))
        y = nnx.gelu(self.fc1(self.norm2(x)), approximate=False)
        return x + self.fc2(y)


class VisionTransformer(nnx.Module):
    def __init__(self, image=12, patch=4, dim=32, heads=4, depth=2, classes=8, *, rngs: nnx.Rngs):
        n = (image // patch) ** 2
        self.patches = nnx.Conv(
            3, dim, (patch, patch), strides=(patch, patch), padding="VALID", rngs=rngs
        )
        self.cls_token = nnx.Param(jnp.zeros((1, 1, dim)))
        initializer = nnx.initializers.truncated_normal(stddev=0.02)
        self.pos_embedding = nnx.Param(initializer(rngs.params(), (1, n + 1, dim), jnp.float32))
        self.encoder = nnx.Sequential(
            *[Encoder(dim, heads, 2 * dim, rngs=rngs) for _ in range(depth)]
        )
        self.norm = nnx.LayerNorm(dim, rngs=rngs)
        self.head = nnx.Linear(dim, classes, rngs=rngs)

    def __call__(self, x):
        x = self.patches(x)
        x = x.reshape(x.shape[0], -1, x.shape[-1])
        cls = jnp.tile(self.cls_token[...], (x.shape[0], 1, 1))
        x = jnp.concatenate([cls, x], axis=1) + self.pos_embedding[...]
        x = self.norm(self.encoder(x))
        return self.head(x[:, 0])


def build(rngs=nnx.Rngs(0)):
    return VisionTransformer(rngs=rngs)
