import keras
from keras import layers


def build(rate=0.25):
    inputs = keras.Input(shape=(12, 12, 1))
    x = layers.Dropout(0.1, name="drop_in")(inputs)
    x = layers.Conv2D(12, 3, padding="same", activation="relu", name="conv1")(x)
    x = layers.MaxPooling2D(name="pool1")(x)
    x = layers.Dropout(rate, name="drop1")(x)
    x = layers.Conv2D(16, 3, padding="same", activation="relu", name="conv2")(x)
    x = layers.MaxPooling2D(name="pool2")(x)
    x = layers.Dropout(rate, name="drop2")(x)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(48, activation="relu", name="fc1")(x)
    x = layers.Dropout(0.5, name="drop3")(x)
    x = layers.Dense(24, activation="relu", name="fc2")(x)
    x = layers.Dropout(0.4, name="drop4")(x)
    outputs = layers.Dense(6, name="fc3")(x)
    return keras.Model(inputs, outputs)
