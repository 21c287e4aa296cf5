import keras
from keras import layers, ops


class Positions(layers.Layer):
    def build(self, shape):
        self.table = self.add_weight(name="table", shape=shape[1:], initializer="random_normal")

    def call(self, x):
        return x + self.table


class TiedLM(keras.Model):
    def __init__(self, vocab=20, dim=24, heads=3):
        super().__init__()
        self.embed = layers.Embedding(vocab, dim, name="embed")
        self.pos = Positions(name="pos")
        self.norm1 = layers.LayerNormalization(epsilon=1e-5, name="norm1")
        self.attn = layers.MultiHeadAttention(heads, dim // heads, name="attn")
        self.norm2 = layers.LayerNormalization(epsilon=1e-5, name="norm2")
        self.fc1 = layers.Dense(2 * dim, activation="relu", name="fc1")
        self.fc2 = layers.Dense(dim, name="fc2")

    def call(self, ids):
        x = self.pos(self.embed(ids))
        h = self.norm1(x)
        x = x + self.attn(h, h, use_causal_mask=True)
        x = x + self.fc2(self.fc1(self.norm2(x)))
        return ops.matmul(ops.mean(x, axis=1), ops.transpose(self.embed.embeddings))


def build():
    return TiedLM()
