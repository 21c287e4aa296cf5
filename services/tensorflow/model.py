"""The model as a function of its parameters, and its loss."""

import math
from collections.abc import Sequence

import tensorflow as tf

from services.spec import Activation, ActivationFunction, Dense, Flatten, Layer
from services.workload.layers import trained_layers


def _gelu(x: tf.Tensor) -> tf.Tensor:
    """Exact; `tf.nn.gelu` takes the square root of 2 in float32, also for float64."""
    root = tf.constant(math.sqrt(2), x.dtype)
    return 0.5 * x * (1 + tf.math.erf(x / root))


_ACTIVATIONS = {
    ActivationFunction.RELU: tf.nn.relu,
    ActivationFunction.TANH: tf.math.tanh,
    ActivationFunction.SIGMOID: tf.math.sigmoid,
    ActivationFunction.GELU: _gelu,
}


def logits(
    layers: Sequence[Layer],
    parameters: Sequence[tf.Variable],
    images: tf.Tensor,
    products: tf.DType,
) -> tf.Tensor:
    """Logits [batch, classes] of ``images`` [batch, h, w, c], in the parameters' precision.

    ``parameters`` stand in model order. Where ``products`` is another dtype than theirs, inputs
    and kernels are cast to it, and each product is cast back before its bias is added.
    """
    left = iter(parameters)
    x = images
    for layer in trained_layers(layers):
        match layer:
            case Flatten():
                x = tf.reshape(x, (-1, x.shape[1:].num_elements()))
            case Dense():
                x = _dense(x, next(left), next(left), products)
            case Activation(function):
                x = _ACTIVATIONS[function](x)
    return x


def _dense(x: tf.Tensor, kernel: tf.Variable, bias: tf.Variable, products: tf.DType) -> tf.Tensor:
    product = tf.matmul(tf.cast(x, products), tf.cast(kernel, products))
    return tf.nn.bias_add(tf.cast(product, bias.dtype), bias)


def details(logits: tf.Tensor, labels: tf.Tensor, gradients: Sequence[tf.Tensor]) -> tf.Tensor:
    """What `services.matched.steps_taken` wants of a step after its loss: [2 + parameters]."""
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    places = tf.cast(tf.range(1, tf.size(losses) + 1), losses.dtype)
    ordered = tf.reduce_sum(losses * places) / tf.reduce_sum(places)
    right = tf.argmax(logits, 1, labels.dtype) == labels
    accuracy = tf.reduce_mean(tf.cast(right, losses.dtype))
    norms = [tf.norm(gradient) for gradient in gradients]
    return tf.stack([ordered, accuracy, *norms])


def loss(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Softmax cross-entropy from logits [batch, classes], mean over the batch."""
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    return tf.reduce_mean(losses)
