"""The model as a function of its parameters, and its loss."""

import math
from collections.abc import Callable, Sequence

import tensorflow as tf

from services.spec import (
    Activation,
    ActivationFunction,
    AveragePool2d,
    Conv2d,
    CustomDense,
    Dense,
    Flatten,
    JobSpec,
    Layer,
    MaxPool2d,
    OwnWay,
)
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
            case CustomDense():
                kernel, bias = (next(left), next(left))
                product = tf.matmul(tf.cast(x, products), tf.cast(kernel, products))
                x = tf.cast(product, bias.dtype) + bias  # as one writes it, without bias_add
            case Activation(function):
                x = _ACTIVATIONS[function](x)
            case Conv2d():
                x = _conv2d(layer, x, next(left), next(left), products)
            case MaxPool2d(size, stride):
                x = tf.nn.max_pool2d(x, size, stride, "VALID")
            case AveragePool2d(size, stride):
                x = tf.nn.avg_pool2d(x, size, stride, "VALID")
    return x


def _conv2d(
    layer: Conv2d, x: tf.Tensor, kernel: tf.Variable, bias: tf.Variable, products: tf.DType
) -> tf.Tensor:
    sides = [[0, 0], [layer.padding] * 2, [layer.padding] * 2, [0, 0]]
    product = tf.nn.conv2d(tf.cast(x, products), tf.cast(kernel, products), layer.stride, sides)
    return tf.nn.bias_add(tf.cast(product, bias.dtype), bias)


def _dense(x: tf.Tensor, kernel: tf.Variable, bias: tf.Variable, products: tf.DType) -> tf.Tensor:
    product = tf.matmul(tf.cast(x, products), tf.cast(kernel, products))
    return tf.nn.bias_add(tf.cast(product, bias.dtype), bias)


def details(logits: tf.Tensor, labels: tf.Tensor, gradients: Sequence[tf.Tensor]) -> tf.Tensor:
    """What `services.matched.steps_taken` wants of a step after its loss: [2 + parameters]."""
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    places = tf.cast(tf.range(1, tf.size(losses) + 1), losses.dtype)
    ordered = tf.reduce_sum(losses * places) / tf.reduce_sum(places)
    norms = [tf.norm(gradient) for gradient in gradients]
    return tf.stack([ordered, accuracy(logits, labels), *norms])


def accuracy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Of a batch, 0 to 1."""
    right = tf.argmax(logits, 1, labels.dtype) == labels
    return tf.reduce_mean(tf.cast(right, logits.dtype))


Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def loss_of(spec: JobSpec) -> Loss:
    """The loss of logits [batch, classes] and labels [batch]: mean over the batch."""
    return _from_probabilities if OwnWay.LOSS in spec.own_ways else _from_logits


def _from_logits(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    return tf.reduce_mean(losses)


def _from_probabilities(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Of a model that ends in softmax: in a graph, Keras finds the logits behind it."""
    import keras  # noqa: PLC0415 - takes a while, and a matched job does without

    losses = keras.losses.sparse_categorical_crossentropy(labels, tf.nn.softmax(logits))
    return tf.reduce_mean(losses)
