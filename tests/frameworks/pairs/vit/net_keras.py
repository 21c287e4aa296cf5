import keras
from keras import layers, ops


class ClassTokenAndPosition(layers.Layer):
    def build(self, input_shape):
        _, n, dim = input_shape
        self.class_token = self.add_weight(
            shape=(1, 1, dim), initializer="zeros", name="class_token"
        )
        self.pos_embedding = self.add_weight(
            shape=(1, n + 1, dim),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
            name="pos_embedding",
        )

    def call(self, patches):
        batch = ops.shape(patches)[0]
        cls = ops.broadcast_to(self.class_token, (batch, 1, patches.shape[-1]))
        return ops.concatenate([cls, patches], axis=1) + self.pos_embedding


def mlp(x, hidden_units, name):
    x = layers.Dense(hidden_units[0], activation="gelu", name=name + "_fc1")(x)
    return layers.Dense(hidden_units[1], name=name + "_fc2")(x)


def build():
    dim, heads = 32, 4
    inputs = keras.Input(shape=(12, 12, 3))
    patches = layers.Conv2D(dim, 4, strides=4, name="patches")(inputs)
    x = layers.Reshape((-1, dim), name="to_sequence")(patches)
    x = ClassTokenAndPosition(name="tokens")(x)
    for i in range(2):
        # Layer normalization 1.
        x1 = layers.LayerNormalization(epsilon=1e-6, name=f"block{i}_ln1")(x)
        attention_output = layers.MultiHeadAttention(
            num_heads=heads, key_dim=dim // heads, name=f"block{i}_attention"
        )(x1, x1)
        # Skip connection 1.
        x2 = layers.Add(name=f"block{i}_add1")([attention_output, x])
        # Layer normalization 2.
        x3 = layers.LayerNormalization(epsilon=1e-6, name=f"block{i}_ln2")(x2)
        x3 = mlp(x3, [2 * dim, dim], name=f"block{i}_mlp")
        # Skip connection 2.
        x = layers.Add(name=f"block{i}_add2")([x3, x2])
    x = layers.LayerNormalization(epsilon=1e-6, name="ln")(x)
    logits = layers.Dense(8, name="head")(x[:, 0])
    return keras.Model(inputs=inputs, outputs=logits)
