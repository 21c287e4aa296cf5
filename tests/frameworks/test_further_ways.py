"""The own ways of numbers, windows, initial values and machines change exactly what they claim."""

from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import EpsilonPlace, OwnWay
from twinrun.contract.initializers import Normal
from twinrun.contract.layers import (
    Activation,
    ActivationFunction,
    BatchNorm,
    Conv1d,
    Conv2d,
    Dense,
    Embedding,
    Flatten,
    Residual,
)
from twinrun.contract.optimizers import Adam, Optimizer, RmsProp, Sgd
from twinrun.contract.own import has_own_zeros

from services.model import shapes
from services.model.own import symmetric
from services.model.weights import initial
from tests.frameworks import jobs, reference
from tests.frameworks.ways import UNCOMPILED, expected, losses, module, name_of, spec

DOWN = (
    Conv2d(3, 3, 2, same=True),
    Activation(ActivationFunction.RELU),
    Flatten(),
    Dense(jobs.CLASSES),
)

pytestmark = pytest.mark.usefixtures("has_own_ways")


def images(layers, size=(8, 8, 1)):
    """A job of the layers, and data of images of an even side."""
    job = spec(layers=layers)
    whole = jobs.data(job.precision)
    generator = np.random.default_rng(5)
    train, test = (
        generator.normal(size=(len(each), *size))
        for each in (whole.train_images, whole.test_images)
    )
    data = replace(whole, train_images=train, test_images=test, train_pixels=None, test_pixels=None)
    return job, data, initial(layers, size, job.seed, job.precision)


def trained(framework, job, data, weights):
    made = framework.Trainer(job, data, weights)
    made.warm_up()
    taken = [each for epoch in range(job.epochs) for each in made.train_epoch(epoch)]
    return made, np.concatenate([each.losses for each in taken])


def test_a_batch_norms_momentum_is_the_frameworks_default_unless_the_job_sets_it(framework):
    def normed(first, second):
        inner = Residual((Dense(6), BatchNorm(second)), ())
        return (Flatten(), Dense(6), BatchNorm(first), inner, Dense(jobs.CLASSES))

    job = spec(OwnWay.NORM_MOMENTUM, layers=normed(0.9, 0.5))
    own = 0.9 if name_of(framework) == "pytorch" else 0.99
    made = framework.Trainer(job, jobs.data(), jobs.weights(job))
    for epoch in range(job.epochs):
        list(made.train_epoch(epoch))
    _, wanted = reference.train(spec(layers=normed(own, 0.5)), jobs.data(), jobs.weights(job))
    found = made.weights()
    moving = [name for name in found if "moving" in name]
    assert len(moving) == 4
    for name in moving:
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-7)


@pytest.mark.parametrize("execution", UNCOMPILED)
@pytest.mark.parametrize("epsilon", [1e-8, 1e-3])
def test_the_place_alone_of_adams_epsilon_keeps_the_jobs_value(framework, execution, epsilon):
    job = spec(
        OwnWay.EPSILON_PLACE, optimizer=Optimizer(Adam(epsilon=epsilon), 0.01), execution=execution
    )
    hat = {"epsilon_hat": epsilon} if name_of(framework) == "tensorflow" else {}
    wanted = reference.train(job, jobs.data(), jobs.weights(job), **hat)[0]
    np.testing.assert_allclose(losses(framework, job), wanted, rtol=1e-12)


@pytest.mark.parametrize("place", EpsilonPlace)
def test_the_place_alone_of_rmsprops_epsilon_keeps_the_jobs_value(framework, place):
    kind = RmsProp(epsilon=1e-8, epsilon_place=place)
    found = losses(framework, spec(OwnWay.EPSILON_PLACE, optimizer=Optimizer(kind, 0.01)))
    own = EpsilonPlace.OUTSIDE if name_of(framework) == "pytorch" else EpsilonPlace.INSIDE
    wanted = expected(spec(optimizer=Optimizer(replace(kind, epsilon_place=own), 0.01)))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_same_padding_under_a_stride_is_symmetric_in_pytorch_alone(framework):
    job, data, weights = images(DOWN)
    _, found = trained(framework, replace(job, own_ways=(OwnWay.SAME_PADDING,)), data, weights)
    own = job
    if name_of(framework) == "pytorch":
        placed = replace(DOWN[0], same=False, padding_2d=(1, 1, 1, 1))
        own = replace(job, layers=(placed, *DOWN[1:]))
        assert not np.allclose(found, reference.train(job, data, weights)[0], rtol=1e-6)
    np.testing.assert_allclose(found, reference.train(own, data, weights)[0], rtol=1e-11)


@pytest.mark.parametrize(
    ("layer", "touched"),
    [
        (Conv2d(3, 3, 2, same=True), True),
        (Conv1d(3, 5, 2, same=True), True),
        (Conv2d(3, size_2d=(3, 5), stride_2d=(1, 2), same=True), True),
        (Conv2d(3, 2, 2, same=True), False),  # an even window has no middle
        (Conv2d(3, 3, 1, same=True), False),
        (Conv2d(3, 3, 2, padding=1), False),
        (Dense(3), False),
    ],
)
def test_zeros_are_moved_only_where_the_shape_stays(framework, layer, touched):
    assert framework
    assert has_own_zeros(layer) is touched
    (moved,) = symmetric(spec(layers=(layer,))).layers
    assert (moved != layer) is touched
    for side in range(7, 13):
        shape = (side,) if isinstance(layer, Dense) else (side, 1)
        shape = (side, side + 1, 1) if isinstance(layer, Conv2d) else shape
        assert shapes.output_shape(moved, shape) == shapes.output_shape(layer, shape)


def test_own_initialisers_are_drawn_alike_and_differ_in_their_distribution_alone(framework):
    layers = (
        Conv2d(4),
        Flatten(),
        Dense(50),
        Dense(9, bias_initializer=Normal(2.0)),
    )
    job, data, plain = images(layers)
    made = framework.Trainer(replace(job, own_ways=(OwnWay.INITIALIZERS,)), data, None)
    found = made.weights()
    own = framework.Trainer(replace(job, own_ways=(OwnWay.INITIAL_WEIGHTS,)), data, None).weights()
    if name_of(framework) == "pytorch":
        for parameter in shapes.parameters(layers, (8, 8, 1)):
            name, limit = parameter.name, parameter.fan_in**-0.5
            assert np.abs(own[name]).max() <= limit
            if parameter.initializer == Normal(2.0):  # the job's own
                np.testing.assert_array_equal(found[name], plain[name])
                continue
            assert np.abs(found[name]).max() <= limit
            if found[name].size > 1000:
                assert found[name].std() == pytest.approx(own[name].std(), rel=0.05)
                # The same draw, stretched: nothing of the generator differs.
                assert np.corrcoef(found[name].ravel(), plain[name].ravel())[0, 1] > 1 - 1e-9
        assert all(map(np.any, found.values()))
    elif name_of(framework) == "jax":
        kernel = "layers.2.kernel"
        assert found[kernel].std() == pytest.approx(own[kernel].std(), rel=0.05)
        assert found[kernel].std() == pytest.approx(len(plain[kernel]) ** -0.5, rel=0.05)
        np.testing.assert_array_equal(found["layers.3.bias"], plain["layers.3.bias"])
    else:
        for name, array in plain.items():
            np.testing.assert_array_equal(found[name], array)


def test_an_embeddings_own_table_is_drawn_as_the_framework_draws_it(framework):
    job = spec(OwnWay.INITIALIZERS, layers=(Embedding(400, 20),))
    drawn = module(framework, "defaults")
    ways = {}
    for own in (OwnWay.INITIALIZERS, OwnWay.INITIAL_WEIGHTS):
        as_it_does = drawn.as_it_does(replace(job, own_ways=(own,)))
        (ways[own],) = drawn.initial_weights(as_it_does, (7,)).values()
    ours, theirs = ways.values()
    assert ours.std() == pytest.approx(theirs.std(), rel=0.05)
    assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=0.3)


def test_images_lie_channels_first_in_pytorch_and_the_numbers_stay(framework, monkeypatch):
    layers = (
        Conv2d(4),
        Activation(ActivationFunction.RELU),
        Conv2d(4),
        Flatten(),
        Dense(jobs.CLASSES),
    )
    job, data, weights = images(layers, (8, 8, 3))
    wanted, _ = reference.train(job, data, weights)
    if name_of(framework) != "pytorch":
        _, found = trained(framework, replace(job, own_ways=(OwnWay.MEMORY_LAYOUT,)), data, weights)
        np.testing.assert_allclose(found, wanted, rtol=1e-11)
        return
    conv2d = module(framework, "layers.convolutions.conv2d")
    lie, kernel = [], conv2d.functional.conv2d

    def noted(x, weight, *given):
        lie.append((x.is_contiguous(), weight.is_contiguous()))
        return kernel(x, weight, *given)

    monkeypatch.setattr(conv2d.functional, "conv2d", noted)
    for ways, first in (((OwnWay.MEMORY_LAYOUT,), True), ((), False)):
        lie.clear()
        _, found = trained(framework, replace(job, own_ways=ways), data, weights)
        assert set(lie) == {(first, first)}
        np.testing.assert_allclose(found, wanted, rtol=1e-11)


def test_an_own_way_that_does_not_fit_changes_nothing(framework):
    ways = (OwnWay.EPSILON_PLACE, OwnWay.NORM_MOMENTUM, OwnWay.SAME_PADDING)
    job = spec(*ways, optimizer=Optimizer(Sgd(), 0.05))
    np.testing.assert_allclose(losses(framework, job), expected(job), rtol=1e-12)
