import keras
from keras import ops


class LSTMCell(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.W = self.add_weight(
            name="W", shape=(input_shape[-1], 4 * self.units), initializer="glorot_uniform"
        )
        self.U = self.add_weight(
            name="U", shape=(self.units, 4 * self.units), initializer="orthogonal"
        )
        self.b = self.add_weight(name="b", shape=(4 * self.units,), initializer="zeros")

    def call(self, x, h, c):
        z = ops.matmul(x, self.W) + ops.matmul(h, self.U) + self.b
        i, f, g, o = ops.split(z, 4, axis=-1)
        c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
        h = ops.sigmoid(o) * ops.tanh(c)
        return h, c


class Scale(keras.layers.Layer):
    def build(self, input_shape):
        self.weight = self.add_weight(name="weight", shape=(input_shape[-1],), initializer="ones")

    def call(self, x):
        return x * self.weight


class Classifier(keras.Model):
    def __init__(self, units=16, classes=3):
        super().__init__()
        self.units = units
        self.cell = LSTMCell(units, name="cell")
        self.scale = Scale(name="scale")
        self.out = keras.layers.Dense(classes, name="out")

    def call(self, x):
        h = ops.zeros((ops.shape(x)[0], self.units), dtype=x.dtype)
        c = ops.zeros_like(h)
        for t in range(x.shape[1]):
            h, c = self.cell(x[:, t], h, c)
        return self.out(self.scale(h))


def build():
    return Classifier()
