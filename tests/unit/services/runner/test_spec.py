"""A spec is judged as a whole: every bad field is named by its path, with its value."""

import pytest
from twinrun.v1 import job_pb2

from services.runner.validation import valid_spec
from tests.builders.specs import CPUS, LAYERS, proto, violations


def test_what_is_of_the_matched_recipe_is_refused_with_the_idiomatic_one():
    matched = {
        "own_ways": ["OWN_WAY_LOSS"],
        "steps_per_epoch_limit": 3,
        "report_step_details": True,
        "perturb_initial_weights": 1,
    }
    assert violations(proto(recipe="RECIPE_IDIOMATIC", **matched)).keys() == matched.keys()


def test_what_is_of_the_idiomatic_recipe_is_refused_with_the_matched_one():
    found = violations(proto(matched_initial_values=True))
    assert found.keys() == {"matched_initial_values"}
    valid_spec(proto(matched_initial_values=True, recipe="RECIPE_IDIOMATIC"), CPUS)


def test_initial_weights_of_its_own_cannot_be_perturbed():
    message = proto(own_ways=["OWN_WAY_INITIAL_WEIGHTS"], perturb_initial_weights=1)
    assert violations(message).keys() == {"perturb_initial_weights"}


@pytest.mark.parametrize("draw", [-1, 1001])
def test_a_draw_of_perturbed_values_that_there_is_not_is_refused(draw):
    assert violations(proto(perturb_initial_weights=draw)).keys() == {"perturb_initial_weights"}
    assert valid_spec(proto(perturb_initial_weights=1000), CPUS).perturb_initial_weights == 1000


def test_a_bool_of_an_earlier_version_is_the_first_draw_on_the_wire():
    true = b"\x90\x01\x01"  # field 18, a varint, 1
    assert job_pb2.JobSpec.FromString(true).perturb_initial_weights == 1


@pytest.mark.parametrize(
    "change",
    [
        {"device": "DEVICE_CPU"},
        {"execution": "EXECUTION_COMPILED"},
        {"loop": "LOOP_CUSTOM"},
        {"own_ways": ["OWN_WAY_CUDA_GRAPH", "OWN_WAY_DATA_PIPELINE"]},
    ],
)
def test_capturing_alone_is_refused_where_it_cannot_be(change):
    captured = {"own_ways": ["OWN_WAY_CUDA_GRAPH"], "device": "DEVICE_CUDA"}
    valid_spec(proto(**captured), CPUS)
    found = violations(proto(**captured | change))
    assert found.keys() == {"own_ways"}
    assert "has cuda_graph" in found["own_ways"]


def test_a_pipeline_of_its_own_is_refused_where_steps_fetch_their_own_batches():
    message = proto(own_ways=["OWN_WAY_DATA_PIPELINE"], execution="EXECUTION_COMPILED")
    found = violations(message)
    assert found.keys() == {"own_ways"}
    assert "take execution default" in found["own_ways"]


@pytest.mark.parametrize(
    ("samples", "size", "changes", "refused"),
    [
        (10, 11, {}, True),
        (10, 10, {}, False),
        (10, 10, {"validation_fraction": 0.1}, True),
        (11, 10, {"validation_fraction": 0.1}, False),
        (11, 10, {"steps_per_epoch_limit": 1}, True),  # which takes the last batch
        (11, 10, {"steps_per_epoch_limit": 2}, False),
        (20, 10, {"steps_per_epoch_limit": 1}, False),
        (10, 11, {"own_ways": []}, False),
    ],
)
def test_leaving_out_the_last_batch_is_refused_where_no_step_would_be_left(
    samples, size, changes, refused
):
    held = {name: changes.pop(name) for name in ["validation_fraction"] if name in changes}
    dataset = {"name": "synthetic", "synthetic": {"train_samples": samples}} | held
    message = proto(
        **{"dataset": dataset, "batch_size": size, "own_ways": ["OWN_WAY_LAST_BATCH"]} | changes
    )
    if refused:
        assert violations(message).keys() == {"batch_size"}
    else:
        valid_spec(message, CPUS)


def test_an_own_way_that_is_not_known_is_named_by_its_place():
    message = proto(own_ways=["OWN_WAY_LOSS"])
    message.own_ways.append(99)
    assert violations(message).keys() == {"own_ways[1]"}


@pytest.mark.parametrize("name", ["recipe", "loop", "execution", "precision", "device"])
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
    assert "mnist, fashion-mnist, cifar-10, cifar-100, synthetic" in found["dataset.name"]


RELU = {"activation": {"function": "ACTIVATION_FUNCTION_RELU"}}
SLOPED = {"activation": {"function": "ACTIVATION_FUNCTION_RELU", "slope": 0.1}}


@pytest.mark.parametrize(
    ("layers", "fields"),
    [
        ([LAYERS[1]], {"layers[0].dense"}),
        ([LAYERS[0]], {"layers[0]", "layers"}),
        ([RELU], {"layers[0]", "layers"}),
        ([LAYERS[0], {"dense": {"units": 11}}], {"layers[1]"}),
        ([LAYERS[0], SLOPED, LAYERS[1]], {"layers[1].activation.slope"}),
        ([LAYERS[0], *[{"dense": {"units": 1_000_000}}] * 2, LAYERS[1]], {"layers"}),
        ([RELU] * 1001, {"layers"}),
    ],
)
def test_layers_that_do_not_fit_are_named(layers, fields):
    assert violations(proto(layers=layers)).keys() == fields


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


@pytest.mark.parametrize(("classes", "refused"), [(9, True), (10, True), (11, False)])
def test_a_target_that_a_job_of_so_few_classes_never_has_is_refused(classes, refused):
    made = {"name": "synthetic", "synthetic": {"classes": classes}}
    layers = [{"flatten": {}}, {"dense": {"units": classes}}]
    aimed = proto(dataset=made, layers=layers, target={"metric": "top_5_accuracy", "value": 0.9})
    if not refused:
        assert valid_spec(aimed, CPUS).target.metric == "top_5_accuracy"
        return
    assert violations(aimed) == {
        "target.metric": f"is top_5_accuracy, which a job of {classes} classes does not have; it "
        "has accuracy, macro_f1"
    }


@pytest.mark.parametrize(
    ("schedule", "field", "said"),
    [
        ({}, "optimizer.schedule", "has no kind that is known"),
        ({"cosine": {}}, "optimizer.schedule.cosine.steps", "is not set"),
        ({"step": {}}, "optimizer.schedule.step", "boundaries or every"),
        ({"step": {"every": 3, "boundaries": [5]}}, "optimizer.schedule.step", "not both"),
        ({"step": {"boundaries": [5, 4]}}, "optimizer.schedule.step.boundaries", "do not rise"),
        ({"step": {"boundaries": [4, 4]}}, "optimizer.schedule.step.boundaries", "do not rise"),
    ],
)
def test_a_schedule_that_is_none_is_named(schedule, field, said):
    found = violations(proto(optimizer={"sgd": {}, "schedule": schedule}))
    assert found.keys() == {field}
    assert said in found[field]


def test_shown_steps_are_of_the_matched_recipe():
    schedule = {"constant": {}, "shown_steps": [0, 5]}
    job = proto(optimizer={"sgd": {}, "schedule": schedule}, recipe="RECIPE_IDIOMATIC")
    assert violations(job).keys() == {"optimizer.schedule.shown_steps"}


DECAY = {"factor": 0.1, "form": "DECAY_FORM_COUPLED"}


@pytest.mark.parametrize(
    ("optimizer", "field", "said"),
    [
        ({"sgd": {}, "clip": {}}, "optimizer.clip", "has no kind that is known"),
        ({"sgd": {}, "clip": {"norm": {}}}, "optimizer.clip.norm.limit", "is not set"),
        (
            {"sgd": {}, "weight_decay": {"factor": 0.1}},
            "optimizer.weight_decay.form",
            "is not set",
        ),
        (
            {"sgd": {}, "weight_decay": {"factor": 2, "form": "DECAY_FORM_DECOUPLED"}},
            "optimizer.weight_decay.factor",
            "from 0 to 1",
        ),
        ({"adamw": {}, "weight_decay": DECAY}, "optimizer.weight_decay", "beside the decay"),
        ({"sgd": {"nesterov": True}}, "optimizer.sgd.nesterov", "set momentum"),
    ],
)
def test_what_an_optimizer_cannot_do_is_named(optimizer, field, said):
    found = violations(proto(optimizer=optimizer))
    assert found.keys() == {field}
    assert said in found[field]


def test_a_cuda_graph_is_of_what_can_be_captured():
    graph = {"device": "DEVICE_CUDA", "own_ways": ["OWN_WAY_CUDA_GRAPH"]}
    for optimizer in ({"adamax": {}}, {"sgd": {}, "schedule": {"constant": {}}}):
        found = violations(proto(optimizer=optimizer, **graph))
        assert "but the optimizer" in found["own_ways"]
