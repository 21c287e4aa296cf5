import keras
from keras import layers, ops


class SelfAttention(layers.Layer):
    def __init__(self, dim, heads, **kwargs):
        super().__init__(**kwargs)
        self.dim, self.heads = dim, heads
        self.to_q = layers.Dense(dim, use_bias=False, name="to_q")
        self.to_k = layers.Dense(dim, use_bias=False, name="to_k")
        self.to_v = layers.Dense(dim, use_bias=False, name="to_v")
        self.to_out = layers.Dense(dim, name="to_out")

    def call(self, x):
        n, size = x.shape[1], self.dim // self.heads
        q = ops.reshape(self.to_q(x), (-1, n, self.heads, size))
        k = ops.reshape(self.to_k(x), (-1, n, self.heads, size))
        v = ops.reshape(self.to_v(x), (-1, n, self.heads, size))
        scores = ops.einsum("bihd,bjhd->bhij", q, k) * (size**-0.5)
        out = ops.einsum("bhij,bjhd->bihd", ops.softmax(scores), v)
        return self.to_out(ops.reshape(out, (-1, n, self.dim)))


class QueryPool(layers.Layer):
    def build(self, shape):
        self.query = self.add_weight(name="query", shape=(shape[-1],), initializer="random_normal")

    def call(self, x):
        scores = ops.matmul(x, self.query) * x.shape[-1] ** -0.5
        weights = ops.softmax(scores, axis=-1)
        return ops.sum(weights[..., None] * x, axis=1)


def build(dim=24):
    inputs = keras.Input((9, 6))
    x = layers.Dense(dim, name="embed")(inputs)
    attended = SelfAttention(dim, 3, name="attention")(x)
    x = layers.LayerNormalization(epsilon=1e-5, name="norm")(x + attended)
    x = QueryPool(name="pool")(x)
    return keras.Model(inputs, layers.Dense(4, name="out")(x))
