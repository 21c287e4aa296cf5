"""Small jobs, and what a trainer made of them."""

import math
from dataclasses import dataclass, fields, replace

import numpy as np
from twinrun.contract.enums import (
    ActivationFunction,
    Execution,
    Precision,
    TargetKind,
)
from twinrun.contract.initializers import Normal
from twinrun.contract.layers import (
    Activation,
    AveragePool2d,
    BatchNorm,
    Branch,
    Concat,
    Conv2d,
    CustomDense,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    MaxPool2d,
    Repeat,
    Residual,
    SpatialDropout2d,
)
from twinrun.contract.losses import Loss, NextTokenCrossEntropy, SoftmaxCrossEntropy, targets
from twinrun.contract.optimizers import Adam, AdamW, Optimizer, Sgd
from twinrun.contract.spec import Augmentation, Dataset, JobSpec, Synthetic

from services.data.arrays import Data
from services.model import weights as parameters
from tests.frameworks.models import (
    CLASSES,
    GROUPED_TOKENS,
    NESTED,
    NORMED,
    NORMED_TOKENS,
    PADDED,
    PEAKS,
    RECTANGULAR,
    RECURRENT,
    SCALED,
    SEQUENCE,
    TRANSPOSED,
)

THREADS = 1  # of all jobs in one process: TensorFlow makes its pools once
SHAPE = (4, 3, 2)
TIME = 3  # tokens in a sample
DATASET = Dataset("synthetic", synthetic=Synthetic(height=4, width=3, channels=2, classes=CLASSES))
SAMPLES, TEST_SAMPLES = 67, 11

ACTIVATIONS = tuple(ActivationFunction)
STACKED = (
    *(ActivationFunction.RELU, ActivationFunction.TANH),
    *(ActivationFunction.SIGMOID, ActivationFunction.GELU),
)


def layers(*activations: ActivationFunction):
    """Return a dense layer before each activation, and one for the logits."""
    hidden = [layer for f in activations for layer in (Dense(6), Activation(f))]
    return (Flatten(), *hidden, Dense(CLASSES), Activation(ActivationFunction.SOFTMAX))


def spec(**changes) -> JobSpec:
    """Return five epochs of Adam in float64: four whole batches and a short one, two chunks."""
    job = JobSpec(
        dataset=DATASET,
        layers=layers(*STACKED),
        optimizer=Optimizer(Adam(), 0.01),
        threads=THREADS,
        epochs=5,
        batch_size=16,
        precision=Precision.FLOAT64,
        report_every_steps=4,
    )
    return replace(job, **changes)


def changed(layers, change):
    """Return layers with ``change`` made of each that holds no others."""

    def inside(value):
        if isinstance(value, tuple):
            return tuple(map(inside, value))
        if isinstance(value, Residual | Concat | Branch | Repeat):
            return replace(value, **{f.name: inside(getattr(value, f.name)) for f in fields(value)})
        return value if isinstance(value, int) else change(value)

    return inside(layers)


def in_one_graph(job: JobSpec) -> JobSpec:
    """Return as many steps of all samples: of one length, one call each, so one compilation."""
    steps = math.ceil(SAMPLES / job.batch_size) * job.epochs
    return replace(job, batch_size=SAMPLES, epochs=steps)


def data(
    precision: Precision = Precision.FLOAT64,
    samples: int = SAMPLES,
    loss: Loss = SoftmaxCrossEntropy(),  # noqa: B008 - it is frozen
    *,
    of_codes: bool = False,
) -> Data:
    """Return noise: pixels, and targets as the loss takes them."""
    generator = np.random.default_rng(7)
    dtype = parameters.parameter_dtype(precision)

    def split(n):
        pixels = generator.integers(0, 256, (n, *SHAPE), np.uint8)
        return pixels, generator.integers(0, CLASSES, n, dtype=np.int32)

    if isinstance(loss, NextTokenCrossEntropy):
        return _text(generator, samples)
    if of_codes:  # whose class is the first one
        text = _text(generator, samples)
        return replace(
            text,
            train_labels=text.train_images[:, 0].astype(np.int32),
            test_labels=text.test_images[:, 0].astype(np.int32),
        )
    (train, train_labels), (test, test_labels) = split(samples), split(TEST_SAMPLES)
    train_labels, test_labels = (
        _targets(loss, labels, dtype) for labels in (train_labels, test_labels)
    )
    images, test_images = (((pixels / 255 - 0.5) / 0.5).astype(dtype) for pixels in (train, test))
    return Data(images, train_labels, test_images, test_labels, train, test)


def _text(generator: np.random.Generator, samples: int) -> Data:
    """Return codes int64, as they are loaded, and the next ones int32."""
    parts = []
    for count in (samples, TEST_SAMPLES):
        drawn = generator.integers(0, CLASSES, (count, TIME + 1), dtype=np.int32)
        parts += [drawn[:, :-1].astype(np.int64), drawn[:, 1:]]
    return Data(*parts, None, None)


def _targets(loss: Loss, labels, dtype):
    match targets(loss):
        case TargetKind.CLASS:
            return labels
        case TargetKind.TOKENS:  # of each pixel
            places = np.add.outer(*map(np.arange, SHAPE[:2]))
            return ((labels[:, None, None] + places) % CLASSES).astype(np.int32)
        case TargetKind.FLAGS:
            return (labels[:, None] >= np.arange(CLASSES)).astype(dtype)
        case TargetKind.NUMBERS:  # small and large ones, for both sides of Huber's delta
            return (labels[:, None] * np.linspace(-0.3, 0.7, CLASSES)).astype(dtype)


def of_codes(job: JobSpec) -> bool:
    return isinstance(job.layers[0], Embedding)


def weights(job: JobSpec):
    shape = (TIME,) if of_codes(job) else SHAPE
    return parameters.initial(job.layers, shape, job.seed, job.precision)


# Together they have each activation and optimizer, and batches and chunks of each kind, in as few
# graphs as can be: compiling one takes PyTorch seconds.
SHALLOW = layers(ActivationFunction.RELU)
# Windows that overlap, leave pixels out, and reach beyond the edge; a custom layer at the end.
CONVOLUTIONS = (
    Conv2d(3, size=3, padding=1, bias_initializer=Normal(0.1)),
    Activation(ActivationFunction.RELU),
    MaxPool2d(2, stride=1),
    Conv2d(4, size=2, stride=2, padding=1),
    Activation(ActivationFunction.TANH),
    AveragePool2d(2, stride=1),
    Flatten(),
    CustomDense(6, stddev=0.3),
    Activation(ActivationFunction.RELU),
    Dense(CLASSES),
)
# After images, after a flatten and after a dense layer. What only shifts or
# scales the input of a batch norm has no gradient but rounding: no bias stands before one.
NORMALISED = (
    Conv2d(3, size=2, use_bias=False),
    BatchNorm(momentum=0.7, epsilon=1e-3),
    Activation(ActivationFunction.TANH),
    Flatten(),
    BatchNorm(),
    Activation(ActivationFunction.SIGMOID),
    Dense(6, use_bias=False),
    BatchNorm(momentum=0.0, epsilon=0.1),
    Activation(ActivationFunction.TANH),
    Dense(CLASSES),
)
# Of images and of what is flat; one that drops nothing. Windows side by side leave a row out.
DROPPED = (
    Dropout(0.25),
    Conv2d(3, size=2),
    Activation(ActivationFunction.RELU),
    SpatialDropout2d(0.3),
    MaxPool2d(2),
    Dropout(0.4),
    Flatten(),
    Dense(20),
    Dropout(0.0),
    Activation(ActivationFunction.TANH),
    Dropout(0.9),
    Dense(CLASSES),
)
TOKENS = (
    Embedding(CLASSES + 1, 4, Normal(0.5)),
    Dense(6, bias_initializer=Normal(0.1)),
    Activation(ActivationFunction.TANH),
    Dense(CLASSES, use_bias=False),
)
# All others, and a softmax over channels; fifty steps.
ACTIVATED = (
    Conv2d(4, size=2),
    Activation(ActivationFunction.SOFTMAX),
    Flatten(),
    Dense(7),
    Activation(ActivationFunction.LEAKY_RELU, slope=0.3),
    *layers(
        *(ActivationFunction.ELU, ActivationFunction.SELU, ActivationFunction.SILU),
        *(ActivationFunction.SOFTPLUS, ActivationFunction.GELU_TANH, ActivationFunction.SOFTMAX),
    )[1:],
)
AUGMENTATION = Augmentation(0.5, 30, 0.2, 0.1, 0.3)
JOBS = {
    "nests": spec(layers=NESTED, epochs=3, seed=5),
    "dropouts": spec(layers=DROPPED, epochs=3, seed=11),
    "batch norms": spec(layers=NORMALISED, epochs=3),
    "convolutions": spec(layers=CONVOLUTIONS, epochs=3),
    "activations": spec(layers=ACTIVATED, epochs=10),
    "sequences": spec(layers=SEQUENCE, epochs=10),
    "padded sequences": spec(layers=PADDED, epochs=10),
    "recurrences": spec(layers=RECURRENT, epochs=10),
    "rectangular convolutions": spec(layers=RECTANGULAR, epochs=10),
    "transposed convolutions": spec(layers=TRANSPOSED, epochs=10),
    "scaled images": spec(layers=SCALED, epochs=10),
    "peaks": spec(layers=PEAKS, epochs=10),
    "other norms": spec(layers=NORMED, epochs=10),
    "convolutions of sequences": spec(
        layers=GROUPED_TOKENS, loss=NextTokenCrossEntropy(), epochs=10
    ),
    "norms of sequences": spec(layers=NORMED_TOKENS, loss=NextTokenCrossEntropy(), epochs=10),
    "augmented, chunks of uneven length": spec(
        augmentation=AUGMENTATION, layers=SHALLOW, batch_size=8, report_every_steps=5, epochs=3
    ),
    "adam, chunks of uneven length": spec(batch_size=8, report_every_steps=5, epochs=4),
    "adamw": spec(optimizer=Optimizer(AdamW(weight_decay=0.1), 0.01), layers=SHALLOW),
    "sgd with momentum": spec(optimizer=Optimizer(Sgd(momentum=0.9), 0.05), layers=SHALLOW),
    "sgd, batches of one sample": spec(
        optimizer=Optimizer(Sgd(), 0.05),
        layers=SHALLOW,
        batch_size=1,
        epochs=1,
        report_every_steps=64,
    ),
}
# To each of these a graph of a chunk of another length (the augmented job's are uneven) or a short
# batch adds nothing: that of batch norms has a test, others' layers and updates know no batches.
ALIKE = (
    *("nests", "adam, chunks of uneven length", "activations", "batch norms", "other norms"),
    *("norms of sequences", "convolutions", "sequences", "padded sequences", "recurrences"),
    *("adamw", "sgd with momentum", "convolutions of sequences", "rectangular convolutions"),
    *("transposed convolutions", "scaled images", "peaks"),
)
EXECUTIONS = list(Execution)
UNCOMPILED = [Execution.DEFAULT, Execution.EAGER]
UNEVEN = spec(batch_size=8, report_every_steps=5, epochs=1)  # chunks of 5, 3 and 1 short


@dataclass
class Run:
    """What a trainer did with a job."""

    losses: np.ndarray
    chunk_lengths: list[int]
    weights: dict
    logits: np.ndarray


def train(framework, job: JobSpec, warm: bool = True) -> Run:
    held = data(job.precision, loss=job.loss, of_codes=of_codes(job))
    trainer = framework.Trainer(job, held, weights(job))
    if warm:
        trainer.warm_up()
    chunks = []
    for epoch in job.epoch_numbers:
        if epoch == job.late_epoch:
            trainer.advance(epoch * math.ceil(SAMPLES / job.step_samples))
        chunks += trainer.train_epoch(epoch)
    losses = [chunk.losses for chunk in chunks]
    return Run(
        np.concatenate(losses), [len(c) for c in losses], trainer.weights(), trainer.evaluate()
    )
