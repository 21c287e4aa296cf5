import keras
from keras import layers


def build():
    inputs = keras.Input(shape=(12, 12, 1))
    x = layers.Conv2D(6, 3, activation="relu", name="conv1")(inputs)
    x = layers.MaxPooling2D(2, name="pool1")(x)
    x = layers.Conv2D(16, 2, activation="relu", name="conv2")(x)
    x = layers.MaxPooling2D(2, name="pool2")(x)
    # channels first, so that the PyTorch checkpoint fits
    x = layers.Permute((3, 1, 2), name="to_chw")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(60, activation="relu", name="fc1")(x)
    x = layers.Dense(42, activation="relu", name="fc2")(x)
    outputs = layers.Dense(10, name="fc3")(x)
    return keras.Model(inputs, outputs, name="lenet")
