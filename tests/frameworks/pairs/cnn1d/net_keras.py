import keras
from keras.layers import (
    ELU,
    BatchNormalization,
    Conv1D,
    Dense,
    GlobalAveragePooling1D,
    MaxPooling1D,
)


def build():
    model = keras.Sequential(name="cnn1d")
    model.add(keras.Input((32, 3)))
    model.add(Conv1D(16, 5, padding="same", name="c1"))
    model.add(BatchNormalization(momentum=0.9, epsilon=1e-5, name="n1"))
    model.add(ELU(name="a1"))
    model.add(MaxPooling1D(2, name="p1"))
    model.add(Conv1D(24, 3, padding="causal", dilation_rate=2, name="c2"))
    model.add(BatchNormalization(momentum=0.9, epsilon=1e-5, name="n2"))
    model.add(ELU(name="a2"))
    model.add(MaxPooling1D(2, name="p2"))
    model.add(Conv1D(32, 3, name="c3"))
    model.add(ELU(name="a3"))
    model.add(GlobalAveragePooling1D(name="gap"))
    model.add(Dense(5, name="logits"))
    return model
