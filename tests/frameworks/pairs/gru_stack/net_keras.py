import keras
from keras import layers


class SequenceModel(keras.Model):
    def __init__(self):
        super().__init__()
        self.rnn1 = layers.GRU(16, return_sequences=True, name="rnn1")
        self.rnn2 = layers.GRU(16, return_sequences=True, name="rnn2")
        self.pool = layers.GlobalAveragePooling1D(name="pool")
        self.norm = layers.LayerNormalization(epsilon=1e-5, name="norm")
        self.hidden = layers.Dense(16, activation="tanh", name="hidden")
        self.head = layers.Dense(3, name="head")

    def call(self, x):
        x = self.rnn1(x)
        x = self.rnn2(x)
        x = self.norm(self.pool(x))
        return self.head(self.hidden(x))


def build():
    return SequenceModel()
