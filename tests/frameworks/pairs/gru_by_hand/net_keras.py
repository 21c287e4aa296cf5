import keras
from keras import layers, ops


class Recurrence(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.from_input = layers.Dense(3 * units, name="from_input")
        self.from_state = layers.Dense(3 * units, name="from_state")

    def call(self, sequence):
        state = ops.zeros_like(sequence[:, 0, :1]) * ops.ones((1, self.units), sequence.dtype)
        for t in range(sequence.shape[1]):
            xr, xz, xn = ops.split(self.from_input(sequence[:, t]), 3, axis=-1)
            hr, hz, hn = ops.split(self.from_state(state), 3, axis=-1)
            reset, update = ops.sigmoid(xr + hr), ops.sigmoid(xz + hz)
            new = ops.tanh(xn + reset * hn)
            state = new + update * (state - new)
        return state


def build():
    inputs = keras.Input((8, 5))
    x = Recurrence(14, name="recurrence")(inputs)
    return keras.Model(inputs, layers.Dense(3, name="fc")(x))
