from keras import Input, Sequential, layers


def build():
    return Sequential([
        Input((10, 5)),
        layers.Bidirectional(layers.GRU(20), name="bigru"),
        layers.Dense(32, activation="relu", name="hidden"),
        layers.Dense(4, name="logits"),
    ])
