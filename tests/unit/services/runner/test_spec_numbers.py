"""Each number of a spec has a range, which its ends are in and what is no number is not."""

import pytest
from twinrun.contract.code import CODED
from twinrun.v1 import job_pb2

from tests.builders.specs import CPUS, LAYERS, completed, proto, violations

ACTIVATION = {"activation": {"function": "ACTIVATION_FUNCTION_RELU"}}
SCHEDULES = {"step": {"every": 3}}
NOT_A_NUMBER = ["NaN", "Infinity", "-Infinity"]
HUGE = 2**31 - 1
ARRAYS = {
    "sha256": "0" * 64,
    "size_bytes": 1,
    "train_samples": 1,
    "test_samples": 1,
    "shape": [28, 28, 1],
    "outputs": 10,
    "targets": "TARGET_KIND_CLASS",
}
TARGETS = {
    "sigmoid_cross_entropy": ARRAYS | {"targets": "TARGET_KIND_FLAGS"},
    "huber": ARRAYS | {"targets": "TARGET_KIND_NUMBERS"},
    "next_token_cross_entropy": ARRAYS
    | {"shape": [5], "codes": 10, "targets": "TARGET_KIND_TOKENS"},
    "pixel_cross_entropy": ARRAYS | {"targets": "TARGET_KIND_TOKENS"},
}
# Models of losses that take a class at each position.
OF_POSITIONS = {
    "next_token_cross_entropy": [
        {"embedding": {"codes": 10, "width": 4}},
        {"dense": {"units": 10}},
    ],
    "pixel_cross_entropy": [{"conv2d": {"filters": 10, "size": 1}}],
}
WINDOW = [0, -1, 4097, HUGE]
STEPS = [0, -1, -HUGE, 2_000_000_000]
ENDING = ("cosine", "polynomial", "one_cycle", "cosine_restarts")


def nested(path: str, value) -> dict:
    """``{"a": {"b": value}}`` for ``a.b``."""
    name, _, rest = path.partition(".")
    return {name: nested(rest, value) if rest else value}


def stopping(given: dict | None) -> dict:
    """What a spec of early stopping needs beside what is ``given``; None: there is none."""
    if given is None:
        return {}
    held = {"name": "mnist", "validation_fraction": 0.1}
    return {"early_stopping": {"patience": 1} | given, "dataset": held}


def with_field(path: str, value) -> job_pb2.JobSpec:
    """A spec that is good but for one field."""
    if path.startswith("layers[1]"):
        layer = nested(path.removeprefix("layers[1]."), value)
        (kind,) = layer
        layer[kind] = completed(kind, layer[kind])
        before, after = (LAYERS[:1], []) if "dense" in kind else ([ACTIVATION], LAYERS)
        return proto(layers=[*before, layer, *after])
    change = nested(path, value)
    if path.startswith("dataset"):
        dataset = change["dataset"]
        dataset["name"] = "synthetic" if "synthetic" in path else "mnist"
        if "file" in dataset:
            dataset["file"]["path"] = "a.csv"
        if "arrays" in dataset:
            dataset |= {"name": "file", "arrays": ARRAYS | dataset["arrays"]}
    change |= stopping(change.get("early_stopping"))
    if path.startswith("loss.") and "softmax" not in path:
        kind = path.split(".")[1]
        change |= {"dataset": {"name": "file", "arrays": TARGETS[kind]}}
        change |= {"layers": OF_POSITIONS[kind]} if kind in OF_POSITIONS else {}
    parts = ("learning_rate", "schedule", "clip", "weight_decay")
    if path.startswith(tuple(f"optimizer.{part}" for part in parts)):
        change["optimizer"]["sgd"] = {}
    if "weight_decay" in change.get("optimizer", {}):
        change["optimizer"]["weight_decay"]["form"] = "DECAY_FORM_COUPLED"
    for kind, given in change.get("optimizer", {}).get("schedule", {}).items():
        if isinstance(given, dict):
            usual = {} if "boundaries" in given else SCHEDULES.get(kind, {"steps": 9})
            change["optimizer"]["schedule"][kind] = usual | given
        else:
            change["optimizer"]["schedule"] = {kind: given, "constant": {}}
    return proto(**change)


INITIALIZERS = {
    "normal.stddev": [0, -1, 1e10, *NOT_A_NUMBER],
    "truncated_normal.stddev": [0, -1, 1e10, *NOT_A_NUMBER],
    "constant.value": [-1e10, 1e10, *NOT_A_NUMBER],
    "orthogonal.gain": [0, -1, 1001, *NOT_A_NUMBER],
    "variance_scaling.scale": [0, -1, 1001, *NOT_A_NUMBER],
}
CONVOLUTIONS = ("conv1d", "conv2d", "conv2d_transpose")
INITIALIZED = {
    "embedding": ("table",),
    **dict.fromkeys(
        ("lstm", "gru", "bidirectional.lstm", "bidirectional.gru"),
        ("kernel", "recurrent", "bias"),
    ),
    "position_embedding": ("table",),
    **dict.fromkeys(("multi_head_attention", "dense", *CONVOLUTIONS), ("kernel", "bias")),
}
BAD = {
    **{
        f"layers[1].{kind}.{part}_initializer.{field}": values
        for kind, parts in INITIALIZED.items()
        for part in parts
        for field, values in INITIALIZERS.items()
    },
    **{f"layers[1].{kind}.filters": [-1, 100_001, HUGE] for kind in CONVOLUTIONS},
    **{f"layers[1].{kind}.{side}": WINDOW for kind in CONVOLUTIONS for side in ("size", "stride")},
    **{f"layers[1].{kind}.padding": [-1, 4097, HUGE] for kind in CONVOLUTIONS},
    "epochs": [0, -1, 10_001, HUGE, -HUGE],
    "accumulate_steps": [0, -1, 65, HUGE],
    "devices": [0, -1, 65, HUGE],
    "loss_scale": [0, -1, 3, HUGE],
    "early_stopping.patience": [0, -1, 10_001, HUGE],
    "early_stopping.min_delta": [-1e-9, *NOT_A_NUMBER],
    "batch_size": [0, -1, 1_000_001, HUGE],
    "seed": [-1, -HUGE],
    "threads": [0, -1, CPUS + 1, HUGE],
    "report_every_steps": [0, -1, 100_001, HUGE],
    "steps_per_epoch_limit": [0, -1, HUGE],
    "perturb_initial_weights": [-1, 1001, HUGE],
    "late_epoch": [0, -1, 10_001, HUGE],
    "tolerance.losses": [0, -1, 1e-7, *NOT_A_NUMBER],
    "tolerance.gradient_norms": [0, -1, 1e-7, *NOT_A_NUMBER],
    "tolerance.weights": [0, -1, 1e-7, *NOT_A_NUMBER],
    "tolerance.logits": [0, -1, 1e-7, *NOT_A_NUMBER],
    "target.value": NOT_A_NUMBER,
    "target_accuracy": [-0.1, 1.1, *NOT_A_NUMBER],
    "augmentation.flip": [-0.1, 1.1, *NOT_A_NUMBER],
    "augmentation.rotation_degrees": [-1, 181, *NOT_A_NUMBER],
    "augmentation.width_shift": [-0.1, 1.1, *NOT_A_NUMBER],
    "augmentation.height_shift": [-0.1, 1.1, *NOT_A_NUMBER],
    "augmentation.zoom": [-0.1, 1, *NOT_A_NUMBER],
    "optimizer.learning_rate": [0, -0.001, 1001, 1e300, *NOT_A_NUMBER],
    "optimizer.sgd.momentum": [-0.1, 1, 2, *NOT_A_NUMBER],
    **{
        f"optimizer.clip.{kind}.limit": [0, -1, 2e9, *NOT_A_NUMBER]
        for kind in ("value", "norm", "global_norm")
    },
    **{f"optimizer.schedule.{kind}.steps": STEPS for kind in ("exponential", *ENDING)},
    **{f"optimizer.schedule.{kind}.end_factor": [-0.1, 1.1, *NOT_A_NUMBER] for kind in ENDING},
    **{
        f"optimizer.{kind}.{beta}": [-0.1, 1, *NOT_A_NUMBER]
        for kind in ("adam", "adamw", "adamax")
        for beta in ("beta_1", "beta_2")
    },
    "optimizer.weight_decay.factor": [-0.1, 101, *NOT_A_NUMBER],
    "optimizer.schedule.warmup_steps": [-1, -HUGE, 2_000_000_000],
    "optimizer.schedule.step.every": STEPS,
    "optimizer.schedule.step.factor": [0, -1, 1.1, *NOT_A_NUMBER],
    "optimizer.schedule.exponential.factor": [0, -1, 1.1, *NOT_A_NUMBER],
    "optimizer.schedule.polynomial.power": [0, -1, 101, *NOT_A_NUMBER],
    "optimizer.schedule.one_cycle.rising": [-0.1, 1, *NOT_A_NUMBER],
    "optimizer.schedule.one_cycle.start_factor": [-0.1, 1.1, *NOT_A_NUMBER],
    "optimizer.schedule.cosine_restarts.multiplier": [0, -1, 1001],
    "optimizer.schedule.cosine_restarts.shrink": [0, -1, 1.1, *NOT_A_NUMBER],
    **{f"optimizer.rmsprop.{name}": [-0.1, 1, *NOT_A_NUMBER] for name in ("rho", "momentum")},
    "optimizer.rmsprop.epsilon": [0, -1e-8, 2, *NOT_A_NUMBER],
    "optimizer.adagrad.initial_accumulator": [-0.1, 2e6, *NOT_A_NUMBER],
    "optimizer.adagrad.epsilon": [0, -1e-8, 2, *NOT_A_NUMBER],
    "optimizer.adamax.epsilon": [0, -1e-8, 2, *NOT_A_NUMBER],
    "optimizer.adam.epsilon": [0, -1e-8, 2, *NOT_A_NUMBER],
    "optimizer.adamw.epsilon": [0, -1e-8, 2, *NOT_A_NUMBER],
    "optimizer.adamw.weight_decay": [-0.1, 101, *NOT_A_NUMBER],
    "dataset.train_limit": [0, -1, 60_001, HUGE],
    "dataset.test_limit": [0, -1, 10_001, HUGE],
    "dataset.validation_fraction": [-0.1, 1, *NOT_A_NUMBER],
    "dataset.normalization.mean": [-1001, 1e300, *NOT_A_NUMBER],
    "dataset.normalization.std": [0, -1, 1e-7, 1001, *NOT_A_NUMBER],
    "dataset.file.test_fraction": [0, -0.1, 1.1, *NOT_A_NUMBER],
    "dataset.arrays.train_samples": [-1, -HUGE],
    "dataset.arrays.test_samples": [-1, -HUGE],
    "dataset.file.context": [0, -1, 100_001, HUGE],
    "dataset.arrays.codes": [-1, 10_000_001, HUGE],
    "dataset.arrays.outputs": [-1, 100_001, HUGE],
    "loss.softmax_cross_entropy.label_smoothing": [-0.1, 1, *NOT_A_NUMBER],
    "loss.sigmoid_cross_entropy.positive_weight": [0, -1, 1e7, *NOT_A_NUMBER],
    "loss.next_token_cross_entropy.ignored": [-1, 10, HUGE],
    "loss.pixel_cross_entropy.ignored": [-1, 10, HUGE],
    "loss.huber.delta": [0, -1, 1e7, *NOT_A_NUMBER],
    "dataset.synthetic.train_samples": [0, -1, HUGE],
    "dataset.synthetic.test_samples": [0, -1, HUGE],
    "dataset.synthetic.height": [0, -1, HUGE],
    "dataset.synthetic.width": [0, -1, HUGE],
    "dataset.synthetic.channels": [0, -1, HUGE],
    "dataset.synthetic.classes": [0, -1, 1, HUGE],
    "layers[1].embedding.codes": [-1, 10_000_001, HUGE],
    "layers[1].embedding.width": [-1, 100_001, HUGE],
    "layers[1].embedding.padding": [-1, 10_000_000, HUGE],
    "layers[1].lstm.units": [-1, 100_001, HUGE],
    "layers[1].gru.units": [-1, 100_001, HUGE],
    "layers[1].bidirectional.lstm.units": [-1, 100_001, HUGE],
    "layers[1].bidirectional.gru.units": [-1, 100_001, HUGE],
    "layers[1].multi_head_attention.dropout": [-0.1, 1, 2, *NOT_A_NUMBER],
    "layers[1].multi_head_attention.heads": [-1, 1_001, HUGE],
    "layers[1].activation.slope": [-0.1, 1, 2, *NOT_A_NUMBER],
    "layers[1].custom_dense.units": [-1, 1_000_001, HUGE],
    "layers[1].custom_dense.stddev": [0, -1, 1001, *NOT_A_NUMBER],
    "layers[1].conv2d.dilation": WINDOW,
    "layers[1].conv2d.groups": [0, -1, 100_001, HUGE],
    "layers[1].conv1d.dilation": WINDOW,
    "layers[1].conv1d.groups": [0, -1, 100_001, HUGE],
    "layers[1].conv2d_transpose.output_padding": [-1, 1, HUGE],
    "layers[1].batch_norm.momentum": [-0.1, 1, *NOT_A_NUMBER],
    "layers[1].batch_norm.epsilon": [0, -1, 2, *NOT_A_NUMBER],
    "layers[1].zero_padding2d.padding": [-1, 4097, HUGE],
    "layers[1].up_sampling2d.factor": [0, -1, 65, HUGE],
    "layers[1].layer_norm.epsilon": [0, -1, 2, *NOT_A_NUMBER],
    "layers[1].rms_norm.epsilon": [0, -1, 2, *NOT_A_NUMBER],
    "layers[1].group_norm.epsilon": [0, -1, 2, *NOT_A_NUMBER],
    "layers[1].group_norm.groups": [-1, 100_001, HUGE],
    "layers[1].spatial_dropout2d.rate": [-0.1, 1, 2, *NOT_A_NUMBER],
    "layers[1].dropout.rate": [-0.1, 1, 2, *NOT_A_NUMBER],
    "layers[1].max_pool2d.size": WINDOW,
    "layers[1].max_pool2d.stride": WINDOW,
    "layers[1].average_pool2d.size": WINDOW,
    "layers[1].average_pool2d.stride": WINDOW,
    "layers[1].repeat.times": [-1, 1001, HUGE],
    "layers[1].dense.units": [-1, 1_000_001, HUGE],
}


# Of lists of numbers: the first one is bad.
BAD_FIRST = {
    "layers[1].conv1d.padding_1d": [-1, 4097, HUGE],
    "layers[1].zero_padding2d.padding_2d": [-1, 4097, HUGE],
    "layers[1].conv2d_transpose.size_2d": WINDOW,
    "layers[1].conv2d_transpose.stride_2d": WINDOW,
    "layers[1].conv2d.size_2d": WINDOW,
    "layers[1].conv2d.stride_2d": WINDOW,
    "layers[1].conv2d.padding_2d": [-1, 4097, HUGE],
    "dataset.normalization.means": [1e301, *NOT_A_NUMBER],
    "dataset.normalization.stds": [0, -1, 1e301, *NOT_A_NUMBER],
    "dataset.file.size": [0, -1, 4097, HUGE],
    "dataset.arrays.shape": [0, -1, 1_000_001, HUGE],
    "optimizer.schedule.shown_steps": [-1, -HUGE],
    "optimizer.schedule.step.boundaries": [0, -1, HUGE],
    "loss.softmax_cross_entropy.class_weights": [0, -1, 1e7, *NOT_A_NUMBER],
}


@pytest.mark.parametrize(
    ("path", "value"), [(path, value) for path, values in BAD_FIRST.items() for value in values]
)
def test_a_number_out_of_range_is_named_by_its_place_in_its_list(path, value):
    found = violations(with_field(path, [value, *[1] * (9 if "weights" in path else 1)]))
    assert "must be" in found[f"{path}[0]"]


@pytest.mark.parametrize(
    ("path", "value"), [(path, value) for path, values in BAD.items() for value in values]
)
def test_a_number_out_of_range_is_named_with_its_value_and_the_range(path, value):
    found = violations(with_field(path, value))
    assert path in found
    said = str(float(value)) if isinstance(value, str) else str(value)
    assert found[path].startswith(f"is {said}")
    assert "must be" in found[path] or "may use" in found[path]
    # What such sizes can make too large; and what a tolerance above its default lacks.
    others = found.keys() - {path, "dataset.synthetic", "tolerance.reason"}
    assert not others


@pytest.mark.parametrize("path", BAD)
def test_every_numeric_field_has_been_tried(path):
    message = job_pb2.JobSpec.DESCRIPTOR
    for name in path.replace("[1]", "").split("."):
        field = message.fields_by_name[name]
        message = field.message_type
    assert field.type in (field.TYPE_DOUBLE, field.TYPE_INT32)


def numeric_fields(message, path="") -> set[str]:
    found = set()
    for field in message.fields:
        here = f"{path}{field.name}"
        if field.type in (field.TYPE_DOUBLE, field.TYPE_INT32):
            found.add(here)
        elif field.message_type is not None:
            index = "[1]" if field.name == "layers" else ""
            if not (path and field.message_type.name in ("Layer", "Branch")):  # of a nest
                found |= numeric_fields(field.message_type, f"{here}{index}.")
    # The tests of a job's code have these.
    cases = {f"code.{each}.case" for each in CODED}
    return found - {"code.tensors.shape", *cases}


def test_no_numeric_field_of_a_spec_is_without_a_bad_value_here():
    assert numeric_fields(job_pb2.JobSpec.DESCRIPTOR) == BAD.keys() | BAD_FIRST.keys()
