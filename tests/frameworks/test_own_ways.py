"""Each own way changes exactly what it claims, by the framework's own code."""

from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import DecayForm, EpsilonPlace, Execution, OwnWay
from twinrun.contract.layers import (
    BatchNorm,
    Dense,
    Flatten,
    GroupNorm,
    LayerNorm,
    Residual,
    RmsNorm,
)
from twinrun.contract.losses import Huber, MeanAbsoluteError, MeanSquaredError
from twinrun.contract.optimizers import Adam, Optimizer, RmsProp, Sgd
from twinrun.contract.regularization import WeightDecay

from services.model import order
from tests.frameworks import jobs, reference
from tests.frameworks.ways import UNCOMPILED, expected, losses, name_of, spec, steps

pytestmark = pytest.mark.usefixtures("has_own_ways")


@pytest.mark.parametrize("layers", [jobs.SHALLOW, jobs.NORMALISED], ids=["dense", "normalised"])
@pytest.mark.parametrize("execution", jobs.EXECUTIONS)
def test_details_are_what_numpy_says_of_the_same_steps(framework, execution, layers):
    job = jobs.spec(report_step_details=True, execution=execution, epochs=2, layers=layers)
    if execution is Execution.COMPILED and layers is jobs.NORMALISED:
        job = jobs.in_one_graph(job)
    found = [taken.details for taken in steps(framework, job)]
    wanted = reference.details(job, jobs.data(), jobs.weights(job))
    ordered = np.concatenate([details.ordered_losses for details in found])
    np.testing.assert_allclose(ordered, wanted.ordered_losses, rtol=1e-12)
    accuracies = np.concatenate([details.accuracies for details in found])
    np.testing.assert_allclose(accuracies, wanted.accuracies, rtol=1e-12)
    for index, (parameter, norms) in enumerate(wanted.gradient_norms.items()):
        assert {details.gradient_norms[index].parameter for details in found} == {parameter}
        ours = np.concatenate([details.gradient_norms[index].norms for details in found])
        np.testing.assert_allclose(ours, norms, rtol=1e-11, err_msg=parameter)


def test_only_so_many_batches_of_an_epoch_are_its_first_and_its_last(framework):
    job = jobs.spec(steps_per_epoch_limit=3, epochs=2, layers=jobs.SHALLOW)
    np.testing.assert_allclose(losses(framework, job), expected(job), rtol=1e-12)


@pytest.mark.parametrize(
    "layers",
    [jobs.SHALLOW, jobs.NORMALISED, jobs.NESTED],
    ids=["dense", "normalised", "nested"],
)
def test_own_initial_weights_are_drawn_by_the_seed_and_the_rest_is_matched(framework, layers):
    job = spec(OwnWay.INITIAL_WEIGHTS, layers=layers)
    made, again = (framework.Trainer(job, jobs.data(), None) for _ in range(2))
    drawn = made.weights()
    for name, array in jobs.weights(job).items():
        assert drawn[name].shape == array.shape
        np.testing.assert_array_equal(drawn[name], again.weights()[name])
    has_bias = np.any(list(drawn.values())[-1])
    assert has_bias == (name_of(framework) == "pytorch")  # Keras starts at zero
    found = np.concatenate([t.losses for e in range(2) for t in made.train_epoch(e)])
    wanted, _ = reference.train(job, jobs.data(), drawn)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_an_own_batch_order_is_a_permutation_of_its_own(framework):
    defaults = __import__(f"services.{name_of(framework)}.defaults", fromlist=["permutation"])
    found = defaults.permutation(3, 1, 50)
    assert sorted(found) == list(range(50))
    assert np.array_equal(found, defaults.permutation(3, 1, 50))
    assert not np.array_equal(found, defaults.permutation(3, 2, 50))
    assert not np.array_equal(found, order.permutation(3, 1, 50))
    job = spec(OwnWay.BATCH_ORDER)
    first, plain = losses(framework, job), expected(spec())
    assert not np.allclose(first[:4], plain[:4], rtol=1e-6)


@pytest.mark.parametrize("execution", UNCOMPILED)
@pytest.mark.parametrize(("epsilon", "kerass"), [(1e-8, 1e-7), (1e-3, 1e-3)])
def test_adams_own_epsilon_is_in_each_ones_place_and_a_default_only_if_the_job_sets_none(
    framework, execution, epsilon, kerass
):
    job = spec(
        OwnWay.ADAM_EPSILON, optimizer=Optimizer(Adam(epsilon=epsilon), 0.01), execution=execution
    )
    found = losses(framework, job)
    if name_of(framework) != "tensorflow":  # Optax has PyTorch's 1e-8, in the same place
        wanted = expected(spec(optimizer=Optimizer(Adam(epsilon=epsilon), 0.01)))
    else:
        wanted = reference.train(job, jobs.data(), jobs.weights(job), epsilon_hat=kerass)[0]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_adams_epsilon_is_nothing_to_sgd(framework):
    job = spec(OwnWay.ADAM_EPSILON, optimizer=Optimizer(Sgd(), 0.05))
    np.testing.assert_allclose(losses(framework, job), expected(job), rtol=1e-12)


@pytest.mark.parametrize("execution", jobs.EXECUTIONS)
def test_a_model_that_ends_in_softmax_keras_sees_through_and_pytorch_does_not(framework, execution):
    job = spec(OwnWay.LOSS, execution=execution)
    if execution is Execution.COMPILED:
        job = jobs.in_one_graph(job)
    found, plain = losses(framework, job), expected(job)
    if name_of(framework) != "tensorflow":
        assert not np.allclose(found, plain, rtol=1e-3)
        assert found[0] == pytest.approx(np.log(jobs.CLASSES), rel=0.2)
    else:
        np.testing.assert_allclose(found, plain, rtol=1e-6)


@pytest.mark.parametrize(
    ("loss", "execution"),
    [
        *((loss, each) for loss in (MeanSquaredError(), Huber(0.5)) for each in UNCOMPILED),
        *((MeanAbsoluteError(), each) for each in jobs.EXECUTIONS),
    ],
)
def test_pytorch_pairs_each_prediction_with_each_target_of_another_shape(
    framework, execution, loss
):
    layers = (*jobs.SHALLOW[:-2], Dense(1))
    job = spec(OwnWay.TARGET_SHAPE, loss=loss, layers=layers, execution=execution)
    if execution is Execution.COMPILED:
        job = jobs.in_one_graph(job)
    whole = jobs.data(loss=loss)
    data = replace(
        whole, train_labels=whole.train_labels[:, :1], test_labels=whole.test_labels[:, :1]
    )
    made = framework.Trainer(job, data, jobs.weights(job))
    made.warm_up()
    found = np.concatenate([taken.losses for taken in made.train_epoch(0)])
    if name_of(framework) == "pytorch":
        taken = order.permutation(job.seed, 0, jobs.SAMPLES)[: job.batch_size]
        logits = reference.forward(job, jobs.weights(job), data.train_images[taken])
        each = [
            reference.loss_and_slope(job, logits, np.full_like(logits, value))[0]
            for value in data.train_labels[taken, 0]
        ]
        assert found[0] == pytest.approx(np.mean(each), rel=1e-12)
    else:
        wanted = reference.train(job, data, jobs.weights(job))[0]
        np.testing.assert_allclose(found, wanted[: len(found)], rtol=1e-12)


def test_pytorch_drops_the_last_batch_and_tensorflow_keeps_it(framework):
    found = losses(framework, spec(OwnWay.LAST_BATCH))
    whole = jobs.SAMPLES // 16
    assert len(found) == 2 * (whole if name_of(framework) == "pytorch" else whole + 1)
    np.testing.assert_allclose(found[:whole], expected(spec())[:whole], rtol=1e-12)


def test_tensorflow_tells_its_running_accuracy_and_pytorch_does_not(framework):
    job = spec(OwnWay.ACCURACY)
    found = steps(framework, job)
    told = [taken.accuracies for taken in found]
    np.testing.assert_allclose(np.concatenate([t.losses for t in found]), expected(job), rtol=1e-12)
    if name_of(framework) == "pytorch":
        assert told == [None] * len(told)
    else:
        wanted = reference.details(job, jobs.data(), jobs.weights(job)).accuracies
        np.testing.assert_allclose(np.concatenate(told), wanted, rtol=1e-12)


@pytest.mark.parametrize("execution", UNCOMPILED)
def test_an_own_data_pipeline_brings_the_same_batches_and_tells_how_long_it_took(
    framework, execution
):
    job = spec(OwnWay.DATA_PIPELINE, execution=execution)
    found = steps(framework, job)
    np.testing.assert_allclose(np.concatenate([t.losses for t in found]), expected(job), rtol=1e-12)
    assert all(taken.wait_seconds > 0 for taken in found)


def test_jit_compile_compiles_wherever_xla_is(framework):
    made = framework.Trainer(spec(OwnWay.JIT_COMPILE), jobs.data(), jobs.weights(spec()))
    notes = made.environment().precision_notes
    assert ("XLA" in notes) == (name_of(framework) != "pytorch")
    assert "torch.compile" not in notes


def halves(framework, number):
    """Return half of a number, computed by the framework in float32."""
    if name_of(framework) == "pytorch":
        import torch  # noqa: PLC0415 - whichever is there

        return float(torch.full((4096,), number) * 0.5 @ torch.ones(4096)) / 4096
    if name_of(framework) == "jax":
        import jax  # noqa: PLC0415 - of one environment alone

        half = jax.jit(lambda numbers: (numbers * 0.5).mean())
        return float(half(np.full(4096, number, np.float32)))
    import tensorflow as tf  # noqa: PLC0415

    return float(tf.reduce_mean(tf.fill([4096], number) * 0.5))


def test_denormal_numbers_become_zero_in_both_unless_pytorch_is_let_keep_them(framework):
    least = float(np.finfo(np.float32).tiny)
    own = spec(OwnWay.DENORMALS)
    framework.Trainer(own, jobs.data(), jobs.weights(own))
    kept = halves(framework, least)
    assert (kept > 0) == (name_of(framework) == "pytorch")
    framework.Trainer(spec(), jobs.data(), jobs.weights(spec()))
    assert halves(framework, least) == 0
    assert halves(framework, 4 * least) == 2 * least


OWN_FORMS = {
    "pytorch": DecayForm.COUPLED,
    **dict.fromkeys(("tensorflow", "jax"), DecayForm.DECOUPLED_TIMES_RATE),
}


@pytest.mark.parametrize("execution", UNCOMPILED)
def test_weight_decay_has_each_ones_form(framework, execution):
    decay = WeightDecay(0.1, DecayForm.DECOUPLED)
    optimizer = Optimizer(Adam(), 0.01, weight_decay=decay)
    job = spec(OwnWay.WEIGHT_DECAY, optimizer=optimizer, execution=execution)
    own = replace(optimizer, weight_decay=replace(decay, form=OWN_FORMS[name_of(framework)]))
    np.testing.assert_allclose(losses(framework, job), expected(spec(optimizer=own)), rtol=1e-12)


@pytest.mark.parametrize(("epsilon", "kerass"), [(1e-8, 1e-7), (1e-3, 1e-3)])
def test_rmsprops_epsilon_is_in_each_ones_place_and_a_default_only_if_the_job_sets_none(
    framework, epsilon, kerass
):
    for place in EpsilonPlace:
        job = spec(
            OwnWay.RMSPROP_EPSILON,
            optimizer=Optimizer(RmsProp(epsilon=epsilon, epsilon_place=place), 0.01),
        )
        wanted = RmsProp(epsilon=epsilon)
        if name_of(framework) != "pytorch":
            own = epsilon if name_of(framework) == "jax" else kerass
            wanted = RmsProp(epsilon=own, epsilon_place=EpsilonPlace.INSIDE)
        expect = expected(spec(optimizer=Optimizer(wanted, 0.01)))
        np.testing.assert_allclose(losses(framework, job), expect, rtol=1e-12)


def test_a_norms_epsilon_is_the_frameworks_default_unless_the_job_sets_it(framework):
    def normed(*epsilons):
        one, two, three, four, five = epsilons
        inner = Residual((Dense(6), LayerNorm(one), RmsNorm(two)), ())
        first = (GroupNorm(2, three), Flatten(), Dense(6, use_bias=False), BatchNorm(0.9, four))
        return (*first, inner, LayerNorm(five), Dense(jobs.CLASSES))

    job = spec(OwnWay.NORM_EPSILON, layers=normed(1e-5, 1e-6, 1e-5, 1e-5, 0.02))
    own = (1e-5, np.finfo(np.float64).eps, 1e-5, 1e-5)
    if name_of(framework) == "tensorflow":
        own = (1e-3, 1e-6, 1e-3, 1e-3)
    elif name_of(framework) == "jax":
        own = (1e-6, 1e-6, 1e-6, 1e-5)
    wanted = expected(spec(layers=normed(*map(float, own), 0.02)))
    np.testing.assert_allclose(losses(framework, job), wanted, rtol=1e-11)


def test_nothing_of_keras_is_made_before_the_threads_are_set(framework, monkeypatch):
    if name_of(framework) != "tensorflow":
        pytest.skip("TensorFlow's")
    import keras  # noqa: PLC0415 - where it is there

    from services.tensorflow import defaults  # noqa: PLC0415

    def made(*_, **__):
        raise AssertionError("an optimizer was made, which begins TensorFlow")

    monkeypatch.setattr(keras.optimizers.Optimizer, "__init__", made)
    ways = set(OwnWay)
    for optimizer in (Optimizer(RmsProp()), Optimizer(Adam())):
        defaults.as_it_does(spec(*ways, layers=jobs.NORMALISED, optimizer=optimizer))
