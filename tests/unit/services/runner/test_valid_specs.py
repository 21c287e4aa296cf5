"""Every spec that a runner takes comes back from the wire as it was, with its defaults."""

from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from twinrun.contract.converters.specs import spec_to_proto
from twinrun.contract.enums import (
    ActivationFunction,
    ClassWeightsDivisor,
    Device,
    Distribution,
    Execution,
    FanMode,
    Loop,
    OwnWay,
    Precision,
    Recipe,
)
from twinrun.contract.initializers import (
    Constant,
    Normal,
    Orthogonal,
    TruncatedNormal,
    VarianceScaling,
    Zeros,
)
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
    Flatten,
    LayerNorm,
    MaxPool2d,
    Repeat,
    Residual,
    RmsNorm,
)
from twinrun.contract.losses import SoftmaxCrossEntropy
from twinrun.contract.optimizers import Adam, AdamW, Optimizer, Sgd
from twinrun.contract.spec import Dataset, JobSpec, Normalization, Synthetic
from twinrun.v1 import job_pb2

from services.data import catalog
from services.runner.validation import valid_spec

LAW = settings(database=None)

positive = st.floats(1e-6, 1000)
fraction = st.floats(0, 1, exclude_max=True)
initializers = (
    st.just(Zeros())
    | st.builds(Normal, positive)
    | st.builds(TruncatedNormal, positive)
    | st.builds(Constant, st.floats(-1000, 1000))
    | st.builds(Orthogonal, positive)
    | st.builds(
        VarianceScaling,
        positive,
        st.sampled_from(FanMode),
        st.sampled_from(Distribution),
    )
)
activations = st.builds(Activation, st.sampled_from(ActivationFunction)) | st.builds(
    Activation, st.just(ActivationFunction.LEAKY_RELU), fraction
)
epsilon = st.floats(1e-12, 1)
norms = st.builds(LayerNorm, epsilon) | st.builds(RmsNorm, epsilon)
regulars = st.builds(BatchNorm, fraction, epsilon) | st.builds(Dropout, fraction)
# What makes the shape that it takes.
keeping = st.recursive(
    activations | regulars,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=2)
        .map(tuple)
        .flatmap(
            lambda some: (
                st.builds(Residual, st.just(some), st.sampled_from(((), some)))
                | st.builds(Repeat, st.integers(1, 3), st.just(some))
            )
        )
    ),
    max_leaves=4,
)
beside = st.builds(
    lambda some: Concat((Branch(tuple(some)), Branch())), st.lists(keeping, max_size=2)
)
hidden = (
    st.builds(Dense, st.integers(1, 100), initializers, initializers, st.booleans())
    | st.builds(CustomDense, st.integers(1, 100), positive)
    | keeping
    | beside
    | norms
)
# Of images: a kernel is no larger than its padding makes of one pixel.
convolutions = st.integers(0, 3).flatmap(
    lambda padding: st.builds(
        Conv2d,
        st.integers(1, 20),
        st.integers(1, 2 * padding + 1),
        st.integers(1, 3),
        st.just(padding),
        initializers,
        initializers,
        st.booleans(),
    )
)
pools = st.builds(MaxPool2d, st.just(1), st.integers(1, 3)) | st.builds(
    AveragePool2d, st.just(1), st.integers(1, 3)
)
optimizers = st.builds(
    Optimizer,
    st.builds(Sgd, fraction)
    | st.builds(Adam, fraction, fraction, st.floats(1e-12, 1))
    | st.builds(AdamW, fraction, fraction, st.floats(1e-12, 1), st.floats(0, 100)),
    positive,
)
normalizations = st.builds(Normalization, st.floats(-1000, 1000), positive)
made = st.builds(
    Synthetic,
    *(st.integers(1, 5000), st.integers(1, 5000)),
    *(st.integers(1, 64), st.integers(1, 64), st.integers(1, 4), st.integers(2, 50)),
)


@st.composite
def datasets(draw):
    name = draw(st.sampled_from(["mnist", "cifar-10", "synthetic"]))
    synthetic = draw(made)
    train, test = synthetic.train_samples, synthetic.test_samples
    if name != "synthetic":
        train, test = 50_000, 10_000  # of the smaller one
    return Dataset(
        name,
        draw(st.none() | st.integers(1, train)),
        draw(st.none() | st.integers(1, test)),
        draw(normalizations),
        synthetic,
        draw(fraction),
    )


def losses(classes):
    weights = st.lists(st.floats(0.01, 100), min_size=classes, max_size=classes).map(tuple)
    divisors = st.sampled_from(ClassWeightsDivisor)
    # Only where there are few classes: the weights of thousands take long to draw.
    return st.builds(
        SoftmaxCrossEntropy, fraction, weights if classes < 12 else st.just(()), divisors
    )


@st.composite
def specs(draw):
    """Any spec that a runner takes."""
    dataset = draw(datasets())
    classes = dataset.synthetic.classes if dataset.name == "synthetic" else 10
    last = [Dense(classes, draw(initializers), draw(initializers))]
    if draw(st.booleans()):
        last.append(Activation(ActivationFunction.SOFTMAX))
    recipe = draw(st.sampled_from(Recipe))
    device = draw(st.sampled_from(Device))
    idiomatic = recipe is Recipe.IDIOMATIC
    execution, loop = draw(st.sampled_from(Execution)), draw(st.sampled_from(Loop))
    size = draw(st.integers(1, 1_000_000))
    limit = None if idiomatic else draw(st.none() | st.integers(1, 1000))
    excluded = {
        OwnWay.DATA_PIPELINE: execution is Execution.COMPILED,
        OwnWay.PIPELINE_WORKERS: execution is Execution.COMPILED,
        OwnWay.TF32: device is not Device.CUDA,
        OwnWay.CUDNN_BENCHMARK: device is not Device.CUDA,
        OwnWay.TARGET_SHAPE: True,  # of numbers, which no dataset here has
        OwnWay.CUDA_GRAPH: (device, execution, loop) != (Device.CUDA, Execution.DEFAULT, Loop.FIT),
        OwnWay.LAST_BATCH: limit == 1 or size > catalog.training_samples(dataset),
    }
    own_ways = st.lists(st.sampled_from(OwnWay), unique=True)
    ways = () if idiomatic else tuple(w for w in draw(own_ways) if not excluded.get(w))
    if {OwnWay.DATA_PIPELINE, OwnWay.PIPELINE_WORKERS} & set(ways):
        ways = tuple(way for way in ways if way is not OwnWay.CUDA_GRAPH)
    drawn = {OwnWay.INITIAL_WEIGHTS, OwnWay.INITIALIZERS} & set(ways)
    perturbable = not idiomatic and not drawn
    return JobSpec(
        dataset=dataset,
        layers=(
            *draw(st.lists(convolutions | pools | keeping | beside, max_size=3)),
            Flatten(),
            *draw(st.lists(hidden, max_size=4)),
            *last,
        ),
        optimizer=draw(optimizers),
        threads=draw(st.integers(1, 64)),
        loss=SoftmaxCrossEntropy() if OwnWay.LOSS in ways else draw(losses(classes)),
        epochs=draw(st.integers(1, 10_000)),
        batch_size=size,
        seed=draw(st.integers(0, 2**31 - 1)),
        recipe=recipe,
        loop=loop,
        execution=execution,
        precision=draw(st.sampled_from(Precision)),
        device=device,
        report_every_steps=draw(st.integers(1, 100_000)),
        allow_tf32=draw(st.booleans()),
        own_ways=ways,
        report_step_details=not idiomatic and draw(st.booleans()),
        perturb_initial_weights=draw(st.integers(0, 1000)) if perturbable else 0,
        steps_per_epoch_limit=limit,
        matched_initial_values=idiomatic and draw(st.booleans()),
    )


@LAW
@given(specs())
def test_every_valid_spec_comes_back_from_the_wire_as_it_was(wanted):
    message = spec_to_proto(wanted)
    assert valid_spec(message, available_cpus=64) == wanted
    received = job_pb2.JobSpec.FromString(message.SerializeToString())
    assert valid_spec(received, available_cpus=64) == wanted


@LAW
@given(specs())
def test_every_valid_spec_comes_back_from_json_as_it_was(wanted):
    text = json_format.MessageToJson(spec_to_proto(wanted))
    assert valid_spec(json_format.Parse(text, job_pb2.JobSpec()), 64) == wanted


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
    assert valid_spec(message, available_cpus=3) == JobSpec(
        dataset=Dataset("mnist"),
        layers=(Flatten(), Dense(10)),
        optimizer=Optimizer(Adam()),
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
    found = valid_spec(message, 1)
    assert found.dataset.normalization == Normalization(mean=0, std=0.5)
    assert found.optimizer.kind == Adam(beta_1=0)
