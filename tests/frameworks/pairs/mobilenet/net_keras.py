from keras import layers, models


def _depthwise_conv_block(inputs, pointwise_conv_filters, strides=(1, 1), block_id=1):
    if strides == (1, 1):
        x = inputs
    else:
        x = layers.ZeroPadding2D(((0, 1), (0, 1)), name="conv_pad_%d" % block_id)(inputs)
    x = layers.DepthwiseConv2D(
        (3, 3),
        padding="same" if strides == (1, 1) else "valid",
        strides=strides,
        use_bias=False,
        name="conv_dw_%d" % block_id,
    )(x)
    x = layers.BatchNormalization(name="conv_dw_%d_bn" % block_id)(x)
    x = layers.ReLU(6.0, name="conv_dw_%d_relu" % block_id)(x)
    x = layers.Conv2D(
        pointwise_conv_filters, (1, 1), padding="same", use_bias=False, name="conv_pw_%d" % block_id
    )(x)
    x = layers.BatchNormalization(name="conv_pw_%d_bn" % block_id)(x)
    return layers.ReLU(6.0, name="conv_pw_%d_relu" % block_id)(x)


def build():
    img_input = layers.Input(shape=(12, 12, 3))
    x = layers.Conv2D(16, (3, 3), padding="same", use_bias=False, name="conv1")(img_input)
    x = layers.BatchNormalization(name="conv1_bn")(x)
    x = layers.ReLU(6.0, name="conv1_relu")(x)
    x = _depthwise_conv_block(x, 32, block_id=1)
    x = _depthwise_conv_block(x, 48, strides=(2, 2), block_id=2)
    x = _depthwise_conv_block(x, 48, block_id=3)
    x = layers.SeparableConv2D(64, 3, padding="same", name="conv_sep")(x)
    x = layers.ReLU(6.0, name="conv_sep_relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(10, name="predictions")(x)
    return models.Model(img_input, x, name="mobilenet")
