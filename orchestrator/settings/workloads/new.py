"""A workload for a user's own data, written after a look at it."""

import json
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import assert_never

import numpy as np
from twinrun.contract.enums import TargetKind
from twinrun.contract.spec import File

from orchestrator.data.reading import read
from orchestrator.data.samples import Samples
from orchestrator.data.targets import kind_of

_STEPS = 3_000  # of a training, about
_TEST_SHARE = 0.2


def text(path: str, target: Sequence[str]) -> str:
    """Return the workload in YAML, with comments. Raises BadInput if the data cannot be used."""
    whole = os.path.abspath(Path(path).expanduser())  # noqa: PTH100 - a link stays as it is
    samples, _ = read(File(whole, tuple(target)))
    return "\n".join(_lines(whole, target, samples)) + "\n"


def _lines(path: str, target: Sequence[str], samples: Samples) -> Iterator[str]:
    kind, shape = kind_of(samples), samples.features.shape[1:]
    count = len(samples.targets)
    outputs = {
        TargetKind.CLASS: len(samples.classes),
        TargetKind.TOKENS: len(samples.tokens),
    }.get(kind, _columns(samples))
    trained = max(1, round(count * (1 - _TEST_SHARE)))
    batch = next(size for most, size in _BATCHES if trained <= most)
    epochs = min(100, max(5, math.ceil(_STEPS * batch / trained)))
    size = "x".join(map(str, shape))
    yield f"# {_task(kind, samples, outputs)}"
    yield f"# {count:,} samples of {size}. Written by 'orchestrator workloads new'."
    yield "dataset:"
    yield "  name: file"
    yield "  file:"
    yield f"    path: {_quoted(path)}  # relative paths start at this file's folder"
    if target:
        yield f"    target: [{', '.join(map(_quoted, target))}]"
    if samples.names:
        listed = ", ".join(samples.names[:_SHOWN])
        rest = f", and {len(samples.names) - _SHOWN} more" if len(samples.names) > _SHOWN else ""
        yield f"    # Features: {listed}{rest}.".replace("\n", " ")
        yield "    # features: [names of columns] takes only some; texts become columns of 0 and 1."
    if samples.tokens and samples.codes:
        yield f"    context: {shape[0]}  # bytes in a sample"
        yield f"    test: {_TEST_SHARE}  # held out: the end of the text"
    else:
        yield from _OF_NUMBERS
    if samples.tokens:
        yield from _limit(count, outputs * math.prod(samples.targets.shape[1:]))
    yield "layers:"
    of_pixels = kind is TargetKind.TOKENS and not samples.codes
    layers = _of_pixels(outputs) if of_pixels else _layers(shape, trained, outputs, samples.codes)
    *before, last = layers
    yield from (f"  - {layer}" for layer in before)
    if kind is TargetKind.NUMBERS:
        last, notes = _of_size(outputs, samples, hidden=_hidden(trained)[-1])
        yield from (f"  # {note}" for note in notes)
    yield f"  - {last}"
    yield _loss(kind, samples)
    yield "optimizer:"
    yield f"  learning_rate: {0.01 if trained < 2_000 and len(shape) == 1 else 0.001}"
    yield "  adam: {}"
    yield f"batch_size: {batch}"
    yield f"epochs: {epochs}"
    yield "seed: 0"


def _loss(kind: TargetKind, samples: Samples) -> str:
    match kind:
        case TargetKind.CLASS:
            return "loss: softmax_cross_entropy  # metrics: accuracy, macro F1"
        case TargetKind.FLAGS:
            metrics = "accuracy, ROC AUC, average precision, F1"
            return f"loss: sigmoid_cross_entropy  # metrics: {metrics}"
        case TargetKind.TOKENS if samples.codes:
            return "loss: next_token_cross_entropy  # metrics: accuracy, perplexity"
        case TargetKind.TOKENS:
            return "loss: pixel_cross_entropy  # metrics: accuracy, perplexity"
        case TargetKind.NUMBERS:
            return "loss: mean_squared_error  # metrics: R\u00b2, RMSE, MAE"
        case _:
            assert_never(kind)


_OF_NUMBERS = (
    f"    test: {_TEST_SHARE}  # held out, drawn from the seed; or the path of another file",
    "  # normalization: if none is given, that of the training samples, by column or channel",
)
_WIDTH = 32  # of an embedding
_MOST_LOGITS = 4_000_000  # of the test: a runner sends them all, and a certificate compares them
_SHOWN = 20  # names of features
_BATCHES = ((2_000, 16), (20_000, 64), (math.inf, 256))  # for at most so many samples
_HIDDEN = ((2_000, (32,)), (20_000, (64, 32)), (math.inf, (128, 64)))
_RELU = "activation: {function: relu}"
_FAR = 10  # times: sizes of targets for which usual initial values do not serve
_LARGEST = 1e9  # standard deviation of initial values
_SMALL_SIDE = 7  # pixels: smaller images are not made smaller


def _limit(count: int, logits: int) -> Iterator[str]:
    """Yield how many samples to test where each has so many ``logits``, if not all."""
    fitting = max(1, _MOST_LOGITS // logits)
    if fitting < round(count * _TEST_SHARE):
        yield f"  test_limit: {fitting}  # a runner sends all logits of the test"


def _columns(samples: Samples) -> int:
    return int(np.prod(samples.targets.shape[1:], dtype=int))


def _task(kind: TargetKind, samples: Samples, outputs: int) -> str:
    """Say what was taken for the task, and why."""
    match kind:
        case TargetKind.CLASS:
            return f"A classification: the target has {outputs} classes."
        case TargetKind.FLAGS if samples.classes:
            no, yes = (json.dumps(name, ensure_ascii=False) for name in samples.classes)
            return f"A binary classification: the target is {yes} (1) or {no} (0)."
        case TargetKind.FLAGS:
            return f"A multi-label classification: {outputs} targets are 0 or 1."
        case TargetKind.TOKENS if not samples.codes:
            return (
                f"A class at each pixel, of {outputs}. These layers see six pixels to each "
                "side; the workload unet-tiny shows a model that sees more."
            )
        case TargetKind.TOKENS:
            return (
                f"A prediction of the next byte, of {outputs} different ones. These layers see one "
                "byte at a time; for a model that looks back give your own code."
            )
        case TargetKind.NUMBERS:
            return f"A regression: the target is {'a number' if outputs == 1 else 'numbers'}."
        case _:
            assert_never(kind)


def _layers(shape: Sequence[int], trained: int, outputs: int, codes: int) -> Iterator[str]:
    if len(shape) == 3:
        side, filters = min(shape[:2]), 16
        while side >= 2 * _SMALL_SIDE:
            yield f"conv2d: {{filters: {filters}, size: 3, padding: 1}}"
            yield _RELU
            yield "max_pool2d: {}"
            side, filters = side // 2, min(64, filters * 2)
    if codes:
        yield f"embedding: {{codes: {codes}, width: {_WIDTH}}}"
    elif len(shape) > 1:
        yield "flatten: {}"
    for units in _hidden(trained):
        yield f"dense: {{units: {units}}}"
        yield _RELU
    yield f"dense: {{units: {outputs}}}"


def _of_pixels(outputs: int) -> Iterator[str]:
    for _ in range(3):
        yield "conv2d: {filters: 16, size: 5, padding: 2}"
        yield _RELU
    yield f"conv2d: {{filters: {outputs}, size: 1}}"


def _hidden(trained: int) -> Sequence[int]:
    return next(each for most, each in _HIDDEN if trained <= most)


def _of_size(outputs: int, samples: Samples, hidden: int) -> tuple[str, list[str]]:
    """Return the last layer of a regression, and what to know of the targets' size.

    An optimizer changes a weight by about its learning rate, whatever the targets are: prices of
    100,000 would take it a million steps. Initial values of the targets' size turn small steps of
    the layers before into large ones of the prediction.
    """
    targets = samples.targets.astype(np.float64)
    sizes, spreads = np.sqrt((targets**2).mean(axis=0)), targets.std(axis=0)
    size = float(sizes.mean())
    notes: list[str] = []
    if (sizes > _FAR * spreads).any():
        notes.append("The targets are far from 0 for their spread: subtract the mean in the file.")
    if sizes.max() > _FAR * sizes.min():
        notes.append("The targets differ much in size: scale them alike in the file.")
    if 1 / _FAR <= size <= _FAR:
        return f"dense: {{units: {outputs}}}", notes
    stddev = min(size / hidden**0.5, _LARGEST)
    about = f"{size:,.0f}" if size > _FAR else f"{size:.2g}"
    notes.append(f"Initial values for targets of about {about}: without, training takes long.")
    return (
        f"dense: {{units: {outputs}, kernel_initializer: {{normal: {{stddev: {stddev:.2e}}}}}}}",
        notes,
    )


def _quoted(name: str) -> str:
    """Return text as YAML reads it, whatever is in it: JSON's form."""
    return json.dumps(name, ensure_ascii=False)
