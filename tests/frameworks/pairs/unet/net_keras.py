import keras
from keras import layers


def double_conv_block(x, n_filters):
    x = layers.Conv2D(n_filters, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    x = layers.Conv2D(n_filters, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    return x


def downsample_block(x, n_filters):
    f = double_conv_block(x, n_filters)
    p = layers.MaxPool2D(2)(f)
    return f, p


def upsample_block(x, conv_features, n_filters):
    x = layers.Conv2DTranspose(n_filters, 2, 2, padding="same")(x)
    x = layers.concatenate([conv_features, x])
    x = double_conv_block(x, n_filters)
    return x


def build():
    inputs = layers.Input(shape=(12, 12, 1))
    # encoder: contracting path
    f1, p1 = downsample_block(inputs, 8)
    f2, p2 = downsample_block(p1, 16)
    # bottleneck
    bottleneck = double_conv_block(p2, 32)
    # decoder: expanding path
    u1 = upsample_block(bottleneck, f2, 16)
    u2 = upsample_block(u1, f1, 8)
    # outputs
    outputs = layers.Conv2D(5, 1)(u2)
    outputs = layers.GlobalAveragePooling2D()(outputs)
    return keras.Model(inputs, outputs, name="U-Net")
