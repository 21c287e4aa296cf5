"""A spec is judged as a whole: every bad field is named by its path, with its value."""

import math

import pytest
from google.protobuf import json_format
from twinrun.v1 import job_pb2

from services.errors import InvalidRequest
from services.ranges import between
from services.runner.validation import valid_spec

CPUS = 4
LAYERS = [{"flatten": {}}, {"dense": {"units": 10}}]
ACTIVATION = {"activation": {"function": "ACTIVATION_FUNCTION_RELU"}}
REQUIRED = {"dense": {"units": 10}, "custom_dense": {"units": 10}, "conv2d": {"filters": 2}}
NOT_A_NUMBER = ["NaN", "Infinity", "-Infinity"]
HUGE = 2**31 - 1
WINDOW = [0, -1, 4097, HUGE]


def proto(**changes) -> job_pb2.JobSpec:
    spec = {"dataset": {"name": "mnist"}, "layers": LAYERS, "optimizer": {"sgd": {}}, **changes}
    return json_format.ParseDict(spec, job_pb2.JobSpec())


def violations(message: job_pb2.JobSpec) -> dict[str, str]:
    """What is wrong, by field."""
    with pytest.raises(InvalidRequest) as caught:
        valid_spec(message, CPUS)
    found = {violation.field: violation.message for violation in caught.value.violations}
    assert len(found) == len(caught.value.violations), "a field is named twice"
    return found


def nested(path: str, value) -> dict:
    """``{"a": {"b": value}}`` for ``a.b``."""
    name, _, rest = path.partition(".")
    return {name: nested(rest, value) if rest else value}


def with_field(path: str, value) -> job_pb2.JobSpec:
    """A spec that is good but for one field."""
    if path.startswith("layers[1]"):
        layer = nested(path.removeprefix("layers[1]."), value)
        (kind,) = layer
        layer[kind] = REQUIRED.get(kind, {}) | layer[kind]
        before, after = (LAYERS[:1], []) if "dense" in kind else ([ACTIVATION], LAYERS)
        return proto(layers=[*before, layer, *after])
    change = nested(path, value)
    if path.startswith("dataset"):
        change["dataset"]["name"] = "synthetic" if "synthetic" in path else "mnist"
    if path == "optimizer.learning_rate":
        change["optimizer"]["sgd"] = {}
    return proto(**change)


BAD = {
    "epochs": [0, -1, 10_001, HUGE, -HUGE],
    "batch_size": [0, -1, 1_000_001, HUGE],
    "seed": [-1, -HUGE],
    "threads": [0, -1, CPUS + 1, HUGE],
    "report_every_steps": [0, -1, 100_001, HUGE],
    "steps_per_epoch_limit": [0, -1, HUGE],
    "late_epoch": [0, -1, 10_001, HUGE],
    "tolerance.losses": [0, -1, 1e-7, *NOT_A_NUMBER],
    "tolerance.gradient_norms": [0, -1, 1e-7, *NOT_A_NUMBER],
    "tolerance.weights": [0, -1, 1e-7, *NOT_A_NUMBER],
    "tolerance.logits": [0, -1, 1e-7, *NOT_A_NUMBER],
    "target_accuracy": [-0.1, 1.1, *NOT_A_NUMBER],
    "augmentation.flip": [-0.1, 1.1, *NOT_A_NUMBER],
    "augmentation.rotation_degrees": [-1, 181, *NOT_A_NUMBER],
    "augmentation.width_shift": [-0.1, 1.1, *NOT_A_NUMBER],
    "augmentation.height_shift": [-0.1, 1.1, *NOT_A_NUMBER],
    "augmentation.zoom": [-0.1, 1, *NOT_A_NUMBER],
    "optimizer.learning_rate": [0, -0.001, 1001, 1e300, *NOT_A_NUMBER],
    "optimizer.sgd.momentum": [-0.1, 1, 2, *NOT_A_NUMBER],
    "optimizer.adam.beta_1": [-0.1, 1, *NOT_A_NUMBER],
    "optimizer.adam.beta_2": [-0.1, 1, *NOT_A_NUMBER],
    "optimizer.adam.epsilon": [0, -1e-8, 2, *NOT_A_NUMBER],
    "optimizer.adamw.beta_1": [-0.1, 1, *NOT_A_NUMBER],
    "optimizer.adamw.beta_2": [-0.1, 1, *NOT_A_NUMBER],
    "optimizer.adamw.epsilon": [0, -1e-8, 2, *NOT_A_NUMBER],
    "optimizer.adamw.weight_decay": [-0.1, 101, *NOT_A_NUMBER],
    "dataset.train_limit": [0, -1, 60_001, HUGE],
    "dataset.test_limit": [0, -1, 10_001, HUGE],
    "dataset.validation_fraction": [-0.1, 1, *NOT_A_NUMBER],
    "dataset.normalization.mean": [-1001, 1e300, *NOT_A_NUMBER],
    "dataset.normalization.std": [0, -1, 1e-7, 1001, *NOT_A_NUMBER],
    "dataset.synthetic.train_samples": [0, -1, HUGE],
    "dataset.synthetic.test_samples": [0, -1, HUGE],
    "dataset.synthetic.height": [0, -1, HUGE],
    "dataset.synthetic.width": [0, -1, HUGE],
    "dataset.synthetic.channels": [0, -1, HUGE],
    "dataset.synthetic.classes": [0, -1, 1, HUGE],
    "layers[1].custom_dense.units": [-1, 1_000_001, HUGE],
    "layers[1].custom_dense.stddev": [0, -1, 1001, *NOT_A_NUMBER],
    "layers[1].conv2d.filters": [-1, 100_001, HUGE],
    "layers[1].conv2d.size": WINDOW,
    "layers[1].conv2d.stride": WINDOW,
    "layers[1].conv2d.padding": [-1, 4097, HUGE],
    "layers[1].conv2d.kernel_initializer.normal.stddev": [0, -1, 1001, *NOT_A_NUMBER],
    "layers[1].conv2d.bias_initializer.normal.stddev": [0, -1, 1001, *NOT_A_NUMBER],
    "layers[1].conv2d.kernel_initializer.variance_scaling.scale": [0, -1, 1001, *NOT_A_NUMBER],
    "layers[1].conv2d.bias_initializer.variance_scaling.scale": [0, -1, 1001, *NOT_A_NUMBER],
    "layers[1].batch_norm.momentum": [-0.1, 1, *NOT_A_NUMBER],
    "layers[1].batch_norm.epsilon": [0, -1, 2, *NOT_A_NUMBER],
    "layers[1].dropout.rate": [-0.1, 1, 2, *NOT_A_NUMBER],
    "layers[1].max_pool2d.size": WINDOW,
    "layers[1].max_pool2d.stride": WINDOW,
    "layers[1].average_pool2d.size": WINDOW,
    "layers[1].average_pool2d.stride": WINDOW,
    "layers[1].dense.units": [-1, 1_000_001, HUGE],
    "layers[1].dense.kernel_initializer.normal.stddev": [0, -1, 1001, *NOT_A_NUMBER],
    "layers[1].dense.bias_initializer.normal.stddev": [0, -1, 1001, *NOT_A_NUMBER],
    "layers[1].dense.kernel_initializer.variance_scaling.scale": [0, -1, 1001, *NOT_A_NUMBER],
    "layers[1].dense.bias_initializer.variance_scaling.scale": [0, -1, 1001, *NOT_A_NUMBER],
}


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
            found |= numeric_fields(field.message_type, f"{here}{index}.")
    return found


def test_no_numeric_field_of_a_spec_is_without_a_bad_value_here():
    assert numeric_fields(job_pb2.JobSpec.DESCRIPTOR) == BAD.keys()


def test_what_is_of_the_matched_recipe_is_refused_with_the_idiomatic_one():
    matched = {
        "own_ways": ["OWN_WAY_LOSS"],
        "steps_per_epoch_limit": 3,
        "report_step_details": True,
        "perturb_initial_weights": True,
    }
    assert violations(proto(recipe="RECIPE_IDIOMATIC", **matched)).keys() == matched.keys()


def test_initial_weights_of_its_own_cannot_be_perturbed():
    message = proto(own_ways=["OWN_WAY_INITIAL_WEIGHTS"], perturb_initial_weights=True)
    assert violations(message).keys() == {"perturb_initial_weights"}


def test_an_own_way_that_is_not_known_is_named_by_its_place():
    message = proto(own_ways=["OWN_WAY_LOSS"])
    message.own_ways.append(99)
    assert violations(message).keys() == {"own_ways[1]"}


@pytest.mark.parametrize("name", ["loss", "recipe", "loop", "execution", "precision", "device"])
@pytest.mark.parametrize("number", [99, -1])
def test_an_enum_number_that_is_not_known_is_named_with_those_that_are(name, number):
    message = proto()
    setattr(message, name, number)
    found = violations(message)
    assert found.keys() == {name}
    assert found[name].startswith(f"is {number}; known are {name.upper()}_")
    assert "UNSPECIFIED" not in found[name]


def test_an_enum_number_that_is_not_known_is_named_deep_inside_a_layer():
    message = proto(layers=[LAYERS[0], {"activation": {}}, LAYERS[1]])
    message.layers[1].activation.function = 77
    scaling = message.layers[2].dense.kernel_initializer.variance_scaling
    scaling.mode, scaling.distribution = 78, 79
    initializer = "layers[2].dense.kernel_initializer.variance_scaling"
    assert violations(message).keys() == {
        "layers[1].activation.function",
        f"{initializer}.mode",
        f"{initializer}.distribution",
    }


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"optimizer": {}}, "optimizer"),
        ({"optimizer": {"learning_rate": 0.1}}, "optimizer"),
        ({"layers": [{}]}, "layers[0]"),
        (
            {"layers": [LAYERS[0], {"dense": {"units": 10, "kernel_initializer": {}}}]},
            "layers[1].dense.kernel_initializer",
        ),
    ],
)
def test_a_oneof_that_is_not_set_is_named_with_its_cases(changes, field):
    found = violations(proto(**changes))
    assert found.keys() == {field}
    assert "give one of " in found[field]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"dataset": {}}, "dataset.name"),
        ({"layers": [LAYERS[0], {"dense": {}}]}, "layers[1].dense.units"),
        ({"layers": [LAYERS[0], {"activation": {}}, LAYERS[1]]}, "layers[1].activation.function"),
    ],
)
def test_a_required_field_that_is_not_set_is_named(changes, field):
    assert violations(proto(**changes)) == {field: "is not set; it is required"}


def test_an_empty_spec_lacks_all_that_is_required_and_nothing_that_has_a_default():
    assert violations(job_pb2.JobSpec()).keys() == {"dataset", "layers", "optimizer"}


@pytest.mark.parametrize("name", ["MNIST", "cifar", "../mnist", "mnist/../..", "/etc", "a\0b", "é"])
def test_an_unknown_dataset_is_named_with_those_that_there_are(name):
    found = violations(proto(dataset={"name": name}))
    assert found.keys() == {"dataset.name"}
    assert "mnist, fashion-mnist, synthetic" in found["dataset.name"]


RELU = {"activation": {"function": "ACTIVATION_FUNCTION_RELU"}}
SOFTMAX = {"activation": {"function": "ACTIVATION_FUNCTION_SOFTMAX"}}


@pytest.mark.parametrize(
    ("layers", "fields"),
    [
        ([LAYERS[1]], {"layers[0].dense"}),
        ([LAYERS[0]], {"layers[0]", "layers"}),
        ([RELU], {"layers[0]", "layers"}),
        ([LAYERS[0], {"dense": {"units": 11}}], {"layers[1]"}),
        ([LAYERS[0], SOFTMAX, LAYERS[1]], {"layers[1].activation.function"}),
        ([LAYERS[0], *[{"dense": {"units": 1_000_000}}] * 2, LAYERS[1]], {"layers"}),
        ([RELU] * 1001, {"layers"}),
    ],
)
def test_layers_that_do_not_fit_are_named(layers, fields):
    assert violations(proto(layers=layers)).keys() == fields


def test_bfloat16_on_a_cpu_is_refused_with_the_remedy():
    found = violations(proto(precision="PRECISION_BFLOAT16"))
    assert found == {"precision": "is bfloat16, which runs on cuda only; use float32"}


def test_a_dataset_larger_than_memory_can_be_expected_to_be_is_refused():
    sizes = {"train_samples": 10_000_000, "height": 4096, "width": 4096}
    found = violations(proto(dataset={"name": "synthetic", "synthetic": sizes}))
    assert found.keys() == {"dataset.synthetic"}


def test_synthetic_sizes_are_not_judged_where_another_dataset_is_named():
    valid_spec(proto(dataset={"name": "mnist", "synthetic": {"height": -1}}), CPUS)


def test_every_bad_field_is_named_at_once():
    message = proto(
        dataset={"name": "what", "normalization": {"std": 0}},
        epochs=0,
        batch_size=-1,
        optimizer={"learning_rate": "NaN", "adam": {"beta_1": 1}},
        threads=0,
        layers=[{"dense": {"units": -1}}, {}],
    )
    message.precision = 42
    assert violations(message).keys() == {
        *("dataset.name", "dataset.normalization.std", "epochs", "batch_size", "threads"),
        *("optimizer.learning_rate", "optimizer.adam.beta_1", "precision"),
        *("layers[0].dense.units", "layers[1]"),
    }


@pytest.mark.parametrize("value", [1, 5, 10])
def test_the_ends_of_a_range_are_in_it(value):
    assert not list(between("field", value, 1, 10))


@pytest.mark.parametrize("value", [0, 11, math.nan, math.inf, -math.inf, 0.999])
def test_what_is_not_within_a_range_is_out_of_it(value):
    (found,) = between("field", value, 1, 10)
    assert found.field == "field"
    assert found.message == f"is {value}; it must be from 1 to 10"


def test_a_tolerance_above_its_default_needs_what_was_measured():
    asked = proto(tolerance={"losses": 1e-11, "weights": 1e-11})
    assert violations(asked).keys() == {"tolerance.reason"}
    assert "tolerance.losses is above 1e-12" in violations(asked)["tolerance.reason"]
    for taken in ({"losses": 1e-11, "reason": "Seen: 3e-12."}, {"losses": 1e-13}):
        valid_spec(proto(tolerance=taken), CPUS)


def test_a_late_epoch_is_the_last_of_several_of_a_matched_job():
    assert violations(proto(late_epoch=7, epochs=1)).keys() == {"late_epoch"}
    assert violations(proto(late_epoch=1, epochs=3)).keys() == {"late_epoch"}
    assert violations(proto(late_epoch=7, recipe="RECIPE_IDIOMATIC")).keys() == {"late_epoch"}
    assert valid_spec(proto(late_epoch=7, epochs=3), CPUS).epoch_numbers == (0, 1, 7)
