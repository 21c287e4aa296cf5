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


def silu_slope(x):
    return sigmoid(x) * (1 + x * (1 - sigmoid(x)))


def inner(x):
    return math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)


def gelu_tanh(x):
    return x / 2 * (1 + np.tanh(inner(x)))


def gelu_tanh_slope(x):
    by_x = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2)
    return (1 + np.tanh(inner(x))) / 2 + x / 2 * (1 - np.tanh(inner(x)) ** 2) * by_x


SELU = 1.0507009873554804934193349852946
BELOW = 1.6732632423543772848170429916717


# The function and its slope, both of what goes in.
FUNCTIONS = {
    ActivationFunction.RELU: (lambda x: np.maximum(x, 0), lambda x: (x > 0).astype(x.dtype)),
    ActivationFunction.TANH: (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    ActivationFunction.SIGMOID: (sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x))),
    ActivationFunction.GELU: (gelu, gelu_slope),
    ActivationFunction.ELU: (
        lambda x: np.where(x > 0, x, np.expm1(x)),
        lambda x: np.where(x > 0, 1, np.exp(x)),
    ),
    ActivationFunction.SELU: (
        lambda x: SELU * np.where(x > 0, x, BELOW * np.expm1(x)),
        lambda x: SELU * np.where(x > 0, 1, BELOW * np.exp(x)),
    ),
    ActivationFunction.SILU: (lambda x: x * sigmoid(x), silu_slope),
    ActivationFunction.SOFTPLUS: (lambda x: np.logaddexp(0, x), sigmoid),
    ActivationFunction.GELU_TANH: (gelu_tanh, gelu_tanh_slope),
}


def softmax(x):
    exponentials = np.exp(x - x.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def forward(layer, x, at):
    match layer.function:
        case ActivationFunction.SOFTMAX:
            return softmax(x)
        case ActivationFunction.LEAKY_RELU:
            return np.where(x > 0, x, layer.slope * x)
        case function:
            return FUNCTIONS[function][0](x)


def backward(layer, x, g, at):
    match layer.function:
        case ActivationFunction.SOFTMAX:
            y = softmax(x)
            return y * (g - (g * y).sum(axis=-1, keepdims=True)), {}
        case ActivationFunction.LEAKY_RELU:
            return g * np.where(x > 0, 1, layer.slope), {}
        case function:
            return g * FUNCTIONS[function][1](x), {}
