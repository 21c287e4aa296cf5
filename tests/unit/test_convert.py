"""Round trips between proto and dataclasses."""

import dataclasses
import types
import typing
from enum import StrEnum

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from twinrun.v1 import job_pb2

from services import events, spec
from services.runner.convert import event_to_proto, spec_from_proto, spec_to_proto
from tests.unit.pairs import dataclass_field

LAW = settings(database=None)

# --------------------------------------------------------------------------------- round trips

positive = st.floats(1e-6, 1000)
fraction = st.floats(0, 1, exclude_max=True)
initializers = (
    st.just(spec.Zeros())
    | st.builds(spec.Normal, positive)
    | st.builds(
        spec.VarianceScaling,
        positive,
        st.sampled_from(spec.FanMode),
        st.sampled_from(spec.Distribution),
    )
)
activations = st.builds(
    spec.Activation,
    st.sampled_from([f for f in spec.ActivationFunction if f is not f.SOFTMAX]),
)
regulars = st.builds(spec.BatchNorm, fraction, st.floats(1e-12, 1)) | st.builds(
    spec.Dropout, fraction
)
hidden = (
    st.builds(spec.Dense, st.integers(1, 100), initializers, initializers, st.booleans())
    | st.builds(spec.CustomDense, st.integers(1, 100), positive)
    | activations
    | regulars
)
# Of images: a kernel is no larger than its padding makes of one pixel.
convolutions = st.integers(0, 3).flatmap(
    lambda padding: st.builds(
        spec.Conv2d,
        st.integers(1, 20),
        st.integers(1, 2 * padding + 1),
        st.integers(1, 3),
        st.just(padding),
        initializers,
        initializers,
        st.booleans(),
    )
)
pools = st.builds(spec.MaxPool2d, st.just(1), st.integers(1, 3)) | st.builds(
    spec.AveragePool2d, st.just(1), st.integers(1, 3)
)
optimizers = st.builds(
    spec.Optimizer,
    st.builds(spec.Sgd, fraction)
    | st.builds(spec.Adam, fraction, fraction, st.floats(1e-12, 1))
    | st.builds(spec.AdamW, fraction, fraction, st.floats(1e-12, 1), st.floats(0, 100)),
    positive,
)
normalizations = st.builds(spec.Normalization, st.floats(-1000, 1000), positive)
made = st.builds(
    spec.Synthetic,
    *(st.integers(1, 5000), st.integers(1, 5000)),
    *(st.integers(1, 64), st.integers(1, 64), st.integers(1, 4), st.integers(2, 50)),
)


@st.composite
def datasets(draw):
    name = draw(st.sampled_from(["mnist", "fashion-mnist", "synthetic"]))
    synthetic = draw(made)
    train, test = synthetic.train_samples, synthetic.test_samples
    if name != "synthetic":
        train, test = 60_000, 10_000
    return spec.Dataset(
        name,
        draw(st.none() | st.integers(1, train)),
        draw(st.none() | st.integers(1, test)),
        draw(normalizations),
        synthetic,
        draw(fraction),
    )


@st.composite
def specs(draw):
    """Any spec that a runner takes."""
    dataset = draw(datasets())
    classes = dataset.synthetic.classes if dataset.name == "synthetic" else 10
    last = [spec.Dense(classes, draw(initializers), draw(initializers))]
    if draw(st.booleans()):
        last.append(spec.Activation(spec.ActivationFunction.SOFTMAX))
    recipe = draw(st.sampled_from(spec.Recipe))
    idiomatic = recipe is spec.Recipe.IDIOMATIC
    own_ways = st.lists(st.sampled_from(spec.OwnWay), unique=True)
    ways = () if idiomatic else tuple(draw(own_ways))
    perturbable = not idiomatic and spec.OwnWay.INITIAL_WEIGHTS not in ways
    device = draw(st.sampled_from(spec.Device))
    precisions = [p for p in spec.Precision if p is not p.BFLOAT16 or device is device.CUDA]
    return spec.JobSpec(
        dataset=dataset,
        layers=(
            *draw(st.lists(convolutions | pools | activations | regulars, max_size=3)),
            spec.Flatten(),
            *draw(st.lists(hidden, max_size=4)),
            *last,
        ),
        optimizer=draw(optimizers),
        threads=draw(st.integers(1, 64)),
        loss=draw(st.sampled_from(spec.Loss)),
        epochs=draw(st.integers(1, 10_000)),
        batch_size=draw(st.integers(1, 1_000_000)),
        seed=draw(st.integers(0, 2**31 - 1)),
        recipe=recipe,
        loop=draw(st.sampled_from(spec.Loop)),
        execution=draw(st.sampled_from(spec.Execution)),
        precision=draw(st.sampled_from(precisions)),
        device=device,
        report_every_steps=draw(st.integers(1, 100_000)),
        allow_tf32=draw(st.booleans()),
        own_ways=ways,
        report_step_details=not idiomatic and draw(st.booleans()),
        perturb_initial_weights=perturbable and draw(st.booleans()),
        steps_per_epoch_limit=None if idiomatic else draw(st.none() | st.integers(1, 1000)),
    )


@LAW
@given(specs())
def test_every_valid_spec_comes_back_from_the_wire_as_it_was(wanted):
    message = spec_to_proto(wanted)
    assert spec_from_proto(message, available_cpus=64) == wanted
    received = job_pb2.JobSpec.FromString(message.SerializeToString())
    assert spec_from_proto(received, available_cpus=64) == wanted


@LAW
@given(specs())
def test_every_valid_spec_comes_back_from_json_as_it_was(wanted):
    text = json_format.MessageToJson(spec_to_proto(wanted))
    assert spec_from_proto(json_format.Parse(text, job_pb2.JobSpec()), 64) == wanted


@LAW
@given(specs())
def test_a_completed_spec_has_every_field_set(wanted):
    message = spec_to_proto(wanted)
    for field in message.DESCRIPTOR.fields:
        if field.has_presence and getattr(wanted, field.name) is not None:
            assert message.HasField(field.name), field.name


def test_a_spec_with_what_is_required_alone_takes_every_default():
    message = json_format.ParseDict(
        {
            "dataset": {"name": "mnist"},
            "layers": [{"flatten": {}}, {"dense": {"units": 10}}],
            "optimizer": {"adam": {}},
        },
        job_pb2.JobSpec(),
    )
    assert spec_from_proto(message, available_cpus=3) == spec.JobSpec(
        dataset=spec.Dataset("mnist"),
        layers=(spec.Flatten(), spec.Dense(10)),
        optimizer=spec.Optimizer(spec.Adam()),
        threads=3,
    )


def test_an_explicit_zero_is_told_apart_from_what_is_not_set():
    message = json_format.ParseDict(
        {
            "dataset": {"name": "mnist", "normalization": {"mean": 0}},
            "layers": [{"flatten": {}}, {"dense": {"units": 10}}],
            "optimizer": {"adam": {"beta_1": 0}},
        },
        job_pb2.JobSpec(),
    )
    found = spec_from_proto(message, 1)
    assert found.dataset.normalization == spec.Normalization(mean=0, std=0.5)
    assert found.optimizer.kind == spec.Adam(beta_1=0)


# -------------------------------------------------------------------------------------- events

FIELDS = {
    str: st.text(max_size=20),
    bool: st.booleans(),
    int: st.integers(-(2**31), 2**31 - 1),
    float: st.floats(0, 1e6).map(lambda seconds: round(seconds, 9)),
    dict[str, str]: st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
    events.Failure | None: st.none(),
}


def anything(hint):
    """Any value of a field of an event."""
    if hint in FIELDS:
        return FIELDS[hint]
    if typing.get_origin(hint) is tuple:
        return st.lists(anything(typing.get_args(hint)[0]), max_size=3).map(tuple)
    if isinstance(hint, types.UnionType):
        return st.none() | anything(typing.get_args(hint)[0])
    if issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    hints = typing.get_type_hints(hint)
    return st.builds(hint, **{f.name: anything(hints[f.name]) for f in dataclasses.fields(hint)})


@LAW
@given(st.one_of([anything(cls) for cls in typing.get_args(events.Event)]))
def test_every_event_arrives_with_every_field(event):
    message = event_to_proto(event)
    case = getattr(message, message.WhichOneof("event"))
    assert case.DESCRIPTOR.name == type(event).__name__
    assert_same(event, case)


def assert_same(event, message):
    for field in message.DESCRIPTOR.fields:
        if dataclass_field(field) == "failure":
            continue
        sent, came = getattr(event, dataclass_field(field)), getattr(message, field.name)
        if sent is None:
            assert not message.HasField(field.name)
        elif field.message_type is not None and field.message_type.name == "Duration":
            assert came.ToNanoseconds() == round(sent * 1e9)
        elif isinstance(sent, StrEnum):
            assert field.enum_type.values_by_number[came].name.endswith(f"_{sent.name}")
        elif isinstance(sent, dict):
            assert dict(came) == sent
        elif isinstance(sent, tuple):
            assert len(came) == len(sent)
            for one, other in zip(sent, came, strict=True):
                assert_same(one, other) if dataclasses.is_dataclass(one) else assert_equal(
                    one, other
                )
        elif dataclasses.is_dataclass(sent):
            assert_same(sent, came)
        else:
            assert came == sent


def assert_equal(one, other):
    assert one == other


def test_what_is_no_event_is_refused():
    with pytest.raises(TypeError, match="JobEvent has no case for str"):
        event_to_proto("no event")
