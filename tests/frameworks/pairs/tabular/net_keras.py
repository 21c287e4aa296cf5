import keras
from keras.layers import Activation, BatchNormalization, Concatenate, Dense, Dropout


def block(x, units, i, rate=0.2):
    x = Dense(units, name=f"dense_{i}")(x)
    x = BatchNormalization(epsilon=1e-5, momentum=0.9, name=f"bn_{i}")(x)
    x = Activation("selu", name=f"selu_{i}")(x)
    return Dropout(rate, name=f"dropout_{i}")(x)


def build():
    inputs = keras.Input((10,))
    x = BatchNormalization(epsilon=1e-5, momentum=0.9, name="bn_in")(inputs)
    y = block(x, 32, 1)
    y = block(y, 32, 2)
    y = Concatenate(name="wide")([y, x])
    return keras.Model(inputs, Dense(1, name="out")(y))
