from torch import nn


def build():
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(12 * 12 * 3, 64),
        nn.ReLU(),
        nn.Linear(64, 32),
        nn.ReLU(),
        nn.Linear(32, 10),
    )
