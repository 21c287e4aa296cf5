import jax.numpy as jnp
import numpy as np
from flax import nnx


def sinusoidal_init(length, depth):
    positions = np.arange(length)[:, np.newaxis]
    rates = np.exp(np.arange(0, depth, 2) * (-np.log(10000.0) / depth))
    encoding = np.zeros((1, length, depth))
    encoding[0, :, 0::2] = np.sin(positions * rates)
    encoding[0, :, 1::2] = np.cos(positions * rates)
    return encoding


class MlpBlock(nnx.Module):
    def __init__(self, dim, hidden, rate, *, rngs):
        self.wi = nnx.Linear(dim, hidden, rngs=rngs)
        self.wo = nnx.Linear(hidden, dim, rngs=rngs)
        self.drop1 = nnx.Dropout(rate, rngs=rngs)
        self.drop2 = nnx.Dropout(rate, rngs=rngs)

    def __call__(self, x):
        x = self.drop1(nnx.relu(self.wi(x)))
        return self.drop2(self.wo(x))


class Encoder1DBlock(nnx.Module):
    def __init__(self, dim, heads, hidden, rate=0.1, *, rngs):
        self.attention = nnx.MultiHeadAttention(
            num_heads=heads,
            in_features=dim,
            dropout_rate=rate,
            broadcast_dropout=False,
            decode=False,
            rngs=rngs,
        )
        self.drop = nnx.Dropout(rate, rngs=rngs)
        self.norm1 = nnx.LayerNorm(dim, epsilon=1e-5, rngs=rngs)
        self.mlp = MlpBlock(dim, hidden, rate, rngs=rngs)
        self.norm2 = nnx.LayerNorm(dim, epsilon=1e-5, rngs=rngs)

    def __call__(self, x, mask):
        x = self.norm1(x + self.drop(self.attention(x, mask=mask)))
        return self.norm2(x + self.mlp(x))


class Transformer(nnx.Module):
    def __init__(self, vocab, dim, heads, hidden, layers, classes, *, rngs: nnx.Rngs):
        self.dim = dim
        self.embed = nnx.Embed(vocab, dim, rngs=rngs)
        self.layers = nnx.List(
            [Encoder1DBlock(dim, heads, hidden, rngs=rngs) for _ in range(layers)]
        )
        self.head = nnx.Linear(dim, classes, rngs=rngs)

    def __call__(self, inputs):
        tokens = inputs.astype("int32")
        mask = nnx.make_attention_mask(jnp.ones_like(tokens), tokens > 0)
        x = self.embed(tokens) * self.dim**0.5
        x = x + sinusoidal_init(tokens.shape[1], self.dim)
        for layer in self.layers:
            x = layer(x, mask)
        return self.head(x.mean(axis=1))


def build(rngs=nnx.Rngs(0)):
    return Transformer(30, 24, 4, 48, 2, 4, rngs=rngs)
