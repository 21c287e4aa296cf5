"""Each optimizer by itself, in float64, over 50 steps: within 1e-12 of its formula in NumPy."""

from dataclasses import replace
from typing import get_args, get_type_hints

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from twinrun.contract.enums import (
    Decayed,
    DecayForm,
    Execution,
    Loop,
)
from twinrun.contract.optimizers import Adamax, AdamW, Optimizer, Sgd
from twinrun.contract.regularization import (
    WeightDecay,
)

from tests.each import of
from tests.frameworks import jobs, optimizer_formulas
from tests.frameworks.formulas import assert_same
from tests.frameworks.optimizer_cases import CLIPS, FORMS, KINDS, SCHEDULES, WHOLE

STEPS = 50
# A compilation takes seconds; SGD and Adam have theirs in test_arithmetic.
COMPILED = [
    *("nesterov", "adamw, amsgrad", "rmsprop, all", "adagrad, from a value on"),
    "adamax, small betas",
]
SHAPES = st.lists(st.lists(st.integers(1, 5), max_size=4).map(tuple), min_size=1, max_size=3)


def updated(name, spec, starts, gradients, loop=Loop.FIT):
    """Return the arrays after as many steps as there are ``gradients``, by the framework alone."""
    of(name).begin(jobs.spec())  # before the first array fixes the number of threads
    return of(name).updated(spec, starts, gradients, loop)


def expected(spec, starts, gradients):
    weights = {str(index): np.array(start) for index, start in enumerate(starts)}
    optimizer = optimizer_formulas.Optimizer(spec)
    for found in gradients:
        optimizer.update(weights, {str(index): array for index, array in enumerate(found)})
    return list(weights.values())


def assert_is_its_formula(name, spec, shapes, loop):
    generator = np.random.default_rng(5)
    draw = generator.standard_normal
    starts = [draw(shape) for shape in shapes]
    # As behind a unit that is off for a while: also no gradient at all.
    gradients = [[draw(s) * (draw(s) > -0.5) for s in shapes] for _ in range(STEPS)]
    found = updated(name, spec, starts, gradients, loop)
    for one, wanted in zip(found, expected(spec, starts, gradients), strict=True):
        np.testing.assert_allclose(one, wanted, rtol=1e-12, atol=1e-12)


def test_every_kind_is_tried():
    kinds = get_args(get_type_hints(Optimizer)["kind"])
    assert {type(kind) for kind in KINDS.values()} == set(kinds)


@pytest.mark.parametrize("loop", Loop)
@pytest.mark.parametrize("kind", KINDS)
def test_each_optimizer_is_its_formula_for_arrays_of_any_shape(name, kind, loop):
    @settings(max_examples=5, deadline=None, derandomize=True, database=None)
    @example(shapes=[(7, 3), (3,)])
    @given(shapes=SHAPES)
    def hold(shapes):
        assert_is_its_formula(name, Optimizer(KINDS[kind], 0.01), shapes, loop)

    hold()


@pytest.mark.parametrize("execution", jobs.UNCOMPILED)
@pytest.mark.parametrize("kind", KINDS)
def test_each_optimizer_trains_by_its_formula(framework, execution, kind):
    job = jobs.spec(
        optimizer=Optimizer(KINDS[kind], 0.01), layers=jobs.SHALLOW, execution=execution
    )
    assert_same(framework, job)


@pytest.mark.parametrize("kind", COMPILED)
def test_each_optimizer_is_its_formula_when_compiled(framework, kind):
    job = jobs.spec(optimizer=Optimizer(KINDS[kind], 0.01), layers=jobs.SHALLOW)
    job = replace(jobs.in_one_graph(job), execution=Execution.COMPILED)
    assert_same(framework, job)


UNDER = {
    "momentum": Optimizer(Sgd(0.9), 0.05),
    "adamw": Optimizer(AdamW(weight_decay=0.5), 0.02),
    "rmsprop": Optimizer(KINDS["rmsprop, momentum"], 0.01),
    "adamax": Optimizer(Adamax(), 0.01),
}


@pytest.mark.parametrize("loop", Loop)
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("under", UNDER)
def test_a_schedule_sets_the_rate_of_each_step(name, under, schedule, loop):
    spec = replace(UNDER[under], schedule=SCHEDULES[schedule])
    assert_is_its_formula(name, spec, [(7, 3), (3,)], loop)


@pytest.mark.parametrize("execution", Execution)
@pytest.mark.parametrize("loop", Loop)
def test_a_job_follows_its_schedule_and_so_does_its_late_epoch(framework, execution, loop):
    spec = replace(UNDER["adamw"], schedule=SCHEDULES["restarts"])
    job = jobs.spec(optimizer=spec, layers=jobs.SHALLOW, execution=execution, loop=loop)
    job = replace(job, epochs=3, late_epoch=9)
    if execution is Execution.COMPILED:
        job = replace(job, batch_size=jobs.SAMPLES, epochs=4)
    assert_same(framework, job)


@pytest.mark.parametrize("loop", Loop)
@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("kind", ["sgd", "adam", "adamw", "rmsprop, all"])
def test_gradients_are_clipped_by_the_formula(name, kind, clip, loop):
    spec = Optimizer(KINDS[kind], 0.01, clip=CLIPS[clip])
    assert_is_its_formula(name, spec, [(7, 3), (3,), ()], loop)


def test_what_is_below_a_limit_stays_as_it_is_to_the_last_bit(name):
    starts, gradients = [np.ones((2, 3))], [[np.full((2, 3), 0.1)]] * 3
    plain, *others = (
        updated(name, Optimizer(Sgd(0.9), 0.1, clip=clip), starts, gradients)[0]
        for clip in (None, *(replace(c, kind=replace(c.kind, limit=0.25)) for c in CLIPS.values()))
    )
    for other in others:
        np.testing.assert_array_equal(other, plain)


@pytest.mark.parametrize("loop", Loop)
@pytest.mark.parametrize("decayed", Decayed)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["momentum", "adam", "adamw", "rmsprop", "adagrad", "adamax"])
def test_weights_decay_in_each_form_for_every_optimizer(name, kind, form, decayed, loop):
    decay = None if isinstance(KINDS[kind], AdamW) else FORMS[form]
    spec = Optimizer(KINDS[kind], 0.02, weight_decay=decay, decayed=decayed)
    assert_is_its_formula(name, spec, [(7, 3), (3,)], loop)


@pytest.mark.parametrize("execution", Execution)
@pytest.mark.parametrize("loop", Loop)
def test_clipping_decay_and_schedule_go_together_in_every_execution(framework, execution, loop):
    job = jobs.spec(optimizer=WHOLE, layers=jobs.SHALLOW, execution=execution, loop=loop)
    assert_same(framework, jobs.in_one_graph(job) if execution is Execution.COMPILED else job)


@pytest.mark.parametrize("clip", CLIPS)
def test_compiled_steps_clip_and_decay_apart(framework, clip):
    decay = WeightDecay(0.01, DecayForm.DECOUPLED)
    spec = Optimizer(Sgd(0.9), 0.05, None, CLIPS[clip], decay, Decayed.KERNELS)
    job = jobs.spec(optimizer=spec, layers=jobs.SHALLOW, execution=Execution.COMPILED)
    assert_same(framework, jobs.in_one_graph(replace(job, epochs=2)))


def test_a_step_that_is_off_is_found(name):
    starts, gradients = [np.ones(3)], [[np.ones(3)]] * 3
    found = updated(name, Optimizer(KINDS["nesterov"], 0.01), starts, gradients)
    off = expected(Optimizer(KINDS["momentum"], 0.01), starts, gradients)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(found[0], off[0], rtol=1e-12)
