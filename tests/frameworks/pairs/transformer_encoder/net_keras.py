import keras
import numpy as np
from keras import layers, ops


def positional_encoding(length, depth):
    positions = np.arange(length)[:, np.newaxis]
    rates = np.exp(np.arange(0, depth, 2) * (-np.log(10000.0) / depth))
    angles = positions * rates
    encoding = np.zeros((1, length, depth))
    encoding[0, :, 0::2] = np.sin(angles)
    encoding[0, :, 1::2] = np.cos(angles)
    return encoding


class TransformerBlock(layers.Layer):
    def __init__(self, embed_dim, num_heads, ff_dim, rate=0.1, **kwargs):
        super().__init__(**kwargs)
        self.att = layers.MultiHeadAttention(
            num_heads=num_heads, key_dim=embed_dim // num_heads, dropout=rate, name="att"
        )
        self.ffn1 = layers.Dense(ff_dim, activation="relu", name="ffn1")
        self.ffn2 = layers.Dense(embed_dim, name="ffn2")
        self.layernorm1 = layers.LayerNormalization(epsilon=1e-5, name="layernorm1")
        self.layernorm2 = layers.LayerNormalization(epsilon=1e-5, name="layernorm2")
        self.dropout1 = layers.Dropout(rate, name="dropout1")
        self.dropout = layers.Dropout(rate, name="dropout")
        self.dropout2 = layers.Dropout(rate, name="dropout2")

    def call(self, inputs, attention_mask=None, training=None):
        attn_output = self.att(inputs, inputs, attention_mask=attention_mask, training=training)
        attn_output = self.dropout1(attn_output, training=training)
        out1 = self.layernorm1(inputs + attn_output)
        ffn_output = self.ffn2(self.dropout(self.ffn1(out1), training=training))
        ffn_output = self.dropout2(ffn_output, training=training)
        return self.layernorm2(out1 + ffn_output)


class TransformerClassifier(keras.Model):
    def __init__(self, maxlen=12, vocab_size=30, embed_dim=24, num_heads=4, ff_dim=48):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embed_dim, name="embedding")
        self.scale = embed_dim**0.5
        self.encoding = positional_encoding(maxlen, embed_dim)
        self.blocks = [
            TransformerBlock(embed_dim, num_heads, ff_dim, name=f"block{i}") for i in range(2)
        ]
        self.pool = layers.GlobalAveragePooling1D(name="pool")
        self.classifier = layers.Dense(4, name="classifier")

    def call(self, tokens, training=None):
        tokens = ops.cast(tokens, "int32")
        mask = ops.expand_dims(tokens != 0, axis=1)  # [batch, 1, keys]
        x = self.embedding(tokens) * self.scale
        x = x + ops.convert_to_tensor(self.encoding, dtype=x.dtype)
        for block in self.blocks:
            x = block(x, attention_mask=mask, training=training)
        return self.classifier(self.pool(x))


def build():
    return TransformerClassifier()
