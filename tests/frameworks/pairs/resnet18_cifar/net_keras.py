"""ResNet-18 in Keras for 32x32 images."""

import keras
from keras import layers


def conv3x3(filters, strides=1):
    return keras.Sequential([
        layers.ZeroPadding2D(1),
        layers.Conv2D(filters, 3, strides=strides, use_bias=False),
    ])


class BasicBlock(layers.Layer):
    def __init__(self, filters, strides=1, downsample=False, **kwargs):
        super().__init__(**kwargs)
        self.conv1 = conv3x3(filters, strides)
        self.bn1 = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
        self.conv2 = conv3x3(filters)
        self.bn2 = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
        self.relu = layers.ReLU()
        self.downsample = None
        if downsample:
            self.downsample = keras.Sequential([
                layers.Conv2D(filters, 1, strides=strides, use_bias=False),
                layers.BatchNormalization(momentum=0.9, epsilon=1e-5),
            ])

    def call(self, x, training=None):
        out = self.conv1(x)
        out = self.bn1(out, training=training)
        out = self.relu(out)
        out = self.conv2(out)
        out = self.bn2(out, training=training)
        if self.downsample is not None:
            x = self.downsample(x, training=training)
        return self.relu(out + x)


def build(width=8):
    inputs = keras.Input((32, 32, 3))
    x = conv3x3(width)(inputs)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    x = layers.ReLU()(x)
    for stage in range(4):
        filters = width * 2 ** stage
        strides = 1 if stage == 0 else 2
        x = BasicBlock(filters, strides, downsample=stage > 0, name=f"stage{stage + 1}_a")(x)
        x = BasicBlock(filters, name=f"stage{stage + 1}_b")(x)
    x = layers.AveragePooling2D(4)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(10, name="logits")(x)
    return keras.Model(inputs, x)
