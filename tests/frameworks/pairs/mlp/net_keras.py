import keras
from keras import layers


def build():
    model = keras.Sequential(
        [
            keras.Input(shape=(12, 12, 3)),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(10),
        ]
    )
    return model
