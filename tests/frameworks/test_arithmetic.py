"""Every framework is compared with the same NumPy, and so with each other."""

from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import Execution, Loop, Precision
from twinrun.contract.initializers import Normal
from twinrun.contract.layers import Activation, Conv2d, CustomDense, Dense, Flatten
from twinrun.contract.optimizers import Adam, AdamW, Optimizer, Sgd

from tests.each import of
from tests.frameworks import jobs, reference
from tests.frameworks.formulas import assert_same


@pytest.mark.parametrize("execution", jobs.EXECUTIONS)
@pytest.mark.parametrize("what", jobs.JOBS)
def test_float64_losses_weights_and_logits_are_the_formulas(framework, name, what, execution):
    job = replace(jobs.JOBS[what], execution=execution)
    if (execution is Execution.COMPILED or of(name).ALWAYS_COMPILED) and what in jobs.ALIKE:
        job = jobs.in_one_graph(job)
    assert_same(framework, job)


@pytest.mark.parametrize("execution", jobs.UNCOMPILED)
@pytest.mark.parametrize("kind", [Sgd(), Sgd(0.9), Adam(), AdamW()], ids=str)
@pytest.mark.parametrize("batch_size", [1, 16, jobs.SAMPLES, 1000])
def test_each_optimizer_is_its_formula_at_each_batch_size(framework, execution, kind, batch_size):
    job = jobs.spec(
        optimizer=Optimizer(kind, 0.02), batch_size=batch_size, execution=execution, epochs=2
    )
    assert_same(framework, job)


@pytest.mark.parametrize("execution", jobs.UNCOMPILED)
@pytest.mark.parametrize("kind", [Sgd(), Sgd(0.9), Adam(), AdamW()], ids=str)
def test_a_hand_written_step_is_the_same_formula(framework, execution, kind):
    optimizer = Optimizer(kind, 0.02)
    job = jobs.spec(optimizer=optimizer, loop=Loop.CUSTOM, execution=execution, epochs=2)
    assert_same(framework, job)


@pytest.mark.parametrize("execution", jobs.UNCOMPILED)
@pytest.mark.parametrize("activation", jobs.ACTIVATIONS)
def test_each_activation_is_its_formula(framework, execution, activation):
    assert_same(framework, jobs.spec(layers=jobs.layers(activation), execution=execution))


@pytest.mark.parametrize("execution", jobs.UNCOMPILED)
@pytest.mark.parametrize("activation", jobs.ACTIVATIONS)
def test_each_activation_is_its_formula_far_from_zero(framework, execution, activation):
    layers = (Flatten(), Dense(40, Normal(9)), Activation(activation), Dense(jobs.CLASSES))
    job = jobs.spec(layers=layers, execution=execution, epochs=2, optimizer=Optimizer(Sgd(), 1e-6))
    assert_same(framework, job)


@pytest.mark.parametrize("kind", [Adam(0.0, 0.0, 0.1), Adam(0.5, 0.9, 1e-3)], ids=str)
def test_epsilon_is_added_after_the_bias_correction(framework, kind):
    assert_same(framework, jobs.spec(optimizer=Optimizer(kind, 0.02)))


@pytest.mark.parametrize("execution", jobs.EXECUTIONS)
@pytest.mark.parametrize("batch_size", [1, 2])
def test_a_batch_of_one_sample_is_normalised_by_itself(framework, execution, batch_size):
    # Of 67 samples: the last batch has one, whose variance after a dense layer is zero.
    job = jobs.spec(
        layers=jobs.NORMALISED,
        optimizer=Optimizer(Sgd(), 0.01),
        batch_size=batch_size,
        epochs=1,
        execution=execution,
        # Of what is compiled, a call of whole batches and the short one.
        steps_per_epoch_limit=3 if execution is Execution.COMPILED else None,
    )
    if execution is not Execution.COMPILED or batch_size == 2:  # one compilation is enough
        assert_same(framework, job)


@pytest.mark.parametrize("layers", [jobs.SHALLOW, jobs.NORMALISED], ids=["dense", "normalised"])
@pytest.mark.parametrize("execution", jobs.EXECUTIONS)
def test_float32_losses_begin_as_float64_ones(framework, execution, layers):
    job = jobs.spec(precision=Precision.FLOAT32, execution=execution, epochs=2, layers=layers)
    if execution is Execution.COMPILED:
        job = jobs.in_one_graph(job)
    run = jobs.train(framework, job)
    data = jobs.data(Precision.FLOAT32)
    losses, _ = reference.train(job, data, jobs.weights(job))
    assert run.losses.dtype == np.float32
    assert {array.dtype for array in run.weights.values()} == {np.dtype(np.float32)}
    np.testing.assert_allclose(run.losses, losses, rtol=2e-5 if layers is jobs.SHALLOW else 1e-4)


# Each layer with a product alone, so that no other one rounds in its place.
SINGLE = {
    "dense": (Flatten(), Dense(jobs.CLASSES)),
    "dense, no bias": (Flatten(), Dense(jobs.CLASSES, use_bias=False)),
    "custom_dense": (Flatten(), CustomDense(jobs.CLASSES, stddev=0.3)),
    "conv2d": (Conv2d(jobs.CLASSES, size=3, stride=2), Flatten()),
}


@pytest.mark.usefixtures("rounds_once")
@pytest.mark.parametrize("layers", [*SINGLE.values(), jobs.CONVOLUTIONS], ids=[*SINGLE, "all"])
@pytest.mark.parametrize("execution", jobs.UNCOMPILED)
def test_bfloat16_rounds_the_products_and_nothing_else(framework, execution, layers):
    job = jobs.spec(precision=Precision.BFLOAT16, execution=execution, layers=layers)
    run = jobs.train(framework, job)
    losses, _ = reference.train(job, jobs.data(job.precision), jobs.weights(job))
    assert run.losses.dtype == np.float32
    assert {array.dtype for array in run.weights.values()} == {np.dtype(np.float32)}
    off = np.abs(run.losses / losses - 1)
    assert 1e-5 < off.max() < 2e-2


@pytest.mark.usefixtures("rounds_once")
@pytest.mark.parametrize("rounded", ["images", "kernel"])
@pytest.mark.parametrize("layers", SINGLE.values(), ids=SINGLE)
def test_bfloat16_rounds_both_factors_of_a_product_and_no_bias(framework, layers, rounded):
    job = jobs.spec(precision=Precision.BFLOAT16, layers=layers)
    more = 1 + 2**-9  # rounded, it is 1
    factors = {"images": (1, 1), "kernel": (1, 1), rounded: (more, -1)}
    images = np.zeros((1, *jobs.SHAPE), np.float32)
    images.flat[:2] = factors["images"]
    weights = {name: np.full_like(array, more) for name, array in jobs.weights(job).items()}
    (kernel,) = (array for name, array in weights.items() if name.endswith("kernel"))
    kernel[:] = 0
    kernel.reshape(-1, jobs.CLASSES)[:2] = np.array(factors["kernel"])[:, None]
    data = replace(jobs.data(job.precision), test_images=images)
    found = framework.Trainer(job, data, weights).evaluate()
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [[more if len(weights) > 1 else 0] * jobs.CLASSES])


@pytest.mark.parametrize("kind", [Adam(), AdamW(weight_decay=0), Adam(0.9, 0.99999999)], ids=str)
@pytest.mark.parametrize("execution", jobs.UNCOMPILED)
def test_a_step_of_adam_is_as_long_in_float32_as_in_float64(framework, execution, kind):
    job = jobs.spec(
        precision=Precision.FLOAT32,
        optimizer=Optimizer(kind, 1.0),
        batch_size=jobs.SAMPLES,
        epochs=1,
        execution=execution,
    )
    before = jobs.weights(job)
    after = jobs.train(framework, job).weights
    wide = {name: array.astype(np.float64) for name, array in before.items()}
    _, expected = reference.train(job, jobs.data(Precision.FLOAT64), wide)
    for name, start in wide.items():
        moved, wanted = np.abs(after[name] - start), np.abs(expected[name] - start)
        far = wanted > 0.99  # a gradient well above epsilon and rounding
        assert far.any(), name
        np.testing.assert_allclose(moved[far], wanted[far], rtol=1e-6, err_msg=name)
