from keras import Sequential
from keras.layers import AveragePooling2D, Conv2D, Dense, Flatten, Input


def build():
    model = Sequential(name="lenet")
    model.add(Input((12, 12, 1)))
    model.add(Conv2D(6, 5, padding="same", activation="tanh"))
    model.add(AveragePooling2D(2))
    model.add(Conv2D(16, 3, activation="tanh"))
    model.add(AveragePooling2D(2))
    model.add(Flatten())
    model.add(Dense(60, activation="tanh"))
    model.add(Dense(42, activation="tanh"))
    model.add(Dense(10))
    return model
