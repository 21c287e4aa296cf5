"""What a job comes to: the network and the optimizers in plain NumPy, float64 throughout."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from twinrun.contract.enums import ActivationFunction
from twinrun.contract.layers import (
    Activation,
    AveragePool2d,
    BatchNorm,
    Conv2d,
    CustomDense,
    Dense,
    Dropout,
    MaxPool2d,
)
from twinrun.contract.optimizers import Adam, AdamW, Sgd
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data
from services.model import augmentation, order
from services.model.layers import trained_layers

erf = np.vectorize(math.erf, otypes=[np.float64])


def gelu(x):
    return x * (1 + erf(x / math.sqrt(2))) / 2


def gelu_slope(x):
    return (1 + erf(x / math.sqrt(2))) / 2 + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# The function and its slope, both of what goes in.
ACTIVATIONS = {
    ActivationFunction.RELU: (lambda x: np.maximum(x, 0), lambda x: (x > 0).astype(x.dtype)),
    ActivationFunction.TANH: (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    ActivationFunction.SIGMOID: (sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x))),
    ActivationFunction.GELU: (gelu, gelu_slope),
}


def padded(x, layer: Conv2d):
    """Zeros around images [batch, h, w, c]."""
    return np.pad(x, ((0, 0), (layer.padding,) * 2, (layer.padding,) * 2, (0, 0)))


def windows(x, layer):
    """What lies under each place of a window: [batch, h', w', c, size, size]."""
    found = np.lib.stride_tricks.sliding_window_view(x, (layer.size,) * 2, axis=(1, 2))
    return found[:, :: layer.stride, :: layer.stride]


def laid_back(under, shape, layer):
    """The sum of windows where they lie in images of ``shape``."""
    found = np.zeros(shape)
    _, height, width, *_ = under.shape
    for i, j in np.ndindex(layer.size, layer.size):
        rows = slice(i, i + layer.stride * height, layer.stride)
        columns = slice(j, j + layer.stride * width, layer.stride)
        found[:, rows, columns] += under[..., i, j]
    return found


def kept(spec: JobSpec, index, place, shape):
    """What a dropout multiplies a batch of ``shape`` by: drawn one sample after the other."""
    (epoch, first), rate = place, spec.layers[index].rate
    values = math.prod(shape[1:])
    blocks = math.ceil(values / 16)  # of 16 numbers of 16 bits
    key = [spec.seed, 2**62 + index * 2**32 + epoch]
    numbers = []
    for sample in range(first, first + shape[0]):
        raw = np.random.Philox(key=key, counter=sample * blocks).random_raw(4 * blocks)
        bits = [int(word) >> shift & 0xFFFF for word in raw for shift in (0, 16, 32, 48)]
        numbers.append(bits[:values])
    mask = np.array(numbers).reshape(shape) >= round(rate * 65536)
    return mask / (1 - rate)


def of_channels(x):
    """Mean and biased variance, over all axes but the last."""
    axes = tuple(range(x.ndim - 1))
    mean = x.mean(axis=axes)
    return mean, ((x - mean) ** 2).mean(axis=axes)


def forward(spec: JobSpec, weights, images, place=None):
    """Logits, and what went into each layer.

    In training ``place`` is epoch, first place of the batch in it: batches are normalised by their
    own statistics, and values drop out.
    """
    training = place is not None
    x, inputs = np.asarray(images, np.float64), []
    for index, layer in enumerate(trained_layers(spec.layers)):
        inputs.append(x)
        match layer:
            case Dense() | CustomDense():
                x = x @ weights[f"layers.{index}.kernel"] + weights.get(f"layers.{index}.bias", 0)
            case Activation(function):
                x = ACTIVATIONS[function][0](x)
            case Conv2d():
                under = windows(padded(x, layer), layer)
                x = np.einsum("bhwcij,ijcf->bhwf", under, weights[f"layers.{index}.kernel"])
                x += weights.get(f"layers.{index}.bias", 0)
            case BatchNorm(_, epsilon):
                moving = (weights[f"layers.{index}.moving_{of}"] for of in ("mean", "variance"))
                mean, variance = of_channels(x) if training else moving
                x = (x - mean) / np.sqrt(variance + epsilon)
                x = weights[f"layers.{index}.gamma"] * x + weights[f"layers.{index}.beta"]
            case Dropout():
                x = x * kept(spec, index, place, x.shape) if training else x
            case MaxPool2d():
                x = windows(x, layer).max(axis=(4, 5))
            case AveragePool2d():
                x = windows(x, layer).mean(axis=(4, 5))
            case _:
                x = x.reshape(len(x), -1)
    return x, inputs


def through_pool(layer: MaxPool2d | AveragePool2d, x, g):
    """The gradient of ``x``, which went in, from that of what came out."""
    under = windows(x, layer)
    if isinstance(layer, AveragePool2d):
        spread = np.broadcast_to(g[..., None, None] / layer.size**2, under.shape)
        return laid_back(spread, x.shape, layer)
    flat = under.reshape(*under.shape[:4], -1)
    first = np.eye(flat.shape[-1])[flat.argmax(axis=-1)]  # of equal ones the first
    return laid_back((g[..., None] * first).reshape(under.shape), x.shape, layer)


def gradients(spec: JobSpec, weights, images, labels, place):
    """The batch's loss, and its gradient by name."""
    logits, inputs = forward(spec, weights, images, place)
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = -np.log(probabilities[rows, labels]).mean()
    g = probabilities
    g[rows, labels] -= 1
    g /= len(labels)
    found = {}
    for index, layer in reversed(list(enumerate(trained_layers(spec.layers)))):
        match layer:
            case Dense() | CustomDense():
                found[f"layers.{index}.kernel"] = inputs[index].T @ g
                if f"layers.{index}.bias" in weights:
                    found[f"layers.{index}.bias"] = g.sum(axis=0)
                g = g @ weights[f"layers.{index}.kernel"].T
            case Activation(function):
                g = g * ACTIVATIONS[function][1](inputs[index])
            case Conv2d():
                kernel, x = weights[f"layers.{index}.kernel"], padded(inputs[index], layer)
                under = windows(x, layer)
                found[f"layers.{index}.kernel"] = np.einsum("bhwcij,bhwf->ijcf", under, g)
                if f"layers.{index}.bias" in weights:
                    found[f"layers.{index}.bias"] = g.sum(axis=(0, 1, 2))
                g = laid_back(np.einsum("bhwf,ijcf->bhwcij", g, kernel), x.shape, layer)
                edge = slice(layer.padding, -layer.padding or None)
                g = g[:, edge, edge]
            case BatchNorm(_, epsilon):
                x, axes = inputs[index], tuple(range(g.ndim - 1))
                mean, variance = of_channels(x)
                standard = (x - mean) / np.sqrt(variance + epsilon)
                found[f"layers.{index}.gamma"] = (g * standard).sum(axis=axes)
                found[f"layers.{index}.beta"] = g.sum(axis=axes)
                g = g * weights[f"layers.{index}.gamma"] / np.sqrt(variance + epsilon)
                g = g - g.mean(axis=axes) - standard * (g * standard).mean(axis=axes)
            case Dropout():
                g = g * kept(spec, index, place, g.shape)
            case MaxPool2d() | AveragePool2d():
                g = through_pool(layer, inputs[index], g)
            case _:
                g = g.reshape(inputs[index].shape)
    return loss, found


def keep(spec: JobSpec, weights, images, place) -> None:
    """Moves the moving statistics towards the batch's."""
    _, inputs = forward(spec, weights, images, place)
    for index, layer in enumerate(trained_layers(spec.layers)):
        if isinstance(layer, BatchNorm):
            for of, value in zip(("mean", "variance"), of_channels(inputs[index]), strict=True):
                moving = weights[f"layers.{index}.moving_{of}"]
                moving[...] = layer.momentum * moving + (1 - layer.momentum) * value


@dataclass
class StepDetails:
    """As in job.proto: arrays [steps], gradient norms by parameter."""

    ordered_losses: np.ndarray
    accuracies: np.ndarray
    gradient_norms: dict[str, np.ndarray]


class Optimizer:
    """The formulas as job.proto has them."""

    def __init__(self, spec: JobSpec, epsilon_hat: float | None = None) -> None:
        """``epsilon_hat``: in the place of Adam's epsilon, before the bias correction."""
        self.spec, self.step, self.state = spec.optimizer, 0, {}
        self.epsilon_hat = epsilon_hat

    def update(self, weights, found) -> None:
        self.step += 1
        rate, t = self.spec.learning_rate, self.step
        for name, g in found.items():
            w = weights[name]
            m, v = self.state.get(name, (np.zeros_like(w), np.zeros_like(w)))
            match self.spec.kind:
                case Sgd(momentum):
                    m = momentum * m + g
                    w -= rate * m
                case Adam(beta_1, beta_2, epsilon) | AdamW(beta_1, beta_2, epsilon):
                    if isinstance(self.spec.kind, AdamW):
                        w -= rate * self.spec.kind.weight_decay * w
                    if self.epsilon_hat is not None:
                        epsilon = self.epsilon_hat / np.sqrt(1 - beta_2**t)
                    m = beta_1 * m + (1 - beta_1) * g
                    v = beta_2 * v + (1 - beta_2) * g**2
                    w -= rate * (m / (1 - beta_1**t)) / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
            self.state[name] = m, v


def resample(images, transforms, fill):
    """Each pixel from where its image's inverse map says, bilinearly between those around it."""
    images = np.asarray(images, np.float64)
    samples, height, width, _ = images.shape
    found = np.empty_like(images)
    for sample, y, x in np.ndindex(samples, height, width):
        (a, b, c), (d, e, f) = np.asarray(transforms[sample], np.float64)
        u, v = x - (width - 1) / 2, y - (height - 1) / 2
        right = a * u + b * v + c + (width - 1) / 2
        below = d * u + e * v + f + (height - 1) / 2
        left, top = math.floor(right), math.floor(below)
        found[sample, y, x] = sum(
            (1 - abs(right - column))
            * (1 - abs(below - row))
            * (images[sample, row, column] if inside(row, column, height, width) else fill)
            for row in (top, top + 1)
            for column in (left, left + 1)
        )
    return found


def inside(row, column, height, width):
    return 0 <= row < height and 0 <= column < width


def batches(spec: JobSpec, data: Data) -> Iterator[tuple[np.ndarray, np.ndarray, tuple[int, int]]]:
    """The images and labels of each step, and epoch and place in it."""
    shape = data.train_images.shape
    for epoch in spec.epoch_numbers:
        indices = order.permutation(spec.seed, epoch, len(data.train_images))
        indices = order.limited(indices, spec.batch_size, spec.steps_per_epoch_limit)
        maps = augmentation.transforms(spec, shape, epoch)
        for start in range(0, len(indices), spec.batch_size):
            batch = indices[start : start + spec.batch_size]
            images = data.train_images[batch]
            if augmentation.wanted(spec):
                fill = augmentation.background(spec.dataset.normalization)
                images = resample(images, maps[batch], fill)
            yield images, data.train_labels[batch], (epoch, start)


def details(spec: JobSpec, data: Data, weights) -> StepDetails:
    """What is told of each step beside its loss."""
    weights = {name: array.astype(np.float64) for name, array in weights.items()}
    optimizer = Optimizer(spec)
    ordered, accuracies = [], []
    norms = {name: [] for name in weights if "moving" not in name}
    for images, labels, place in batches(spec, data):
        logits, _ = forward(spec, weights, images, place)
        shifted = logits - logits.max(axis=1, keepdims=True)
        each = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
        places = np.arange(1, len(labels) + 1)
        ordered.append((each * places).sum() / places.sum())
        accuracies.append((logits.argmax(axis=1) == labels).mean())
        _, found = gradients(spec, weights, images, labels, place)
        for name, told in norms.items():
            told.append(np.linalg.norm(found[name]))
        keep(spec, weights, images, place)
        optimizer.update(weights, found)
    return StepDetails(
        np.array(ordered), np.array(accuracies), {k: np.array(v) for k, v in norms.items()}
    )


def train(spec: JobSpec, data: Data, weights, epsilon_hat: float | None = None):
    """The losses of all steps, and the weights after them."""
    weights = {name: array.astype(np.float64) for name, array in weights.items()}
    optimizer = Optimizer(spec, epsilon_hat)
    losses = []
    whole_epoch = math.ceil(len(data.train_images) / spec.batch_size)
    for images, labels, place in batches(spec, data):
        if place == (spec.late_epoch, 0):
            optimizer.step = spec.late_epoch * whole_epoch
        loss, found = gradients(spec, weights, images, labels, place)
        keep(spec, weights, images, place)
        optimizer.update(weights, found)
        losses.append(loss)
    return np.array(losses), weights
