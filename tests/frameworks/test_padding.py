"""Padded steps change nothing, in the matched recipe and in the idiomatic one."""

from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import Precision, Recipe
from twinrun.contract.initializers import Normal
from twinrun.contract.layers import (
    Bidirectional,
    Branch,
    Concat,
    Dense,
    Embedding,
    GlobalAveragePool1d,
    GlobalMaxPool1d,
    Gru,
    LastStep,
    LayerNorm,
    Lstm,
    MultiHeadAttention,
)
from twinrun.contract.losses import NextTokenCrossEntropy

from services.errors import Unsupported
from services.model import weights as parameters
from tests.frameworks import jobs, models, reference
from tests.frameworks.formulas import assert_same
from tests.frameworks.ways import name_of

PADDING = models.PADDING
# Without positions, which a sample keeps.
LAYERS = (
    Embedding(jobs.CLASSES, 6, Normal(0.5), padding=PADDING),
    MultiHeadAttention(2, bias_initializer=Normal(0.2)),
    Lstm(3),
    Bidirectional(Gru(2, reset_after=False)),
    Concat((Branch((GlobalAveragePool1d(),)), Branch((GlobalMaxPool1d(),)), Branch((LastStep(),)))),
    Dense(jobs.CLASSES, bias_initializer=Normal(0.5)),
)
TIME = 3


def short(samples):
    """Return codes [samples, TIME], none of which is the padding."""
    drawn = np.random.default_rng(3).integers(0, jobs.CLASSES - 1, (samples, TIME))
    return drawn + (drawn >= PADDING)


def longer(codes):
    """Return the codes with two padded steps, anywhere, in each sample."""
    found = np.full((len(codes), TIME + 2), PADDING)
    for row, sample in zip(found, codes, strict=True):
        row[np.sort(np.random.default_rng(sample).permutation(TIME + 2)[:TIME])] = sample
    return found


def of(codes, test=None):
    return replace(
        jobs.data(of_codes=True),
        train_images=codes,
        train_labels=codes[:, -1].astype(np.int32),
        test_images=codes if test is None else test,
        test_labels=(codes if test is None else test)[:, -1].astype(np.int32),
    )


def ended(codes):
    """Return the codes with each sample's padded steps after the others."""
    return np.take_along_axis(codes, np.argsort(codes == PADDING, axis=1, kind="stable"), 1)


def test_a_sample_gives_what_it_gives_without_its_padded_steps(framework):
    job = jobs.spec(layers=LAYERS, epochs=1)
    weights = parameters.initial(LAYERS, (TIME,), job.seed, job.precision)
    plain, padded = (
        framework.Trainer(job, of(codes), weights).evaluate()
        for codes in (short(20), longer(short(20)))
    )
    np.testing.assert_allclose(padded, plain, rtol=0, atol=1e-14)


@pytest.mark.parametrize("execution", jobs.UNCOMPILED)
def test_a_target_at_each_step_counts_where_it_is_not_ignored_and_padded_logits_are_0(
    framework, execution
):
    layers = (*LAYERS[:-2], Dense(jobs.CLASSES, bias_initializer=Normal(0.5)))
    loss = NextTokenCrossEntropy(PADDING)
    assert_same(framework, jobs.spec(layers=layers, loss=loss, execution=execution, epochs=10))


def test_nothing_is_learned_from_padding_alone(framework):
    job = jobs.spec(layers=LAYERS, epochs=1)
    weights = jobs.weights(job)
    nothing = np.full((8, TIME), PADDING)
    made = framework.Trainer(job, of(nothing), weights)
    np.testing.assert_array_equal(made.evaluate(), np.tile(weights["layers.5.bias"], (8, 1)))
    assert all(np.isfinite(taken.losses).all() for taken in made.train_epoch(0))
    for name, array in made.weights().items():
        if name != "layers.5.bias":
            np.testing.assert_array_equal(array, weights[name], err_msg=name)


@pytest.mark.usefixtures("has_idiomatic")
@pytest.mark.parametrize(
    ("layers", "padding"), [(LAYERS, 0), (models.PADDED, PADDING)], ids=["plain", "nested"]
)
def test_as_users_write_it_is_the_same_formula(framework, layers, padding):
    # A layer norm's epsilon is the framework's own.
    name = name_of(framework)
    epsilon = {"pytorch": 1e-5, "tensorflow": 1e-3, "jax": 1e-6}[name]
    layers = jobs.changed(
        (replace(layers[0], padding=padding), *layers[1:]),
        lambda x: replace(x, epsilon=epsilon) if isinstance(x, LayerNorm) else x,
    )
    job = jobs.spec(layers=layers, recipe=Recipe.IDIOMATIC, batch_size=32)
    codes = ended(longer(short(60)))
    codes = np.select([codes == PADDING, codes == padding], [padding, PADDING], codes)
    made = framework.Trainer(job, of(codes), None)
    list(made.train_epoch(0))
    logits = reference.forward(job, made.weights(), codes)
    # Keras rounds an attention's 1 / sqrt(size) and an epsilon to float32, JAX its softmax.
    tolerance = 1e-6 if name == "jax" else 1e-8
    np.testing.assert_allclose(made.evaluate(), logits, rtol=tolerance, atol=tolerance)


@pytest.mark.usefixtures("has_idiomatic")
def test_the_idiomatic_recipe_takes_padding_at_the_end_of_a_sample_alone(framework):
    job = jobs.spec(layers=LAYERS, recipe=Recipe.IDIOMATIC, precision=Precision.FLOAT32)
    codes = short(60)
    codes[7] = [1, PADDING, 0]
    with pytest.raises(Unsupported, match="training sample 7 has it before another code"):
        framework.Trainer(job, of(codes), None)
    with pytest.raises(Unsupported, match="test sample 7 has it before another code"):
        framework.Trainer(job, of(short(60), codes), None)
