"""Each field of a spec is honoured by the idiomatic recipe, or named as the framework's own."""

from dataclasses import MISSING, fields, replace
from typing import get_args

import numpy as np
import pytest
from twinrun.contract import optimizers as contract
from twinrun.contract.enums import (
    ActivationFunction,
    Device,
    EpsilonPlace,
    Interpolation,
    Loop,
    Precision,
    Recipe,
)
from twinrun.contract.initializers import Normal, VarianceScaling
from twinrun.contract.layers import (
    Activation,
    BatchNorm,
    Bidirectional,
    Conv1d,
    Conv2d,
    Conv2dTranspose,
    CustomDense,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GroupNorm,
    Gru,
    LayerNorm,
    Leaf,
    Lstm,
    MultiHeadAttention,
    PositionEmbedding,
    SpatialDropout2d,
    layer_field,
)
from twinrun.contract.optimizers import Optimizer, RmsProp, optimizer_field
from twinrun.contract.spec import JobSpec

from services.model import taken
from tests.frameworks import flax_written, jobs
from tests.frameworks.ways import module, name_of, numbers, users

pytestmark = pytest.mark.usefixtures("has_idiomatic")
# What each kind must be given, and a shape that it takes.
GIVEN = {
    Dense: (Dense(6), (8,)),
    CustomDense: (CustomDense(6), (8,)),
    Conv2d: (Conv2d(6, 3), (9, 9, 4)),
    Conv1d: (Conv1d(6, 3), (9, 4)),
    Conv2dTranspose: (Conv2dTranspose(6, 3, 2), (9, 9, 4)),
    Activation: (Activation(ActivationFunction.LEAKY_RELU), (8,)),
    Dropout: (Dropout(0.5), (8,)),
    SpatialDropout2d: (SpatialDropout2d(0.5), (9, 9, 4)),
    Embedding: (Embedding(7, 4), (9,)),
    Lstm: (Lstm(4), (9, 4)),
    Gru: (Gru(4), (9, 4)),
    GroupNorm: (GroupNorm(2), (9, 9, 4)),
    MultiHeadAttention: (MultiHeadAttention(2), (9, 4)),
    Bidirectional: (Bidirectional(Lstm(4)), (9, 4)),
    BatchNorm: (BatchNorm(), (9, 9, 4)),
    PositionEmbedding: (PositionEmbedding(), (9, 4)),
}
OTHER = {
    int: lambda value: value + 1,
    float: lambda value: value / 2 + 0.01,
    bool: lambda value: not value,
    tuple: lambda _: (2, 3),
    type(None): lambda _: 0,
}
# A value that can stand beside the defaults.
SPECIAL = {
    (Conv2d, "groups"): 2,
    (Conv1d, "groups"): 2,
    (Conv2d, "padding_2d"): (1, 1),
    (Conv2dTranspose, "output_padding"): 1,
    (MultiHeadAttention, "heads"): 4,
    (Embedding, "padding"): 2,
    (Conv2d, "same"): True,
    (Activation, "function"): ActivationFunction.ELU,
    (Bidirectional, "kind"): Gru(4),
    (BatchNorm, "momentum"): 0.5,
    (GroupNorm, "groups"): 4,
}


@pytest.fixture(autouse=True)
def threads(framework):
    """TensorFlow takes its threads before anything else."""
    module(framework, "device").prepare(jobs.spec())


def kinds():
    """Yield every field of every layer, and the layer with another value of it."""
    for kind in get_args(Leaf):
        layer, shape = GIVEN.get(kind, (None, (9, 9, 4)))
        for field in fields(kind):
            if layer is None:
                made = kind() if all(f.default is not MISSING for f in fields(kind)) else kind(2)
            else:
                made = layer
            if field.name == "function":  # the slope is of the other one
                made = Activation(ActivationFunction.RELU)
            value = getattr(made, field.name)
            if (kind, field.name) in SPECIAL:
                other = SPECIAL[kind, field.name]
            elif field.name.endswith("_initializer"):
                other = Normal(0.3)
            elif isinstance(value, Interpolation):
                other = Interpolation.BILINEAR
            else:
                other = OTHER[type(value)](value)
            yield pytest.param(
                made, field.name, other, shape, id=f"{layer_field(kind)}.{field.name}"
            )


SIMPLE = bool | int | float | str | tuple


def written(framework, layer, shape):
    """Return all that the users' layer says of itself, and what it draws."""
    if name_of(framework) == "jax":
        return flax_written.layer(layer, shape)
    made = users(framework, "layers").KINDS[type(layer)].idiomatic
    if name_of(framework) == "pytorch":
        import torch  # noqa: PLC0415 - whichever is there

        torch.manual_seed(1)
        found = made(layer, shape)
        arrays = [(n, tuple(a.shape), float(a.sum())) for n, a in found.state_dict().items()]
        return repr(found), arrays, [told(each) for each in found.modules()]
    return [
        [type(each).__name__, {**each.get_config(), "name": ""}, told(each)]
        for each in made(layer, "float32")
    ]


def told(layer):
    """Return what a layer holds that can be compared, a spec's layer among it."""
    return {
        name: str(value)
        for name, value in vars(layer).items()
        if isinstance(value, SIMPLE | Leaf) and name not in ("name", "_name", "auto_name", "_path")
    }


@pytest.mark.parametrize(("layer", "field", "other", "shape"), list(kinds()))
def test_a_field_of_a_layer_is_honoured_or_named(framework, layer, field, other, shape):
    changed = replace(layer, **{field: other})
    job = jobs.spec(layers=(changed,), recipe=Recipe.IDIOMATIC)
    if field.endswith("_initializer"):
        values = taken.initial_values(job, shape, lambda: 5)
        assert values, "the job's initialiser is not drawn"
        assert not taken.initial_values(replace(job, layers=(layer,)), shape, lambda: 5)
        part = layer_field(type(layer)) + "." + field
        given = framework_of(framework)
        assert part not in taken.used(job, given).own
        assert part in taken.used(replace(job, layers=(layer,)), given).own
        return
    assert written(framework, layer, shape) != written(framework, changed, shape)


def framework_of(framework):
    place = EpsilonPlace.OUTSIDE if name_of(framework) == "pytorch" else EpsilonPlace.INSIDE
    return taken.Framework(numbers(framework), 1e-7, place, "")


ALL = (
    contract.Sgd,
    contract.Adam,
    contract.AdamW,
    contract.RmsProp,
    contract.Adagrad,
    contract.Adamax,
)


def optimizer_fields():
    for kind in ALL:
        for field in fields(kind):
            yield pytest.param(kind, field.name, id=f"{optimizer_field(kind)}.{field.name}")


@pytest.mark.parametrize("loop", Loop)
@pytest.mark.parametrize(("kind", "field"), list(optimizer_fields()))
def test_a_field_of_an_optimizer_is_honoured_or_named(framework, kind, field, loop):
    plain = kind(momentum=0.5) if kind is contract.Sgd else kind()
    value = getattr(plain, field)
    other = EpsilonPlace.INSIDE if isinstance(value, EpsilonPlace) else OTHER[type(value)](value)
    made = [
        written_optimizer(framework, each, loop)
        for each in (plain, replace(plain, **{field: other}))
    ]
    if made[0] != made[1]:
        return
    job = jobs.spec(optimizer=Optimizer(replace(plain, **{field: other})), recipe=Recipe.IDIOMATIC)
    named = taken.used(job, framework_of(framework)).own
    is_its_own = f"optimizer.{optimizer_field(kind)}.{field}" in named
    assert is_its_own or (kind is RmsProp and name_of(framework) != "pytorch")


def written_optimizer(framework, kind, loop):
    if name_of(framework) == "jax":
        return flax_written.optimizer(Optimizer(kind))
    optimizers = module(framework, "optimizers")
    if name_of(framework) == "pytorch":
        import torch  # noqa: PLC0415

        found = optimizers.idiomatic(Optimizer(kind), [torch.nn.Parameter(torch.zeros(2))], loop)
        held = {name: str(v) for name, v in vars(found).items() if "spec" in name.lower()}
        defaults = found.defaults if hasattr(found, "defaults") else {}
        return str({k: str(v) for k, v in defaults.items()}), str(held)
    return str(optimizers.idiomatic(Optimizer(kind), (), 10).get_config())


# What of a whole job the recipe does with each field. Whoever adds a field decides here.
WHOLE = {
    "honoured": {
        *("dataset", "layers", "optimizer", "threads", "loss", "epochs", "batch_size", "loop"),
        *("execution", "precision", "device", "report_every_steps", "augmentation", "code"),
        *("accumulate_steps", "early_stopping", "matched_initial_values", "recipe", "profile"),
    },
    "named": {"seed", "allow_tf32"},
    "refused": {
        *("own_ways", "report_step_details", "perturb_initial_weights", "steps_per_epoch_limit"),
        *("late_epoch", "loss_scale", "devices"),
        "matched_batch_order",  # which Keras's runners alone take
    },
    "of the comparison": {"tolerance", "target", "target_accuracy"},
}


def test_every_field_of_a_job_is_honoured_named_or_refused(framework):
    assert framework
    given = [name for names in WHOLE.values() for name in names]
    assert sorted(given) == sorted(field.name for field in fields(JobSpec))
    job = jobs.spec(device=Device.CUDA)
    own = taken.used(job, replace(framework_of(framework), tf32="on")).own
    assert {*own} >= WHOLE["named"]


HE = VarianceScaling(2.0)
MODEL = (
    Flatten(),
    Dense(40, kernel_initializer=HE),
    BatchNorm(0.5, 0.02),
    Dense(6),
    LayerNorm(),
    Dense(jobs.CLASSES),
)


def test_a_file_of_he_normal_trains_with_it_and_the_rest_is_named(framework):
    kind = contract.Adam(epsilon=0.01)
    job = jobs.spec(
        layers=MODEL,
        recipe=Recipe.IDIOMATIC,
        precision=Precision.FLOAT32,
        optimizer=Optimizer(kind, 0.01),
    )
    made = [framework.Trainer(job, jobs.data(job.precision), None) for _ in range(2)]
    weights, again = (each.weights() for each in made)
    kernel = weights["layers.1.kernel"]
    fans = sum(kernel.shape) / 2
    assert np.abs(kernel).max() == pytest.approx((6 / fans) ** 0.5, rel=0.05)
    np.testing.assert_array_equal(kernel, again["layers.1.kernel"])
    assert not np.allclose(kernel, jobs.weights(job)["layers.1.kernel"], rtol=1e-3)  # its own draw
    own = np.abs(weights["layers.3.kernel"]).max()
    limit = 40**-0.5 if name_of(framework) == "pytorch" else (6 / 46) ** 0.5
    assert own <= limit
    told = made[0].environment()
    assert told.used["optimizer.adam.epsilon"] == "0.01"
    assert told.used["batch_norm.momentum"] == "0.5"
    assert told.used["batch_norm.epsilon"] == "0.02"
    usual = {"pytorch": "1e-05", "tensorflow": "0.001", "jax": "1e-06"}
    assert told.used["layer_norm.epsilon"] == usual[name_of(framework)]
    assert "VarianceScaling 2.0" in told.used["dense.kernel_initializer"]
    assert {*told.own} == {
        *("seed", "dense.kernel_initializer", "dense.bias_initializer", "layer_norm.epsilon"),
    }
    if name_of(framework) == "pytorch":
        assert made[0]._optimizer.defaults["eps"] == 0.01
        assert made[0]._modules[2].momentum == 0.5
    elif name_of(framework) == "tensorflow":
        assert made[0]._model.optimizer.epsilon == 0.01
        assert made[0]._model.layers[2].momentum == 0.5


def test_tf32_is_each_frameworks_own_unless_the_job_has_it(framework):
    device = module(framework, "device")
    own = {"pytorch": "in convolutions", "tensorflow": "on", "jax": "on"}
    job = jobs.spec(recipe=Recipe.IDIOMATIC, device=Device.CUDA, allow_tf32=False)
    assert device.tf32_in_words(job) == own[name_of(framework)]
    assert device.tf32_in_words(replace(job, allow_tf32=True)) == "on"
    assert device.tf32_in_words(replace(job, recipe=Recipe.MATCHED)) == "off"
