"""The recipe that each framework's own users would write: its own, but the same job."""

import math
from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import (
    ActivationFunction,
    Execution,
    Loop,
    Precision,
    Recipe,
    TargetKind,
)
from twinrun.contract.layers import (
    Activation,
    BatchNorm,
    Conv2d,
    Dense,
    Flatten,
    GroupNorm,
    LayerNorm,
    RmsNorm,
)
from twinrun.contract.losses import NextTokenCrossEntropy
from twinrun.contract.optimizers import Adam, AdamW, Optimizer, Sgd
from twinrun.contract.spec import Arrays, Augmentation, Dataset, Synthetic

from services.errors import Unsupported
from services.model import shapes
from tests.frameworks import jobs, models, reference
from tests.frameworks.ways import name_of


def spec(**changes):
    """Return Adam in float32, in three whole batches and a short one."""
    job = jobs.spec(recipe=Recipe.IDIOMATIC, precision=Precision.FLOAT32, layers=jobs.SHALLOW)
    return replace(job, **changes)


def trainer(framework, job, weights=None):
    return framework.Trainer(job, data(job), weights)


def data(job):
    return jobs.data(job.precision, loss=job.loss, of_codes=jobs.of_codes(job))


def train(made, epochs=1):
    return [steps for epoch in range(epochs) for steps in made.train_epoch(epoch)]


@pytest.mark.parametrize("loop", list(Loop))
@pytest.mark.parametrize("kind", [Sgd(0.9), Adam(), AdamW()], ids=str)
def test_it_learns(framework, kind, loop):
    made = trainer(framework, spec(optimizer=Optimizer(kind, 0.05), loop=loop))
    taken = train(made, epochs=30)
    first, last = (np.mean([s.losses.mean() for s in part]) for part in (taken[:2], taken[-2:]))
    assert last < 0.9 * first


def with_own_epsilon(framework, layers):
    """Leave norms' epsilon to the framework; of an rms norm in PyTorch it is the dtype's."""
    name = name_of(framework)
    usual = {"pytorch": 1e-5, "tensorflow": 1e-3, "jax": 1e-6}[name]
    own = {
        **dict.fromkeys((LayerNorm, GroupNorm), usual),
        BatchNorm: 1e-5 if name == "jax" else usual,
        RmsNorm: np.finfo(np.float64).eps if name == "pytorch" else 1e-6,
    }
    return jobs.changed(layers, lambda x: replace(x, epsilon=own[type(x)]) if type(x) in own else x)


LAYERS = pytest.mark.parametrize(
    "layers",
    [
        (Flatten(), Dense(6), Activation(ActivationFunction.TANH), Dense(jobs.CLASSES)),
        jobs.CONVOLUTIONS,
        jobs.NORMALISED,
        jobs.DROPPED,
        jobs.ACTIVATED[:-1],
        jobs.NORMED,
        jobs.SEQUENCE,
        models.PIXELS,
        models.TRAINABLE,
        jobs.TRANSPOSED,
        jobs.SCALED,
        jobs.PEAKS,
        jobs.NESTED,
    ],
    ids=[
        *("dense", "convolutions", "normalised", "dropped", "activated", "normed", "sequence"),
        "pixels",
        *("rectangular", "transposed", "scaled", "peaks", "nested"),
    ],
)


@LAYERS
def test_its_weights_in_canonical_layout_make_its_logits(framework, layers):
    job = spec(layers=with_own_epsilon(framework, layers), precision=Precision.FLOAT64)
    made = trainer(framework, job)
    train(made)
    logits = reference.forward(job, made.weights(), data(job).test_images)
    # Keras resizes in float32, and scales attention's scores by a float32: of 3 columns it shows.
    tolerance = 1e-6 if layers is jobs.SCALED else 1e-8 if layers is jobs.SEQUENCE else 1e-10
    if layers is jobs.SEQUENCE and name_of(framework) == "jax":
        tolerance = 1e-6  # JAX's attention takes the softmax in float32
    np.testing.assert_allclose(made.evaluate(), logits, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("given", [{"groups": 2}, {"dilation": 2}])
def test_a_convolution_that_keras_cannot_train_on_a_cpu_is_refused_by_name(framework, given):
    layers = (Conv2d(4, size=2, **given), Flatten(), Dense(jobs.CLASSES))
    job = spec(layers=layers, precision=Precision.FLOAT64)
    if name_of(framework) == "tensorflow":
        with pytest.raises(Unsupported, match="no gradient of a convolution"):
            trainer(framework, job)
        strided = (replace(layers[0], dilation=2, stride=2), *layers[1:])
        with pytest.raises(Unsupported, match="no stride beside a dilation"):
            trainer(framework, replace(job, layers=strided, execution=Execution.COMPILED))
        job = replace(job, execution=Execution.COMPILED)
    made = trainer(framework, job)
    train(made)
    logits = reference.forward(job, made.weights(), jobs.data().test_images)
    np.testing.assert_allclose(made.evaluate(), logits, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("layers", [jobs.NORMED_TOKENS, models.CONVOLVED_TOKENS])
def test_layers_of_sequences_are_the_formulas(framework, layers):
    layers = with_own_epsilon(framework, layers)
    job = spec(layers=layers, precision=Precision.FLOAT64, loss=NextTokenCrossEntropy())
    made = trainer(framework, job, jobs.weights(job))
    train(made)
    logits = reference.forward(job, made.weights(), data(job).test_images)
    np.testing.assert_allclose(made.evaluate(), logits, rtol=1e-10, atol=1e-10)


@LAYERS
def test_weights_that_are_given_are_taken(framework, layers):
    job = spec(layers=layers)
    given = jobs.weights(job)
    found = trainer(framework, job, given).weights()
    assert found.keys() == given.keys()
    for name, array in given.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def test_its_initial_weights_are_its_own_and_the_seeds(framework):
    job = spec()
    first, again = (trainer(framework, job).weights() for _ in range(2))
    other = trainer(framework, spec(seed=1)).weights()
    for name, array in jobs.weights(job).items():
        assert first[name].shape == array.shape
        np.testing.assert_array_equal(first[name], again[name])
    kernel = "layers.1.kernel"
    assert not np.array_equal(first[kernel], other[kernel])
    assert not np.array_equal(first[kernel], jobs.weights(job)[kernel])


@pytest.mark.parametrize("layers", [jobs.SHALLOW, jobs.DROPPED], ids=["dense", "dropped"])
@pytest.mark.parametrize("execution", [Execution.DEFAULT, Execution.EAGER])
def test_a_loop_of_ones_own_begins_as_it_did_before_it_was_warm(framework, execution, layers):
    job = spec(loop=Loop.CUSTOM, precision=Precision.FLOAT64, execution=execution, layers=layers)
    weights, losses = [], []
    for warm in (False, True):  # one after the other: a process has one generator
        made = trainer(framework, job)
        if warm:
            made.warm_up()
        weights.append(made.weights())
        losses.append(np.concatenate([steps.losses for steps in train(made)]))
    for name, array in weights[0].items():
        np.testing.assert_array_equal(weights[1][name], array, err_msg=name)
    np.testing.assert_allclose(*losses, rtol=1e-12)


@pytest.mark.parametrize("loop", list(Loop))
def test_it_learns_from_images_that_are_augmented(framework, loop):
    whole = {"batch_size": jobs.SAMPLES, "optimizer": Optimizer(Adam(), 0.05)}
    made = trainer(framework, spec(augmentation=jobs.AUGMENTATION, loop=loop, **whole))
    made.warm_up()
    # By its own draws, which may be other ones each time: a quarter of the epochs evens them out.
    losses = [steps.losses.mean() for steps in train(made, epochs=60)]
    first, *_, last = np.array_split(losses, 4)
    assert last.mean() < 0.95 * first.mean()


def test_images_are_augmented_for_training_alone_and_otherwise_as_they_were(framework):
    data = jobs.data(Precision.FLOAT32)
    plain, labels = trainer(framework, spec()).augmented()
    np.testing.assert_allclose(plain, data.train_images, atol=1e-6)
    np.testing.assert_array_equal(labels, data.train_labels)
    flipped = trainer(framework, spec(augmentation=Augmentation(0.5)))
    for image, original in zip(flipped.augmented()[0], data.train_images, strict=True):
        ways = [original, original[:, ::-1]]
        assert min(np.abs(image - way).max() for way in ways) < 1e-6
    assert np.abs(flipped.augmented()[0] - data.train_images).max() > 0.1
    weights = jobs.weights(spec())
    logits = [
        trainer(framework, spec(augmentation=given), weights).evaluate()
        for given in (Augmentation(), jobs.AUGMENTATION)
    ]
    np.testing.assert_allclose(*logits, rtol=1e-5, atol=1e-6)


def test_what_comes_in_from_outside_is_the_background(framework):
    given = Augmentation(width_shift=1, height_shift=1)
    images = trainer(framework, spec(augmentation=given)).augmented()[0]
    assert images.min() == pytest.approx(-1)  # pixel 0, by the normalisation of jobs.data
    assert np.isclose(images, -1).mean() > 0.5


@pytest.mark.usefixtures("has_idiomatic")
def test_a_flip_that_is_no_fair_coin_is_refused_where_there_is_no_layer_for_it(framework):
    job = spec(augmentation=Augmentation(0.3))
    if name_of(framework) != "tensorflow":
        assert trainer(framework, job).augmented()[0].shape == (jobs.SAMPLES, *jobs.SHAPE)
        return
    with pytest.raises(Unsupported, match="RandomFlip mirrors half") as caught:
        trainer(framework, job)
    assert caught.value.metadata == {"field": "augmentation.flip"}


@pytest.mark.parametrize("loop", list(Loop))
def test_every_step_of_an_epoch_is_told_in_chunks_with_the_wait_for_its_data(framework, loop):
    made = trainer(framework, spec(report_every_steps=2, loop=loop))
    taken = train(made)
    assert [len(steps.losses) for steps in taken] == [2, 2, 1]
    assert all(np.isfinite(steps.losses).all() for steps in taken)
    if name_of(framework) == "tensorflow" and loop is Loop.FIT:
        assert {steps.wait_seconds for steps in taken} == {None}  # Keras tells nobody
    else:
        assert all(steps.wait_seconds >= 0 for steps in taken)


def test_warming_up_leaves_weights_and_training_as_they_were(framework):
    cold, warm = (trainer(framework, spec()) for _ in range(2))
    warm.warm_up()
    for name, array in cold.weights().items():
        np.testing.assert_array_equal(warm.weights()[name], array, err_msg=name)
    losses = [np.concatenate([steps.losses for steps in train(made)]) for made in (cold, warm)]
    assert losses[0][0] == pytest.approx(losses[1][0], rel=0.5)
    assert train(warm)[-1].losses.mean() < 2 * losses[0].mean()


def test_what_is_its_own_is_noted(framework):
    made = trainer(framework, spec())
    notes = made.environment().precision_notes
    expected = {
        "pytorch": ("DataLoader with 1 workers", "1e-08"),
        "tensorflow": ("fit", "1e-07"),
        "jax": ("NNX", "Grain's DataLoader without workers", "adam epsilon 1e-08"),
    }
    for text in expected[made.environment().framework]:
        assert text in notes


@pytest.mark.parametrize("recipe", list(Recipe))
def test_a_batch_of_any_size_can_be_predicted(framework, recipe):
    made = trainer(framework, spec(recipe=recipe, layers=jobs.CONVOLUTIONS), None)
    before = made.evaluate()
    for samples in (1, 3, jobs.TEST_SAMPLES):
        made.predictor(samples)()
    np.testing.assert_allclose(made.evaluate(), before, rtol=1e-6)


@pytest.mark.parametrize("layers", [jobs.CONVOLUTIONS, jobs.NORMALISED, jobs.DROPPED, jobs.NESTED])
def test_its_model_is_summed_up_layer_by_layer(framework, layers):
    dataset = Dataset("synthetic", synthetic=Synthetic(height=4, width=3, channels=2, classes=5))
    job = spec(layers=layers, dataset=dataset)
    found = framework.summarize(job)
    counts, untrained = {}, {}
    for parameter in shapes.parameters(job.layers, jobs.SHAPE):
        name = parameter.name.rpartition(".")[0]
        counts[name] = counts.get(name, 0) + math.prod(parameter.shape)
        kept = 0 if parameter.trained else math.prod(parameter.shape)
        untrained[name] = untrained.get(name, 0) + kept
    for each, told in zip(shapes.placed(job.layers, jobs.SHAPE), found.layers, strict=True):
        assert told.output_shape == each.made, each
        assert told.parameter_count == counts.get(each.name, 0), each
        assert told.untrained_count == untrained.get(each.name, 0), each
    assert found.parameter_count == sum(counts.values())
    assert found.untrained_count == sum(untrained.values())
    if layers is jobs.CONVOLUTIONS:
        assert "CustomDense" in found.text or "custom_dense" in found.text
    elif layers is jobs.NORMALISED:
        assert "BatchNorm" in found.text or "batch_normalization" in found.text


def test_both_count_the_parameters_of_sequences_alike(framework):
    held = (*("0" * 64, 1, jobs.SAMPLES, jobs.TEST_SAMPLES), (jobs.TIME,), TargetKind.CLASS)
    arrays = Arrays(*held, jobs.CLASSES, codes=jobs.CLASSES)
    job = spec(layers=jobs.SEQUENCE, dataset=Dataset("file", arrays=arrays))
    found = framework.summarize(job)
    wanted = [math.prod(p.shape) for p in shapes.parameters(job.layers, (jobs.TIME,))]
    assert (found.parameter_count, found.untrained_count) == (sum(wanted), 0)
