"""Small jobs that together have every layer, optimizer, loop, execution and recipe feature.

Add a new layer or feature to one of them. A mutant is tried on those that run its line.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format
from twinrun.v1 import job_pb2

from tests.mutants.data import dataset
from tests.mutants.models import (
    ACTIVATED,
    ALL,
    CURVED,
    DROPPED,
    ENLARGED,
    FLATTEN,
    LEFT_OUT,
    NESTED,
    NORMAL,
    NORMALISED,
    NORMED,
    PADDED,
    PEAKS,
    PLAIN,
    POOLED,
    RECTANGULAR,
    ROUNDED,
    SCALED,
    SMALLER,
    SPREAD,
    TANH,
    WINDOWED,
    Mapping,
    dense,
)
from tests.mutants.optimizers import (
    ADAM,
    ADAMW,
    CLIPPED,
    MOMENTUM,
    OTHERS,
    REGULARIZED,
    SCHEDULED,
    SGD,
)

_CHANNELS = 6, 5, 2
# Of one more pixel a side the square that PyTorch resamples in is twice as large.
_TALL, _WIDE = (7, 4, 2), (5, 7, 1)
AUGMENTED = {
    "flip": 0.5,
    "rotation_degrees": 30,
    "width_shift": 0.2,
    "height_shift": 0.1,
    "zoom": 0.3,
}
_BY_SAMPLES = "CLASS_WEIGHTS_DIVISOR_SAMPLES"
EAGER, COMPILED = "EXECUTION_EAGER", "EXECUTION_COMPILED"


@dataclass(frozen=True, slots=True)
class Case:
    """A job of both frameworks. ``planted_alone``: no mechanical mutant is tried on it."""

    name: str
    job: Mapping
    planted_alone: bool = False

    def spec(self) -> job_pb2.JobSpec:
        spec = job_pb2.JobSpec()
        json_format.ParseDict(self.job, spec)
        return spec


def job(layers: list[Mapping], optimizer: Mapping, samples: int = 51, **given: Any) -> Mapping:
    """Return twelve whole batches and a short one, in chunks of five, five, two and one steps."""
    held = given.pop("validation_fraction", 0.0)
    height, width, channels = given.pop("shape", (6, 5, 1))
    made = {"train_samples": samples, "test_samples": 13, "classes": 3}
    made |= {"height": height, "width": width, "channels": channels}
    synthetic = {"name": "synthetic", "synthetic": made, "validation_fraction": held}
    synthetic["normalization"] = {"mean": 0.4, "std": 0.3}
    return {
        "dataset": synthetic,
        "layers": layers,
        "optimizer": optimizer,
        "loss": {"softmax_cross_entropy": {}},
        "threads": 1,
        "epochs": 2,
        "batch_size": 4,
        "seed": 3,
        "report_every_steps": 5,
        **given,
    }


def _jobs() -> Iterator[tuple[str, Mapping]]:
    yield "dense, adam", job(PLAIN, ADAM)
    yield "dense, sgd, limited", job(PLAIN, SGD, 123)
    yield "dense, momentum, eager", job(PLAIN, MOMENTUM, execution=EAGER)
    yield "activations, adamw, validation", job(ACTIVATED, ADAMW, 68, validation_fraction=0.25)
    yield "more activations, adam", job(CURVED, ADAM)
    yield "windows, momentum", job(WINDOWED, MOMENTUM, shape=_CHANNELS)
    yield "paddings, sgd", job(PADDED, SGD)
    yield "rectangular convolutions, sgd", job(RECTANGULAR, SGD, shape=_CHANNELS)
    yield "transposed convolutions, sgd", job(SPREAD, SGD, shape=_CHANNELS)
    yield "scaled images, momentum", job(SCALED, MOMENTUM, shape=_CHANNELS)
    yield "peaks, sgd", job(PEAKS, SGD, shape=_CHANNELS)
    yield "batch norms, sgd", job(NORMALISED, SGD)
    yield "other norms, adam", job(NORMED, ADAM)
    yield "batch norms, momentum, a last batch of one", job(NORMALISED, MOMENTUM, 49)
    float64 = {"precision": "PRECISION_FLOAT64"}
    yield "biases before batch norms, adam", job(ENLARGED, ADAMW, **float64)
    yield "dropouts, adam", job(DROPPED, ADAM, shape=_CHANNELS)
    yield "nests, adam", job(NESTED, ADAM)
    yield "nests, momentum, eager", job(NESTED, MOMENTUM, execution=EAGER)
    yield "augmented, momentum", job(PLAIN, MOMENTUM, augmentation=AUGMENTED, shape=_TALL)
    yield (
        "all layers, eager, adamw",
        job(
            *(ALL, ADAMW, 68),
            execution=EAGER,
            augmentation=AUGMENTED,
            validation_fraction=0.25,
            shape=_WIDE,
        ),
    )
    for name, optimizer in {"sgd": SGD, "momentum": MOMENTUM, "adam": ADAM, "adamw": ADAMW}.items():
        yield f"custom loop, {name}", job(PLAIN, optimizer, loop="LOOP_CUSTOM")
    for name, optimizer in OTHERS.items():
        yield f"dense, {name}", job(PLAIN, optimizer)
        yield f"custom loop, {name}", job(PLAIN, optimizer, loop="LOOP_CUSTOM")
    clipped = REGULARIZED["nesterov, times the rate, by global norm"]
    yield "accumulated, clipped", job(NORMALISED, clipped, 55, accumulate_steps=3)
    yield "custom loop, adamw, eager", job(ALL, ADAMW, loop="LOOP_CUSTOM", execution=EAGER)
    # XLA takes seconds to compile each, so that these are few.
    yield "compiled, adamw", job(PLAIN, ADAMW, execution=COMPILED)
    yield (
        "compiled, adamw, scheduled",
        job(PLAIN, SCHEDULED["adamw, scheduled"], execution=COMPILED),
    )
    regularized = REGULARIZED["momentum, apart, by norm"]
    yield "compiled, momentum, regularized", job(PLAIN, regularized, execution=COMPILED)
    yield "compiled, all layers, momentum", job(ALL, MOMENTUM, execution=COMPILED)
    yield "compiled, nests, sgd", job(NESTED, SGD, execution=COMPILED)
    yield "compiled, pools, sgd", job(POOLED, SGD, execution=COMPILED)
    yield (
        "compiled, augmented, sgd",
        job(PLAIN, SGD, execution=COMPILED, augmentation=AUGMENTED, shape=_TALL),
    )
    pipeline = {"own_ways": ["OWN_WAY_DATA_PIPELINE"]}
    yield "pipeline, adam", job(DROPPED, ADAM, **pipeline)
    yield (
        "pipeline, augmented, eager",
        job(PLAIN, SGD, execution=EAGER, augmentation=AUGMENTED, **pipeline),
    )

    yield from _of_tasks()


def _of_tasks() -> Iterator[tuple[str, Mapping]]:
    """Yield jobs of every loss, and of every kind of a user's own arrays."""
    smooth: Mapping = {"label_smoothing": 0.1, "class_weights": [1, 2, 4]}
    yield "smoothed and weighted, adam", job(PLAIN, ADAM, loss={"softmax_cross_entropy": smooth})
    divided = {"softmax_cross_entropy": {**smooth, "class_weights_divisor": _BY_SAMPLES}}
    yield "weighted by samples, sgd, eager", job(PLAIN, SGD, execution=EAGER, loss=divided)
    flags: Mapping = {"loss": {"sigmoid_cross_entropy": {"positive_weight": 2.5}}}
    table = dataset("FLAGS", 3, validation_fraction=0.25)
    yield "flags of a table, momentum", job(_table(3), MOMENTUM, dataset=table, **flags)
    sequences = dataset("FLAGS", 1, (4, 2))
    yield "a flag of sequences, adam", job([FLATTEN, *_table(1)], ADAM, dataset=sequences, **flags)
    squared: Mapping = {"loss": {"mean_squared_error": {}}}
    numbers = dataset("NUMBERS", 1)
    yield "squared error of a table, adamw", job(_table(1), ADAMW, dataset=numbers, **squared)
    yield (
        "squared error, pipeline, sgd",
        job(_table(1), SGD, dataset=numbers, own_ways=["OWN_WAY_DATA_PIPELINE"], **squared),
    )
    absolute: Mapping = {"loss": {"mean_absolute_error": {}}}
    zeros = {"zeros": {}}
    start = [FLATTEN, {"dense": {"units": 2, "kernel_initializer": zeros}}]  # predicts 0
    pixels = dataset("NUMBERS", 2, (6, 5, 3), pixels=True)
    yield "absolute error of pixels, sgd", job(start, SGD, dataset=pixels, **absolute)
    huber: Mapping = {"loss": {"huber": {"delta": 0.7}}, "dataset": dataset("NUMBERS", 2)}
    yield "huber, sgd", job(_table(2), SGD, **huber)
    tokens: Mapping = {"loss": {"next_token_cross_entropy": {}}}
    tokens["dataset"] = dataset("TOKENS", 4, (6,), codes=6)
    table = {"embedding": {"codes": 7, "width": 3, "table_initializer": NORMAL}}
    for how, execution in (("", {}), (", compiled", {"execution": COMPILED})):
        yield f"tokens, adam{how}", job([table, *_table(4)], ADAM, **tokens, **execution)
    yield "pixels, momentum", job(SMALLER, MOMENTUM, **_of_pixels())
    some = {"loss": {"next_token_cross_entropy": {"ignored": 0}}}
    yield "tokens, some ignored, adam", job([table, *_table(4)], ADAM, **{**tokens, **some})
    part = {"loss": {"pixel_cross_entropy": {"ignored": 1}}}
    yield "pixels, some ignored, sgd", job(SMALLER, SGD, **{**_of_pixels(), **part})
    along: Mapping = {"filters": 5, "bias_initializer": NORMAL}
    convolved = [table, {"conv1d": {**along, "same": True, "size": 4}}, TANH]
    convolved += [{"conv1d": {**along, "padding_1d": [4, 0], "dilation": 2, "groups": 5}}]
    convolved += [{"conv1d": {**along, "filters": 4, "padding": 1}}, *_table(4)]
    yield "convolutions of tokens, sgd", job(convolved, SGD, **tokens)
    flagged = [{"conv1d": {**along, "stride": 2, "padding": 1}}, FLATTEN, *_table(1)]
    yield "convolved sequences, sgd", job(flagged, SGD, dataset=sequences, **flags)
    attention = {"heads": 2, "causal": True, "bias_initializer": NORMAL}
    positions = {"position_embedding": {"table_initializer": NORMAL}}
    looking = [{**table, "embedding": {**table["embedding"], "width": 4}}, positions]
    looking += [{"multi_head_attention": attention}, dense(4)]
    yield "causal attention, sgd", job(looking, MOMENTUM, **tokens)
    yield "causal attention, compiled", job(looking, MOMENTUM, **tokens, execution=COMPILED)
    normed = [table, dense(5, use_bias=False), {"batch_norm": {"momentum": 0.7}}]
    normed += [{"layer_norm": {}}, dense(4), {"rms_norm": {}}, *_table(4)]
    yield "norms of tokens, momentum", job(normed, MOMENTUM, **tokens)
    yield "compiled, huber, adam", job(_table(2), ADAM, execution=COMPILED, **huber)
    yield from _of_recurrences()


def _of_recurrences() -> Iterator[tuple[str, Mapping]]:
    """Yield jobs of layers that read a sequence from one end to the other, and what is beside."""
    memory = [{"lstm": {"units": 5, "bias_initializer": NORMAL}}]
    both = [*memory, {"multi_head_attention": {"heads": 1, "use_bias": False}}, {"last_step": {}}]
    waves: Mapping = {"dataset": dataset("CLASS", 3, (6, 2))}
    yield "lstm of sequences, adam", job([*both, dense(3)], ADAM, **waves)
    yield "lstm, momentum, compiled", job([*both, dense(3)], MOMENTUM, execution=COMPILED, **waves)
    biased = {"bias_initializer": NORMAL}
    both_ways: Mapping = {"bidirectional": {"gru": {"units": 3, **biased}}}
    dropped = {"multi_head_attention": {"heads": 2, "causal": True, "dropout": 0.3, **biased}}
    pools = [{"layers": [{f"global_{pool}_pool1d": {}}]} for pool in ("average", "max")]
    ends = [{"concat": {"branches": pools}}, dense(3)]
    # A pool knows no order, so it follows what does.
    waved = [{"sinusoidal_positions": {}}, both_ways, dropped, {"gru": {"units": 4, **biased}}]
    yield "gru of sequences, adam", job([*waved, *ends], ADAM, **waves)
    yield "padded codes, adam", job(LEFT_OUT, ADAM, dataset=dataset("CLASS", 3, (6,), codes=6))
    written = {"units": 3, "reset_after": False, **biased}
    pixels = [{"conv2d": {"filters": 3, "size": 2}}, {"to_sequence": {}}]
    pixels += [{"bidirectional": {"lstm": {"units": 2, **biased}}}, {"gru": written}, *ends]
    yield "gru of pixels, momentum", job(pixels, MOMENTUM)
    yield "gru of sequences, compiled", job([*waved, *ends], SGD, **waves, execution=COMPILED)


def _of_pixels() -> Mapping:
    """Return a data set with a class at each pixel, and its loss."""
    classes = dataset("TOKENS", 3, (6, 6, 2), pixels=True)
    return {"dataset": classes, "loss": {"pixel_cross_entropy": {}}}


def _table(outputs: int) -> list[Mapping]:
    return [dense(6), TANH, dense(outputs)]


def _rounded() -> Iterator[Case]:
    """Yield jobs whose products are rounded, in which few mutants are more than a rounding."""
    rounded = job(ROUNDED, ADAM, 410, shape=(8, 8, 1), precision="PRECISION_BFLOAT16")
    yield Case("bfloat16, adam", {**rounded, "batch_size": 32}, True)
    yield Case("float16, sgd", job(PLAIN, SGD, precision="PRECISION_FLOAT16"), True)
    both = job(PLAIN, CLIPPED, precision="PRECISION_FLOAT16", accumulate_steps=2)
    yield Case("float16, clipped, accumulated", both, True)


CASES = [*(Case(name, mapping) for name, mapping in _jobs()), *_rounded()]
