"""What a job comes to: the network and the optimizers in plain NumPy, float64 throughout."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from services.spec import Activation, ActivationFunction, Adam, AdamW, Dense, JobSpec, Sgd
from services.trainer import Data
from services.workload import order
from services.workload.layers import trained_layers

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


def forward(spec: JobSpec, weights, images):
    """Logits, and what went into each layer."""
    x, inputs = np.asarray(images, np.float64), []
    for index, layer in enumerate(trained_layers(spec.layers)):
        inputs.append(x)
        match layer:
            case Dense():
                x = x @ weights[f"layers.{index}.kernel"] + weights[f"layers.{index}.bias"]
            case Activation(function):
                x = ACTIVATIONS[function][0](x)
            case _:
                x = x.reshape(len(x), -1)
    return x, inputs


def gradients(spec: JobSpec, weights, images, labels):
    """The batch's loss, and its gradient by name."""
    logits, inputs = forward(spec, weights, images)
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
            case Dense():
                found[f"layers.{index}.kernel"] = inputs[index].T @ g
                found[f"layers.{index}.bias"] = g.sum(axis=0)
                g = g @ weights[f"layers.{index}.kernel"].T
            case Activation(function):
                g = g * ACTIVATIONS[function][1](inputs[index])
            case _:
                g = g.reshape(inputs[index].shape)
    return loss, found


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


def batches(spec: JobSpec, samples: int) -> Iterator[np.ndarray]:
    for epoch in range(spec.epochs):
        indices = order.permutation(spec.seed, epoch, samples)
        indices = order.limited(indices, spec.batch_size, spec.steps_per_epoch_limit)
        for start in range(0, len(indices), spec.batch_size):
            yield indices[start : start + spec.batch_size]


def details(spec: JobSpec, data: Data, weights) -> StepDetails:
    """What is told of each step beside its loss."""
    weights = {name: array.astype(np.float64) for name, array in weights.items()}
    optimizer = Optimizer(spec)
    ordered, accuracies, norms = [], [], {name: [] for name in weights}
    for batch in batches(spec, len(data.train_images)):
        images, labels = data.train_images[batch], data.train_labels[batch]
        logits, _ = forward(spec, weights, images)
        shifted = logits - logits.max(axis=1, keepdims=True)
        each = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
        places = np.arange(1, len(labels) + 1)
        ordered.append((each * places).sum() / places.sum())
        accuracies.append((logits.argmax(axis=1) == labels).mean())
        _, found = gradients(spec, weights, images, labels)
        for name, told in norms.items():
            told.append(np.linalg.norm(found[name]))
        optimizer.update(weights, found)
    return StepDetails(
        np.array(ordered), np.array(accuracies), {k: np.array(v) for k, v in norms.items()}
    )


def train(spec: JobSpec, data: Data, weights, epsilon_hat: float | None = None):
    """The losses of all steps, and the weights after them."""
    weights = {name: array.astype(np.float64) for name, array in weights.items()}
    optimizer = Optimizer(spec, epsilon_hat)
    losses = []
    for batch in batches(spec, len(data.train_images)):
        loss, found = gradients(spec, weights, data.train_images[batch], data.train_labels[batch])
        optimizer.update(weights, found)
        losses.append(loss)
    return np.array(losses), weights
