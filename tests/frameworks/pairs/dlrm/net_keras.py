import keras
from keras import layers, ops


class DotInteraction(layers.Layer):
    """Dot products of all pairs of features: the lower triangle, without the diagonal."""

    def call(self, features):
        stacked = ops.stack(features, axis=1)
        products = ops.matmul(stacked, ops.transpose(stacked, (0, 2, 1)))
        n = len(features)
        flat = ops.reshape(products, (-1, n * n))
        return ops.take(flat, [i * n + j for i in range(n) for j in range(i)], axis=1)


def build(n_dense=4, vocabulary=(10, 10, 10), dim=8):
    row = keras.Input((n_dense + len(vocabulary),), name="row")
    dense = layers.Dense(16, activation="relu", name="bottom_1")(row[:, :n_dense])
    dense = layers.Dense(dim, activation="relu", name="bottom_2")(dense)
    embedded = []
    for k, size in enumerate(vocabulary):
        ids = layers.Lambda(lambda r, k=k: ops.cast(r[:, n_dense + k], "int32"), name=f"ids_{k}")(row)
        embedded.append(layers.Embedding(size, dim, name=f"embedding_{k}")(ids))
    crossed = DotInteraction(name="interaction")([dense] + embedded)
    x = layers.Concatenate(name="top_in")([dense, crossed])
    x = layers.Dense(16, activation="relu", name="top_1")(x)
    return keras.Model(row, layers.Dense(1, name="top_2")(x))
