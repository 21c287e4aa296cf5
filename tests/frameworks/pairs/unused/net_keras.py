import keras
from keras import layers


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.fc1 = layers.Dense(24, name="fc1")
        self.bn1 = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name="bn1")
        self.fc2 = layers.Dense(24, name="fc2")
        self.fc3 = layers.Dense(24, name="fc3")
        self.fc4 = layers.Dense(4, name="fc4")
        self.aux = layers.Dense(24, name="aux")
        self.aux.build((None, 24))
        self.act = layers.LeakyReLU(negative_slope=0.01, name="act")

    def call(self, x, training=False):
        x = self.act(self.bn1(self.fc1(x), training=training))
        x = self.act(self.fc2(x))
        x = self.act(self.fc3(x))
        return self.fc4(x)


def build():
    return Net()
