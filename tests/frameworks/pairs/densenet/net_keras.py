from keras.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    GlobalAveragePooling2D,
    Input,
)
from keras.models import Model

BN = dict(momentum=0.9, epsilon=1.0e-5)


def conv_block(x, growth_rate, name):
    x1 = BatchNormalization(name=name + "_0_bn", **BN)(x)
    x1 = Activation("relu", name=name + "_0_relu")(x1)
    x1 = Conv2D(2 * growth_rate, 1, use_bias=False, name=name + "_1_conv")(x1)
    x1 = BatchNormalization(name=name + "_1_bn", **BN)(x1)
    x1 = Activation("relu", name=name + "_1_relu")(x1)
    x1 = Conv2D(growth_rate, 3, padding="same", use_bias=False, name=name + "_2_conv")(x1)
    return Concatenate(name=name + "_concat")([x, x1])


def dense_block(x, blocks, name):
    for i in range(blocks):
        x = conv_block(x, 8, name=name + "_block" + str(i + 1))
    return x


def transition_block(x, reduction, name):
    x = BatchNormalization(name=name + "_bn", **BN)(x)
    x = Activation("relu", name=name + "_relu")(x)
    x = Conv2D(int(x.shape[-1] * reduction), 1, use_bias=False, name=name + "_conv")(x)
    x = AveragePooling2D(2, strides=2, name=name + "_pool")(x)
    return x


def build():
    inputs = Input(shape=(13, 13, 3))
    x = Conv2D(16, 3, padding="same", use_bias=False, name="conv1_conv")(inputs)
    x = dense_block(x, 3, name="conv2")
    x = transition_block(x, 0.5, name="pool2")
    x = dense_block(x, 3, name="conv3")
    x = BatchNormalization(name="bn", **BN)(x)
    x = Activation("relu", name="relu")(x)
    x = GlobalAveragePooling2D(name="avg_pool")(x)
    x = Dense(10, name="predictions")(x)
    return Model(inputs, x, name="densenet")
