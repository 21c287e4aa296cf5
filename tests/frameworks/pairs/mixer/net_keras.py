import keras
from keras import layers
from keras.layers import Dense, LayerNormalization, Permute


class MixerBlock(layers.Layer):
    def __init__(self, num_patches, dim, token_dim, channel_dim, **kwargs):
        super().__init__(**kwargs)
        self.mlp1 = keras.Sequential(
            [Dense(token_dim, name="fc1"), layers.Activation("gelu", name="act"), Dense(num_patches, name="fc2")],
            name="token_mixing",
        )
        self.mlp2 = keras.Sequential(
            [Dense(channel_dim, name="fc1"), layers.Activation("gelu", name="act"), Dense(dim, name="fc2")],
            name="channel_mixing",
        )
        self.normalize1 = LayerNormalization(epsilon=1e-5, name="norm1")
        self.normalize2 = LayerNormalization(epsilon=1e-5, name="norm2")
        self.swap = Permute((2, 1), name="swap")

    def call(self, inputs):
        x = self.normalize1(inputs)
        x = self.swap(x)
        x = self.mlp1(x)
        x = self.swap(x)
        x = x + inputs
        return x + self.mlp2(self.normalize2(x))


def build():
    inputs = keras.Input((12, 12, 3))
    x = layers.Conv2D(24, 3, strides=3, name="stem")(inputs)
    x = layers.Reshape((16, 24))(x)
    for i in range(2):
        x = MixerBlock(16, 24, 16, 24, name=f"mixer_{i}")(x)
    x = LayerNormalization(epsilon=1e-5, name="pre_head_norm")(x)
    x = layers.GlobalAveragePooling1D()(x)
    x = Dense(10, name="head")(x)
    return keras.Model(inputs, x)
