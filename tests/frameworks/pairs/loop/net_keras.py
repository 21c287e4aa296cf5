import keras
from keras import layers, ops


def highway(x, size, name):
    packed = layers.Dense(2 * size, name=name)(x)
    transform, gate = ops.split(packed, 2, axis=-1)
    gate = ops.sigmoid(gate)
    return gate * ops.relu(transform) + (1 - gate) * x


def build(depth=4):
    inputs = x = keras.Input((20,))
    x = layers.Dense(16, activation="tanh", name="inp")(x)
    for i in range(depth):
        x = highway(x, 16, name=f"highway_{i}")
    outputs = layers.Dense(5, name="out")(x)
    return keras.Model(inputs, outputs)
