"""A user's Keras model in matched jobs: its arithmetic is Keras's, and that of a spec's layers."""

import functools
from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.code import CodeTensor
from twinrun.contract.enums import ActivationFunction, Execution, Recipe
from twinrun.contract.layers import Activation, Dense, Dropout, Flatten
from twinrun.contract.optimizers import Optimizer, Sgd
from twinrun.contract.spec import Dataset, Synthetic

from services.model import dropout, order
from services.model import weights as parameters
from tests.frameworks import code_models as models
from tests.frameworks import jobs

MODELS = list(models.ALL)


pytestmark = pytest.mark.usefixtures("only_in_tensorflow")


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    """What builds each model: the same for all tests, as is what `traced` returns of it."""
    folder = tmp_path_factory.mktemp("models")
    return {name: models.written(folder, text) for name, text in models.ALL.items()}


@pytest.fixture
def build(builds, request):
    return builds[request.param]


def first_batch(spec):
    data = models.data()
    samples = order.permutation(spec.seed, 0, len(data.train_labels))[: spec.batch_size]
    return data.train_images[samples], data.train_labels[samples]


@functools.cache
def traced(framework, spec, build):
    return moved(framework, spec, build, None)


def moved(framework, spec, build, weights):
    return framework.trace(spec, *first_batch(spec), build, weights)


def train(framework, spec, build, weights):
    return taken(spec, framework.Trainer(spec, models.data(), weights, build))


def taken(spec, trainer):
    chunks = [chunk for epoch in spec.epoch_numbers for chunk in trainer.train_epoch(epoch)]
    return np.concatenate([c.losses for c in chunks]), chunks, trainer


def noise(weights, size=1.0):
    generator = np.random.default_rng(2)
    return {name: size * generator.standard_normal(a.shape) for name, a in weights.items()}


@pytest.mark.parametrize("build", MODELS, indirect=True)
def test_arrays_come_back_as_they_were_given(framework, build):
    """From graphs too: test_graphs_take_the_steps_that_are_taken_op_by_op."""
    spec = replace(models.job(), execution=Execution.EAGER)
    found = traced(framework, spec, build)
    given = noise(models.named(found, "initial"))
    trainer = framework.Trainer(models.paired(spec, found), models.data(), given, build)
    trainer.warm_up()
    same(trainer.weights(), given, found)


def same(back, given, found):
    assert list(back) == [each.key for each in found.model.tensors]
    for name, array in given.items():
        np.testing.assert_array_equal(back[name], array, strict=True)


@pytest.mark.parametrize("build", MODELS, indirect=True)
def test_a_gradient_is_the_slope_of_the_loss(framework, build):
    spec = models.job()
    start = traced(framework, spec, build)
    initial, gradients = models.named(start, "initial"), models.named(start, "gradient")
    way = noise(gradients)
    spec = models.paired(spec, start)

    def loss(step):
        weights = {name: array + step * way.get(name, 0) for name, array in initial.items()}
        return moved(framework, spec, build, weights).arrays["loss"][0]

    step = 1e-6  # so small that no value crosses a kink
    slope = (loss(step) - loss(-step)) / (2 * step)
    assert slope == pytest.approx(
        sum((gradients[n] * way[n]).sum() for n in way), rel=1e-6, abs=1e-9
    )


@pytest.mark.parametrize("build", ["resnet", "lstm", "gru", "embedding"], indirect=True)
def test_it_computes_what_keras_does_with_nothing_replaced(framework, build):
    import keras  # noqa: PLC0415 - whichever is there
    import tensorflow as tf  # noqa: PLC0415

    spec = models.job()
    found = traced(framework, spec, build)
    inputs, labels = first_batch(spec)
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        keras.utils.set_random_seed(spec.seed)
        plain = build()
        with tf.GradientTape() as tape:
            logits = plain(inputs, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, plain.trainable_variables)
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")
    # Keras draws its initial values with bounds in float32, and ours in float64.
    np.testing.assert_allclose(found.arrays["logits"], logits, rtol=1e-6, atol=1e-7)
    whole = sum((np.asarray(tf.convert_to_tensor(g)) ** 2).sum() for g in gradients)
    ours = sum((array**2).sum() for array in models.named(found, "gradient").values())
    assert ours == pytest.approx(whole, rel=1e-6)
    kept = {v.name for v in plain.non_trainable_variables if v.name.startswith("moving")}
    assert bool(kept) == any("moving" in each.key for each in found.model.tensors)


@pytest.mark.parametrize("build", MODELS, indirect=True)
def test_the_first_step_is_the_one_that_was_traced(framework, build):
    spec = replace(models.job(), optimizer=Optimizer(Sgd(), 0.5), report_step_details=True)
    found = traced(framework, spec, build)
    initial, gradients = models.named(found, "initial"), models.named(found, "gradient")
    losses, chunks, _ = train(framework, models.paired(spec, found), build, initial)
    assert losses[0] == pytest.approx(found.arrays["loss"][0], rel=1e-14)
    for each in chunks[0].details.gradient_norms:
        norm = np.linalg.norm(gradients[each.parameter])
        assert each.norms[0] == pytest.approx(norm, rel=1e-12, abs=1e-14)
    for name, array in models.named(found, "updated").items():
        if name in gradients:
            expected = initial[name] - 0.5 * gradients[name]
            np.testing.assert_allclose(array, expected, rtol=1e-13, atol=1e-15)
        else:
            assert not np.array_equal(array, initial[name])  # moving statistics


@pytest.mark.parametrize("build", MODELS, indirect=True)
def test_graphs_take_the_steps_that_are_taken_op_by_op(framework, build):
    # Not Adam, which makes steps of the rounding that is a key's bias's only gradient.
    spec = replace(models.job(), optimizer=Optimizer(Sgd(0.9), 0.1))
    found = traced(framework, spec, build)
    initial = models.named(found, "initial")
    spec = models.paired(spec, found)
    eager = train(framework, replace(spec, execution=Execution.EAGER), build, initial)
    trainer = framework.Trainer(spec, models.data(), initial, build)
    trainer.warm_up()
    same(trainer.weights(), initial, found)
    graph = taken(spec, trainer)
    np.testing.assert_allclose(graph[0], eager[0], rtol=1e-13)
    np.testing.assert_allclose(graph[2].evaluate(), eager[2].evaluate(), rtol=1e-11)
    for name, array in eager[2].weights().items():
        np.testing.assert_allclose(graph[2].weights()[name], array, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("build", ["resnet"], indirect=True)
def test_xla_takes_the_same_steps_but_for_rounding(framework, build):
    spec = replace(models.job(), epochs=1)
    found = traced(framework, spec, build)
    initial = models.named(found, "initial")
    spec = models.paired(spec, found)
    compiled = replace(spec, execution=Execution.COMPILED)
    both = [train(framework, each, build, initial)[0] for each in (spec, compiled)]
    np.testing.assert_allclose(both[1], both[0], rtol=1e-12)


@pytest.mark.parametrize("execution", jobs.UNCOMPILED)
def test_it_trains_as_the_same_layers_of_a_spec_do(framework, tmp_path, execution):
    """With dropout; the numbers of a spec's masks are its layers', so it must be the first."""
    text = """
def build():
    return keras.Sequential([
        keras.Input((6, 6, 2)), layers.Dropout(0.25), layers.Flatten(),
        layers.Dense(8, activation="gelu"), layers.Dense(5),
    ])
"""
    build = models.written(tmp_path, text)
    layers = (Dropout(0.25), Flatten(), Dense(8), Activation(ActivationFunction.GELU), Dense(5))
    spec = replace(models.job(), epochs=7, execution=execution)
    of_layers = replace(spec, layers=layers, code=None)
    weights = parameters.initial(layers, (6, 6, 2), spec.seed, spec.precision)
    keys = ("dense.kernel", "dense.bias", "dense_1.kernel", "dense_1.bias")
    tensors = tuple(
        CodeTensor(name, array.shape, trained=True, tensorflow=key)
        for key, (name, array) in zip(keys, weights.items(), strict=True)
    )
    spec = replace(spec, code=replace(spec.code, tensors=tensors))
    losses, _, trainer = train(framework, spec, build, weights)
    expected, _, other = train(framework, of_layers, None, weights)
    assert len(losses) == 21
    np.testing.assert_allclose(losses, expected, rtol=1e-14)
    for name, array in other.weights().items():
        np.testing.assert_allclose(trainer.weights()[name], array, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("build", ["mlp"], indirect=True)
def test_masks_are_those_that_numpy_draws_numbered_by_calls(framework, build):
    spec = models.job()
    found = traced(framework, spec, build)
    rates = [(each.path, each.rate, each.shape) for each in found.model.draws]
    assert rates == [("dropout", 0.25, (6, 6, 2)), ("dropout_1", 0.5, (8,))]
    inputs, _ = first_batch(spec)
    paths = [each.path for each in found.model.layers]
    for number, (path, rate, shape) in enumerate(rates):
        stream = spec.seed, 0, number
        mask = dropout.masks(rate, shape, stream=stream, first=0, samples=len(inputs))
        place = paths.index(path)
        before = found.arrays[f"output/{place - 1}"] if place else inputs
        after = found.arrays[f"output/{place}"]
        np.testing.assert_array_equal(after, before * (mask * (1 / (1 - rate))))


@pytest.mark.parametrize("build", ["mlp", "attention"], indirect=True)
def test_without_dropout_everything_passes_through(framework, build):
    spec = models.job()
    spec = replace(spec, code=replace(spec.code, without_dropout=True))
    found = traced(framework, spec, build)
    assert found.model.draws == ()
    assert found.model.notes == ()


@pytest.mark.filterwarnings("ignore:Gradients do not exist")  # of what the loss does not need
@pytest.mark.parametrize("build", ["lenet", "attention", "subclassed"], indirect=True)
def test_a_user_would_fit_it(framework, build):
    spec = models.job()
    found = traced(framework, spec, build)
    initial = models.named(found, "initial")
    fitted = replace(models.paired(spec, found), recipe=Recipe.IDIOMATIC, report_every_steps=2)
    losses, _, trainer = train(framework, fitted, build, initial)
    assert np.isfinite(losses).all()
    assert trainer.evaluate().shape == (8, models.CLASSES)
    assert any(not np.array_equal(a, initial[n]) for n, a in trainer.weights().items())


def test_its_summary_has_its_layers_in_the_order_of_their_calls(framework, tmp_path):
    text = models.SUBCLASSED.replace("Dense(3)", "Dense(3, trainable=False)")
    spec = replace(models.job(), dataset=Dataset("synthetic", synthetic=Synthetic(classes=5)))
    found = framework.summarize(spec, models.written(tmp_path, text))
    names = [layer.kind for layer in found.layers]
    assert names == [
        "Dense",
        "Dense",
        "Dropout",
        *["Dense"] * 2,
        "BatchNormalization",
        *["Dense"] * 2,
    ]
    first, *_, norm, spare, last = found.layers
    assert (first.output_shape, first.parameter_count) == ((8,), 785 * 8)
    assert (norm.parameter_count, norm.untrained_count) == (32, 16)
    assert (spare.parameter_count, spare.untrained_count) == (27, 27)
    assert (last.output_shape, last.parameter_count) == ((5,), 45)
    assert (found.untrained_count, found.parameter_count) == (43, 785 * 8 + 72 * 3 + 32 + 27 + 45)
    assert "batch_normalization" in found.text


@pytest.mark.parametrize("build", ["attention", "resnet"], indirect=True)
def test_a_trace_changes_no_trial(framework, build):
    spec = models.job()
    found = traced(framework, spec, build)
    spec, initial = models.paired(spec, found), models.named(found, "initial")
    runs = []
    for traces in (False, True):
        if traces:
            moved(framework, spec, build, initial)
        trainer = framework.Trainer(spec, models.data(), initial, build)
        trainer.warm_up()
        steps = list(trainer.train_epoch(0))
        if traces:
            moved(framework, spec, build, initial)
        steps += trainer.train_epoch(1)
        runs.append((np.concatenate([each.losses for each in steps]), trainer.weights()))
    (losses, weights), (others, other_weights) = runs
    np.testing.assert_array_equal(losses, others)
    for name, array in weights.items():
        np.testing.assert_array_equal(other_weights[name], array)
