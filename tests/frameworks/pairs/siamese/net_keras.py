import keras
from keras import layers, ops


def make_encoder():
    inputs = keras.Input((24,))
    x = layers.Dense(48, activation="relu", name="embed_1")(inputs)
    x = layers.LayerNormalization(epsilon=1e-5, name="embed_norm")(x)
    x = layers.Dense(16, activation="tanh", name="embed_2")(x)
    return keras.Model(inputs, x, name="encoder")


def build():
    pair = keras.Input((2, 24))
    encoder = make_encoder()
    left, right = encoder(pair[:, 0]), encoder(pair[:, 1])
    distance = ops.absolute(left - right)
    return keras.Model(pair, layers.Dense(2, name="same")(distance), name="siamese")
