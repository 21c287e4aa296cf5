"""Small jobs that together have every layer, optimizer, loop, execution and recipe feature.

Add a new layer or feature to one of them. A mutant is tried on those that run its line.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format
from twinrun.v1 import job_pb2

from tests.mutants.data import dataset

Mapping = dict[str, Any]

RELU, TANH, SIGMOID, GELU, SOFTMAX = (
    {"activation": {"function": f"ACTIVATION_FUNCTION_{name}"}}
    for name in ("RELU", "TANH", "SIGMOID", "GELU", "SOFTMAX")
)
FLATTEN: Mapping = {"flatten": {}}
NORMAL = {"normal": {"stddev": 0.3}}


def dense(units: int, **given: Any) -> Mapping:
    return {"dense": {"units": units, "bias_initializer": NORMAL, **given}}


def conv(filters: int, **given: Any) -> Mapping:
    return {"conv2d": {"filters": filters, "bias_initializer": NORMAL, **given}}


def custom(units: int) -> Mapping:
    return {"custom_dense": {"units": units, "stddev": 0.4}}


PLAIN = [FLATTEN, dense(5), RELU, dense(3)]
ACTIVATED = [FLATTEN, dense(7), TANH, dense(6), SIGMOID, dense(5), GELU, custom(3), SOFTMAX]
# Windows that overlap, leave pixels out, and reach beyond the edge.
WINDOWED = [
    conv(3, size=3, padding=1),
    RELU,
    {"max_pool2d": {"size": 2, "stride": 1}},
    conv(4, size=2, stride=2, padding=1, use_bias=False),
    TANH,
    {"average_pool2d": {"size": 2, "stride": 1}},
    conv(2, size=2),
    FLATTEN,
    custom(4),
    GELU,
    dense(3, use_bias=False),
]
# What TensorFlow's own padding gives, and what only looks like it: by the stride, and by the size.
PADDED = [
    conv(2, size=3),
    TANH,
    conv(3, size=3, stride=2, padding=1),
    TANH,
    conv(2, size=1, padding=1),
    conv(3, size=4, padding=1),
    FLATTEN,
    dense(3),
]
# Windows side by side, which leave a row or a column out.
POOLED = [conv(3, size=2), RELU, {"max_pool2d": {}}, FLATTEN, dense(3)]
# After images, after a flatten and after a dense layer. No bias stands before one.
NORMALISED = [
    conv(3, size=2, use_bias=False),
    {"batch_norm": {"momentum": 0.7, "epsilon": 1e-3}},
    TANH,
    FLATTEN,
    dense(6, use_bias=False),
    {"batch_norm": {"momentum": 0.6, "epsilon": 0.02}},
    SIGMOID,
    dense(3),
]
# What only shifts the input of a batch norm has no gradient but rounding, and Adam enlarges that.
ENLARGED = [
    conv(3, size=2),
    {"batch_norm": {"momentum": 0.7}},
    RELU,
    FLATTEN,
    dense(6),
    {"batch_norm": {"momentum": 0.6}},
    TANH,
    dense(3),
]
DROPPED = [
    {"dropout": {"rate": 0.2}},
    conv(3, size=2),
    RELU,
    {"dropout": {"rate": 0.4}},
    FLATTEN,
    dense(8),
    TANH,
    {"dropout": {"rate": 0.6}},
    dense(3),
]
# Images and what is flat; the second branch is the input itself, and so is the second shortcut.
NESTED = [
    {
        "residual": {
            "layers": [
                conv(3, padding=1, use_bias=False),
                NORMALISED[1],
                {"dropout": {"rate": 0.2}},
            ],
            "shortcut": [conv(3, size=1)],
        }
    },
    {"concat": {"branches": [{"layers": [conv(2, padding=1), RELU]}, {}]}},
    {"repeat": {"times": 2, "layers": [{"residual": {"layers": [conv(5, padding=1), TANH]}}]}},
    FLATTEN,
    {"concat": {"branches": [{"layers": [dense(4), SIGMOID]}, {"layers": [dense(3)]}]}},
    dense(3),
]
ALL = [*NORMALISED[:3], {"dropout": {"rate": 0.3}}, *WINDOWED[2:4], RELU, FLATTEN, custom(5), TANH]
ALL += [dense(3)]
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
SGD = {"learning_rate": 0.05, "sgd": {}}
MOMENTUM = {"learning_rate": 0.03, "sgd": {"momentum": 0.8}}
ADAM = {"learning_rate": 0.01, "adam": {"beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-3}}
ADAMW = {
    "learning_rate": 0.02,
    "adamw": {"beta_1": 0.85, "beta_2": 0.98, "weight_decay": 0.3, "epsilon": 1e-4},
}
_BY_SAMPLES = "CLASS_WEIGHTS_DIVISOR_SAMPLES"
EAGER, COMPILED = "EXECUTION_EAGER", "EXECUTION_COMPILED"


@dataclass(frozen=True, slots=True)
class Case:
    """A job of both frameworks."""

    name: str
    job: Mapping

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
    yield "windows, momentum", job(WINDOWED, MOMENTUM, shape=_CHANNELS)
    yield "paddings, sgd", job(PADDED, SGD)
    yield "batch norms, sgd", job(NORMALISED, SGD)
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
    yield "custom loop, adamw, eager", job(ALL, ADAMW, loop="LOOP_CUSTOM", execution=EAGER)
    # XLA takes seconds to compile each, so that these are few.
    yield "compiled, adamw", job(PLAIN, ADAMW, execution=COMPILED)
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
    yield "compiled, huber, adam", job(_table(2), ADAM, execution=COMPILED, **huber)


def _table(outputs: int) -> list[Mapping]:
    return [dense(6), TANH, dense(outputs)]


CASES = [Case(name, mapping) for name, mapping in _jobs()]
