"""The expected result of a job: the network in plain NumPy, float64 throughout."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

import numpy as np
from twinrun.contract.enums import ClassWeightsDivisor, TargetKind
from twinrun.contract.losses import (
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    NextTokenCrossEntropy,
    PixelCrossEntropy,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    ignored,
    targets,
)
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data
from services.model import augmentation, order
from tests.frameworks.network import Pass
from tests.frameworks.optimizer_formulas import Optimizer


def forward(spec: JobSpec, weights, images, place=None):
    """Return logits; ``place`` as in `Pass`."""
    return Pass(spec, weights, images, place).logits


def loss_and_slope(spec: JobSpec, logits, labels):
    """Return the batch's loss, and its gradient by the logits."""
    losses, slopes = each(spec, logits, labels)
    samples = len(labels)
    if ignored(spec.loss) is not None:  # each sample's is the mean over its own positions
        counted = (labels != spec.loss.ignored).reshape(samples, -1).sum(axis=1)
        total = max(counted.sum(), 1)
        share = counted.reshape(-1, *[1] * (slopes.ndim - 1))
        return (losses * counted).sum() / total, slopes * share / total
    if isinstance(spec.loss, SoftmaxCrossEntropy) and spec.loss.class_weights:
        weights = np.array(spec.loss.class_weights)[labels]
        if spec.loss.class_weights_divisor is ClassWeightsDivisor.WEIGHTS:
            samples = weights.sum()
    return losses.sum() / samples, slopes / samples


def each(spec: JobSpec, logits, labels):
    """Return each sample's loss [batch], and its gradient by the logits [batch, ..., outputs]."""
    outputs = logits.shape[-1]
    match spec.loss:
        case SoftmaxCrossEntropy(smoothing, weights):
            exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
            probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
            wanted = (1 - smoothing) * np.eye(outputs)[labels] + smoothing / outputs
            weight = np.array(weights or [1.0] * outputs)[labels]
            losses = -(wanted * np.log(probabilities)).sum(axis=1)
            return weight * losses, weight[:, None] * (probabilities - wanted)
        case NextTokenCrossEntropy() | PixelCrossEntropy():
            counted = np.ones(labels.shape, bool)
            if spec.loss.ignored is not None:
                counted = labels != spec.loss.ignored
            axes = tuple(range(1, labels.ndim))
            positions = np.maximum(counted.sum(axis=axes, keepdims=True), 1)
            wanted = np.eye(outputs)[labels]
            exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
            probabilities = exponentials / exponentials.sum(axis=-1, keepdims=True)
            shares = counted / positions
            losses = -(wanted * np.log(probabilities)).sum(axis=-1)
            return (losses * shares).sum(axis=axes), (probabilities - wanted) * shares[..., None]
        case SigmoidCrossEntropy(weight):
            p, q = 1 / (1 + np.exp(-logits)), 1 / (1 + np.exp(logits))  # 1 - p would cancel
            losses = -(weight * labels * np.log(p) + (1 - labels) * np.log(q))
            slopes = (1 - labels) * p - weight * labels * q
        case MeanSquaredError():
            losses, slopes = (logits - labels) ** 2, 2 * (logits - labels)
        case MeanAbsoluteError():
            losses, slopes = np.abs(logits - labels), np.sign(logits - labels)
        case Huber(delta):
            e = logits - labels
            small = np.abs(e) <= delta
            losses = np.where(small, e**2 / 2, delta * (np.abs(e) - delta / 2))
            slopes = np.where(small, e, delta * np.sign(e))
        case _:
            assert_never(spec.loss)
    return losses.mean(axis=1), slopes / outputs


def gradients(spec: JobSpec, weights, step):
    """Return the loss of a step's batches, and its gradient by name: means over its samples."""
    samples = sum(len(labels) for _, labels, _ in step)
    total, sums = 0.0, {}
    for images, labels, place in step:
        network = Pass(spec, weights, images, place)
        loss, g = loss_and_slope(spec, network.logits, labels)
        network.backward(g)
        share = len(labels) / samples
        total += share * loss
        for name, gradient in network.gradients.items():
            sums[name] = sums.get(name, 0.0) + share * gradient
    return total, sums


def keep(spec: JobSpec, weights, step) -> None:
    """Move the moving statistics towards those of each batch."""
    for images, _, place in step:
        Pass(spec, weights, images, place).keep()


@dataclass
class StepDetails:
    """As in job.proto: arrays [steps], gradient norms by parameter."""

    ordered_losses: np.ndarray
    accuracies: np.ndarray
    gradient_norms: dict[str, np.ndarray]


def resample(images, transforms, fill):
    """Take each pixel from where its image's inverse map says, interpolated bilinearly."""
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


Batch = tuple[np.ndarray, np.ndarray, tuple[int, int]]


def steps(spec: JobSpec, data: Data) -> Iterator[list[Batch]]:
    """Yield the batches of each step: images and labels, with epoch and position in it."""
    shape = data.train_images.shape
    for epoch in spec.epoch_numbers:
        indices = order.permutation(spec.seed, epoch, len(data.train_images))
        indices = order.limited(indices, spec.step_samples, spec.steps_per_epoch_limit)
        found = []
        for start in range(0, len(indices), spec.batch_size):
            batch = indices[start : start + spec.batch_size]
            images = data.train_images[batch]
            if augmentation.wanted(spec):
                maps = augmentation.transforms(spec, shape, epoch)
                fill = augmentation.background(spec.dataset.normalization)
                images = resample(images, maps[batch], fill)
            found.append((images, data.train_labels[batch], (epoch, start)))
        for first in range(0, len(found), spec.accumulate_steps):
            yield found[first : first + spec.accumulate_steps]


def details(spec: JobSpec, data: Data, weights) -> StepDetails:
    """Return the reports of each step besides its loss."""
    weights = {name: array.astype(np.float64) for name, array in weights.items()}
    optimizer = Optimizer(spec.optimizer)
    ordered, accuracies = [], []
    norms = {name: [] for name in weights if "moving" not in name}
    for step in steps(spec, data):
        logits = np.concatenate([forward(spec, weights, images, at) for images, _, at in step])
        labels = np.concatenate([labels for _, labels, _ in step])
        losses, _ = each(spec, logits, labels)
        places = np.arange(1, len(labels) + 1)
        ordered.append((losses * places).sum() / places.sum())
        match targets(spec.loss):
            case TargetKind.CLASS | TargetKind.TOKENS:
                right = logits.argmax(axis=-1) == labels
                if ignored(spec.loss) is not None:
                    right = right[labels != spec.loss.ignored]
                accuracies.append(right.mean() if right.size else 0.0)
            case TargetKind.FLAGS:
                accuracies.append(((logits > 0) == (labels > 0)).mean())
            case TargetKind.NUMBERS:
                pass
        _, found = gradients(spec, weights, step)
        for name, told in norms.items():
            told.append(np.linalg.norm(found[name]))
        keep(spec, weights, step)
        optimizer.update(weights, found)
    return StepDetails(
        np.array(ordered), np.array(accuracies), {k: np.array(v) for k, v in norms.items()}
    )


def train(spec: JobSpec, data: Data, weights, epsilon_hat: float | None = None):
    """Return the losses of all steps, and the weights after them."""
    weights = {name: array.astype(np.float64) for name, array in weights.items()}
    optimizer = Optimizer(spec.optimizer, epsilon_hat)
    losses = []
    whole_epoch = math.ceil(len(data.train_images) / spec.step_samples)
    for step in steps(spec, data):
        if step[0][2] == (spec.late_epoch, 0):
            optimizer.step = spec.late_epoch * whole_epoch
        loss, found = gradients(spec, weights, step)
        keep(spec, weights, step)
        optimizer.update(weights, found)
        losses.append(loss)
    return np.array(losses), weights
