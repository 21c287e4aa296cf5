"""Activation."""

import math

import numpy as np
from twinrun.contract.enums import ActivationFunction

erf = np.vectorize(math.erf, otypes=[np.float64])


def gelu(x):
    return x * (1 + erf(x / math.sqrt(2))) / 2


def gelu_slope(x):
    return (1 + erf(x / math.sqrt(2))) / 2 + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# The function and its slope, both of what goes in.
FUNCTIONS = {
    ActivationFunction.RELU: (lambda x: np.maximum(x, 0), lambda x: (x > 0).astype(x.dtype)),
    ActivationFunction.TANH: (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    ActivationFunction.SIGMOID: (sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x))),
    ActivationFunction.GELU: (gelu, gelu_slope),
}


def forward(layer, x, at):
    return FUNCTIONS[layer.function][0](x)


def backward(layer, x, g, at):
    return g * FUNCTIONS[layer.function][1](x), {}
