"""The measured work: an epoch of `mnist-mlp`, and its arithmetic; of others, small ones."""

import argparse
import itertools
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from twinrun.contract.enums import ActivationFunction, TargetKind
from twinrun.contract.layers import (
    Activation,
    BatchNorm,
    Conv2d,
    Dense,
    Embedding,
    Flatten,
    GlobalAveragePool2d,
    Layer,
    LayerNorm,
    Lstm,
    MaxPool2d,
    MultiHeadAttention,
    PositionEmbedding,
    Repeat,
    Residual,
)
from twinrun.contract.losses import NextTokenCrossEntropy
from twinrun.contract.optimizers import Adam, Optimizer
from twinrun.contract.spec import Arrays, Augmentation, Dataset, JobSpec, Normalization, Synthetic

from services.data import catalog, datasets
from services.data.arrays import Data
from services.model import shapes, weights

AUGMENTED = Augmentation(flip=0.5, rotation_degrees=10, width_shift=0.1, height_shift=0.1)
RELU = Activation(ActivationFunction.RELU)
MLP = (Flatten(), Dense(128), RELU, Dense(64), RELU, Dense(10))
CNN = (
    *(Conv2d(32, size=5), RELU, MaxPool2d()),
    *(Conv2d(64, size=5), RELU, MaxPool2d()),
    *(Flatten(), Dense(128), RELU, Dense(10)),
)
TABLE_ROWS, TABLE_COLUMNS, TABLE_CLASSES = (50_000, 5_000), 20, 3
CNN_SAMPLES = 6_400  # of an epoch: whole ones would take minutes
PHOTOGRAPHS, SIDE, STAGES = 1_280, 32, (16, 32, 64)  # of resnet20-cifar10
CODES, TIME, TEXT_SAMPLES, TEXT_BATCH = 24, 32, 3_200, 32
ATTENTION = (LayerNorm(), MultiHeadAttention(4, causal=True))
PERCEPTRON = (LayerNorm(), Dense(128), Activation(ActivationFunction.GELU), Dense(32))
TEXT_MODELS: dict[str, tuple[Layer, ...]] = {
    "lstm": (Embedding(CODES, 16), Lstm(64), Dense(CODES)),
    "transformer": (
        *(Embedding(CODES, 32), PositionEmbedding()),
        Repeat(2, (Residual(ATTENTION), Residual(PERCEPTRON))),
        *(LayerNorm(), Dense(CODES)),
    ),
}
MEAN, STD = 0.1307, 0.3081
BATCH = 64
LEARNING_RATE = 1e-3


def options() -> argparse.Namespace:
    """Parse the command line of a framework's benchmark."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7, help="of each variant, after a warm-up")
    parser.add_argument("--slow-rounds", type=int, default=3, help="of the lesson-style loop")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--dataset", choices=("mnist", "synthetic"), default="mnist")
    data = os.environ.get("TWINRUN_DATA_DIR") or Path.home() / ".cache/twinrun/data"
    parser.add_argument("--data-dir", type=Path, default=data)
    parser.add_argument("--output", type=Path, default=Path("bench-results"), help="a directory")
    return parser.parse_args()


def spec(chosen: argparse.Namespace, **changes: Any) -> JobSpec:
    """Return `mnist-mlp`; with the dataset synthetic, the same sizes without files."""
    return JobSpec(
        dataset=Dataset(
            chosen.dataset,
            normalization=Normalization(MEAN, STD),
            synthetic=Synthetic(train_samples=60_000, test_samples=10_000),
        ),
        layers=MLP,
        optimizer=Optimizer(Adam(), LEARNING_RATE),
        threads=chosen.threads,
        batch_size=BATCH,
        **changes,
    )


def cnn(chosen: argparse.Namespace, **changes: Any) -> JobSpec:
    """Return `mnist-cnn` on the first CNN_SAMPLES."""
    job = spec(chosen, **changes)
    return replace(job, layers=CNN, dataset=replace(job.dataset, train_limit=CNN_SAMPLES))


def table(chosen: argparse.Namespace) -> tuple[JobSpec, Data]:
    """Return a job of a user's table, an MLP over float columns, and its arrays.

    The values are drawn: they are as `services.data.datasets` gives them, float32 and normalised.
    """
    draw, (train, test) = np.random.default_rng(0), TABLE_ROWS
    features = draw.standard_normal((train + test, TABLE_COLUMNS), dtype=np.float32)
    classes = np.argmax(features[:, :TABLE_CLASSES], axis=1).astype(np.int32)
    arrays = Arrays(
        *("0" * 64, features.nbytes, train, test, (TABLE_COLUMNS,), TargetKind.CLASS),
        TABLE_CLASSES,
    )
    job = replace(
        spec(chosen),
        dataset=Dataset(catalog.FILE, arrays=arrays),
        layers=(Dense(64), RELU, Dense(32), RELU, Dense(TABLE_CLASSES)),
    )
    splits = (features[:train], classes[:train], features[train:], classes[train:])
    return job, Data(*splits, train_pixels=None, test_pixels=None)


def resnet(chosen: argparse.Namespace) -> tuple[JobSpec, Data]:
    """Return a job of the layers of `resnet20-cifar10`, and its images, which are drawn."""
    layers: list[Layer] = [*_convolved(STAGES[0]), RELU]
    for filters, block in itertools.product(STAGES, range(3)):
        stride = 2 if filters > STAGES[0] and block == 0 else 1
        inside = *_convolved(filters, stride), RELU, *_convolved(filters)
        beside = _convolved(filters, stride, size=1) if stride > 1 else ()
        layers += [Residual(inside, beside), RELU]
    draw = np.random.default_rng(0)
    images = draw.standard_normal((PHOTOGRAPHS + BATCH, SIDE, SIDE, 3), dtype=np.float32)
    classes = draw.integers(0, 10, len(images), dtype=np.int32)
    arrays = Arrays(
        *("0" * 64, images.nbytes, PHOTOGRAPHS, BATCH, images.shape[1:], TargetKind.CLASS), 10
    )
    job = replace(
        spec(chosen),
        dataset=Dataset(catalog.FILE, arrays=arrays),
        layers=(*layers, GlobalAveragePool2d(), Dense(10)),
    )
    train, test = slice(PHOTOGRAPHS), slice(PHOTOGRAPHS, None)
    splits = images[train], classes[train], images[test], classes[test]
    return job, Data(*splits, train_pixels=None, test_pixels=None)


def _convolved(filters: int, stride: int = 1, *, size: int = 3) -> tuple[Layer, ...]:
    padding = size // 2
    return Conv2d(filters, size, stride, padding, use_bias=False), BatchNorm()


def text(chosen: argparse.Namespace, layers: tuple[Layer, ...]) -> tuple[JobSpec, Data]:
    """Return a job of next tokens, and its codes, which are drawn: int64, as trainers get them."""
    draw = np.random.default_rng(0)
    drawn = draw.integers(0, CODES, (TEXT_SAMPLES + TEXT_BATCH, TIME + 1), dtype=np.int32)
    codes, following = drawn[:, :-1].astype(np.int64), np.ascontiguousarray(drawn[:, 1:])
    shape = *("0" * 64, codes.nbytes, TEXT_SAMPLES, TEXT_BATCH, (TIME,)), TargetKind.TOKENS
    job = replace(
        spec(chosen),
        dataset=Dataset(catalog.FILE, arrays=Arrays(*shape, CODES, codes=CODES)),
        layers=layers,
        loss=NextTokenCrossEntropy(),
        batch_size=TEXT_BATCH,
    )
    train, test = slice(TEXT_SAMPLES), slice(TEXT_SAMPLES, None)
    splits = codes[train], following[train], codes[test], following[test]
    return job, Data(*splits, train_pixels=None, test_pixels=None)


def load(chosen: argparse.Namespace, job: JobSpec) -> Data:
    return datasets.load(job, chosen.data_dir, progress=lambda _: None).data


def initial(job: JobSpec) -> weights.Weights:
    return weights.initial(job.layers, catalog.info(job.dataset).shape, job.seed, job.precision)


def epoch_operations(job: JobSpec) -> dict[str, int]:
    """Return operations of the matrix products of one epoch, counted in two ways.

    A dense layer has three products: its output, and the gradients of its kernel and its input. By
    the usual rule these are 6 operations for each kernel's value and sample, 39.3e9 for
    `mnist-mlp`; but the gradient of the first layer's input is never used, which leaves 27.3e9.
    """
    info = catalog.info(job.dataset)
    kernels = [p.shape for p in shapes.parameters(job.layers, info.shape) if len(p.shape) == 2]
    sizes = [math.prod(shape) for shape in kernels]
    by_rule = info.train_samples * 6 * sum(sizes)
    return {"by rule": by_rule, "needed": by_rule - info.train_samples * 2 * sizes[0]}
