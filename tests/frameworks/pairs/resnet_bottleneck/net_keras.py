from keras import Model, layers


def bn(name):
    # PyTorch's defaults
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=name)


def residual_block(x, filters, stride=1, conv_shortcut=True, name=None):
    if conv_shortcut:
        shortcut = layers.Conv2D(
            4 * filters, 1, strides=stride, use_bias=False, name=name + "_0_conv"
        )(x)
        shortcut = bn(name + "_0_bn")(shortcut)
    else:
        shortcut = x

    x = layers.Conv2D(filters, 1, use_bias=False, name=name + "_1_conv")(x)
    x = bn(name + "_1_bn")(x)
    x = layers.Activation("relu", name=name + "_1_relu")(x)

    x = layers.ZeroPadding2D(1, name=name + "_2_pad")(x)
    x = layers.Conv2D(filters, 3, strides=stride, use_bias=False, name=name + "_2_conv")(x)
    x = bn(name + "_2_bn")(x)
    x = layers.Activation("relu", name=name + "_2_relu")(x)

    x = layers.Conv2D(4 * filters, 1, use_bias=False, name=name + "_3_conv")(x)
    x = bn(name + "_3_bn")(x)

    x = layers.Add(name=name + "_add")([shortcut, x])
    x = layers.Activation("relu", name=name + "_out")(x)
    return x


def build():
    inputs = layers.Input(shape=(13, 13, 3))
    x = layers.Conv2D(16, 3, padding="same", use_bias=False, name="conv1_conv")(inputs)
    x = bn("conv1_bn")(x)
    x = layers.Activation("relu", name="conv1_relu")(x)
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x)

    x = residual_block(x, 8, name="conv2_block1")
    x = residual_block(x, 8, conv_shortcut=False, name="conv2_block2")
    x = residual_block(x, 16, stride=2, name="conv3_block1")
    x = residual_block(x, 16, conv_shortcut=False, name="conv3_block2")

    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    x = layers.Dense(10, name="predictions")(x)
    return Model(inputs, x, name="resnet")
