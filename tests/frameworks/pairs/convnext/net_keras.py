import keras
from keras import layers


class LayerScale(layers.Layer):
    def __init__(self, init_values, projection_dim, **kwargs):
        super().__init__(**kwargs)
        self.init_values = init_values
        self.projection_dim = projection_dim

    def build(self, _):
        self.gamma = self.add_weight(
            shape=(self.projection_dim,),
            initializer=keras.initializers.Constant(self.init_values),
            trainable=True,
            name="gamma",
        )

    def call(self, x):
        return x * self.gamma


def ConvNeXtBlock(projection_dim, layer_scale_init_value=1e-2, name=None):
    def apply(inputs):
        x = layers.DepthwiseConv2D(5, padding="same", name=name + "_depthwise_conv")(inputs)
        x = layers.LayerNormalization(epsilon=1e-6, name=name + "_layernorm")(x)
        x = layers.Dense(4 * projection_dim, name=name + "_pointwise_conv_1")(x)
        x = layers.Activation("gelu", name=name + "_gelu")(x)
        x = layers.Dense(projection_dim, name=name + "_pointwise_conv_2")(x)
        x = LayerScale(layer_scale_init_value, projection_dim, name=name + "_layer_scale")(x)
        return inputs + x

    return apply


def build():
    inputs = layers.Input((12, 12, 3))
    x = layers.Conv2D(24, kernel_size=2, strides=2, name="stem")(inputs)
    for i in range(2):
        x = ConvNeXtBlock(24, name=f"block_{i}")(x)
    x = layers.GlobalAveragePooling2D(name="head_gap")(x)
    x = layers.LayerNormalization(epsilon=1e-6, name="head_layernorm")(x)
    x = layers.Dense(10, name="head_dense")(x)
    return keras.Model(inputs, x)
