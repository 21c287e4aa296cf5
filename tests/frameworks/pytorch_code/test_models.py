"""Arrays of a user's model in canonical layouts, and what it computes with them."""

from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.code import CodeTensor
from twinrun.contract.enums import ActivationFunction, CodeLayout
from twinrun.contract.layers import (
    Activation,
    BatchNorm,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    MaxPool2d,
)

from services.model import order
from tests.frameworks import jobs
from tests.frameworks.pytorch_code import models

torch = pytest.importorskip("torch")
pytorch = pytest.importorskip("services.pytorch")


@pytest.fixture(params=models.SOURCES)
def build(request, tmp_path):
    return models.builder(tmp_path, models.SOURCES[request.param])


def random(weights, seed=3):
    """Return other values, positive as a variance must be."""
    generator = np.random.default_rng(seed)
    return {name: generator.uniform(0.1, 1.0, array.shape) for name, array in weights.items()}


def test_arrays_that_are_set_are_read_back(build):
    job, initial = models.paired(models.spec(), build)
    wanted = random(initial)
    trainer = pytorch.Trainer(job, jobs.data(), wanted, build)
    found = trainer.weights()
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


def test_a_gradient_is_how_the_loss_changes_along_its_array(build):
    job, initial = models.paired(models.spec(), build)
    found = models.traced(job, build, initial)
    trained = [tensor.name for tensor in job.code.tensors if tensor.trained]
    for seed in range(3):
        directions = random({name: initial[name] for name in trained}, seed)
        losses = []
        for sign in (-1, 1):
            moved = {n: initial[n] + sign * 1e-6 * d for n, d in directions.items()}
            losses.append(models.traced(job, build, initial | moved).arrays["loss"][0])
        slope = sum((found.arrays[f"gradient/{n}"] * d).sum() for n, d in directions.items())
        assert (losses[1] - losses[0]) / 2e-6 == pytest.approx(slope, rel=1e-6, abs=1e-9)


def test_each_array_moves_as_the_first_step_of_a_trial_moves_it(build):
    """The trace's step is the trial's: same batch, masks, formulas."""
    job, initial = models.paired(models.spec(batch_size=6, report_every_steps=1), build)
    data = jobs.data()
    first = order.permutation(job.seed, 0, jobs.SAMPLES)[:6]
    trainer = pytorch.Trainer(job, data, initial, build)
    trainer.warm_up()
    steps = next(trainer.train_epoch(0))
    found = pytorch.trace(
        job, data.train_images[first], data.train_labels[first].astype(np.int64), build, initial
    )
    np.testing.assert_array_equal(steps.losses, found.arrays["loss"])
    for name, array in trainer.weights().items():
        np.testing.assert_allclose(found.arrays[f"updated/{name}"], array, rtol=0, atol=1e-13)


def test_outputs_are_the_shapes_reported_and_end_in_the_logits(build):
    found = models.traced(models.spec(), build)
    assert found.model.layers
    for index, layer in enumerate(found.model.layers):
        for name in ("output", "slope"):
            assert found.arrays[f"{name}/{index}"].shape == (6, *layer.output_shape), layer
    last = len(found.model.layers) - 1
    np.testing.assert_array_equal(found.arrays[f"output/{last}"], found.arrays["logits"])
    logits, labels = found.arrays["logits"], jobs.data().train_labels[:6]
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    wanted = (chances - np.eye(5)[labels]) / 6
    np.testing.assert_allclose(found.arrays[f"slope/{last}"], wanted, atol=1e-15)


def test_what_is_changed_in_place_is_told_as_it_was_returned(tmp_path):
    """Its gradient, too: an output and what takes its place are two."""
    text = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.out = nn.Linear(24, 6), nn.Linear(6, 5)
        self.act = nn.LeakyReLU(0.5, inplace=INPLACE)

    def forward(self, x):
        x = self.first(x.flatten(1))
        return self.out(self.act(x))

def build():
    return Net()
"""
    found = [
        models.traced(
            models.spec(), models.builder(tmp_path, text.replace("INPLACE", str(inplace)))
        )
        for inplace in (False, True)
    ]
    assert found[0].arrays.keys() == found[1].arrays.keys()
    assert (found[0].arrays["output/1"] < 0).any()
    for name, array in found[0].arrays.items():
        np.testing.assert_array_equal(array, found[1].arrays[name], err_msg=name)


def test_nothing_of_a_trace_stays_in_pytorch(build):
    models.traced(models.spec(), build)
    assert not torch.nn.modules.module._has_any_global_hook()


def test_rows_after_a_flatten_are_in_the_order_of_the_image(tmp_path):
    """One kernel, canonical, makes both orders of flattening the same model."""
    logits = []
    for name in ("lenet", "lenet, channels last"):
        build = models.builder(tmp_path, models.SOURCES[name])
        job, initial = models.paired(models.spec(), build)
        logits.append(models.traced(job, build, random(initial)).arrays["logits"])
    np.testing.assert_allclose(*logits, rtol=1e-14)


def test_users_own_products_after_a_flatten_have_rows_in_the_order_of_the_image(tmp_path):
    """Whichever way round a user's own kernel is: canonical, it makes the same model."""
    text = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(SHAPE))

    def forward(self, x):
        return PRODUCT

def build():
    return Net()
"""
    flat, last = "x.flatten(1)", "x.permute(0, 2, 3, 1).flatten(1)"
    logits = {}
    for product, shape, suffix in (
        ("FLAT @ self.kernel", "24, 5", ""),
        ("torch.mm(FLAT, self.kernel)", "24, 5", ""),
        ("F.linear(FLAT, self.kernel)", "5, 24", "@transposed"),
    ):
        for order_of in (flat, last):
            made = product.replace("FLAT", order_of)
            build = models.builder(tmp_path, text.replace("SHAPE", shape).replace("PRODUCT", made))
            tensor = CodeTensor("kernel", (24, 5), trained=True, pytorch=f"kernel{suffix}")
            values = random({"kernel": np.empty((24, 5))})
            found = models.traced(models.spec((tensor,)), build, values)
            logits[made] = found.arrays["logits"]
    first, *others = logits.values()
    for other in others:
        np.testing.assert_allclose(other, first, rtol=1e-13)


def test_a_model_with_time_first_is_the_same_as_one_with_the_batch_first(tmp_path):
    for kind in ("gru", "transformer"):
        found = []
        for name in (kind, f"{kind}, time first"):
            build = models.builder(tmp_path, models.SOURCES[name])
            job, initial = models.paired(models.spec(), build)
            found.append(models.traced(job, build, random(initial)))
        one, other = found
        assert one.model.draws == other.model.draws
        for name, array in one.arrays.items():
            np.testing.assert_allclose(other.arrays[name], array, atol=1e-13, err_msg=name)


def test_another_layout_of_an_array_is_offered_and_read(tmp_path):
    build = models.builder(tmp_path, models.SOURCES["lenet"])
    found = models.traced(models.spec(), build)
    variants = {tensor.key: tensor.variants for tensor in found.model.tensors}
    assert variants["fc1.kernel"] == ("@channels_first", "@transposed")
    assert variants["fc2.kernel"] == ("@transposed",)
    kernel = found.arrays["initial/fc1.kernel"]
    own = kernel.reshape(4, 2, 6, 7).transpose(2, 0, 1, 3).reshape(48, 7)
    np.testing.assert_array_equal(found.arrays["initial/fc1.kernel@channels_first"], own)
    np.testing.assert_array_equal(found.arrays["initial/fc1.kernel@transposed"], kernel.T)
    tensors = models.paired(models.spec(), build)[0].code.tensors
    turned = [
        replace(t, pytorch="fc1.kernel@channels_first") if t.name == "fc1.kernel" else t
        for t in tensors
    ]
    weights = random({t.name: np.empty(t.shape) for t in tensors})
    trainer = pytorch.Trainer(models.spec(turned), jobs.data(), weights, build)
    np.testing.assert_array_equal(trainer.weights()["fc1.kernel"], weights["fc1.kernel"])


RELU, TANH = Activation(ActivationFunction.RELU), Activation(ActivationFunction.TANH)
PARTS = """
FLAT = [nn.Flatten(), nn.Linear(18, 5)]
NORMED = [nn.Flatten(), nn.BatchNorm1d(18), nn.Linear(18, 5)]

"""
TWINS = {
    "dropout": (
        (Dropout(0.25), Flatten(), Dense(16), RELU, Dense(5)),
        "nn.Dropout(0.25), nn.Flatten(), nn.Linear(24, 16), nn.ReLU(), nn.Linear(16, 5)",
    ),
    "convolutions": (
        (Conv2d(3, size=3, padding=1), RELU, MaxPool2d(2, stride=1), Flatten(), Dense(5)),
        "nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2, 1), *FLAT",
    ),
    "batch norms": (
        (
            *(Conv2d(3, size=2, use_bias=False), BatchNorm(momentum=0.7, epsilon=1e-3), TANH),
            *(Flatten(), BatchNorm(), Dense(5)),
        ),
        "nn.Conv2d(2, 3, 2, bias=False), nn.BatchNorm2d(3, 1e-3, 0.3), nn.Tanh(), *NORMED",
    ),
}


@pytest.mark.parametrize("execution", jobs.UNCOMPILED)
@pytest.mark.parametrize("kind", TWINS)
def test_code_trains_as_the_same_model_in_layers(kind, execution, tmp_path):
    layers, modules = TWINS[kind]
    job = jobs.spec(layers=layers, execution=execution, report_step_details=True)
    job = replace(job, epochs=4)
    weights = jobs.weights(job)
    text = f"{PARTS}def build():\n    return nn.Sequential({modules})\n"
    build = models.builder(tmp_path, text)
    tensors = models.paired(models.spec(), build)[0].code.tensors
    assert [f"layers.{t.name}" for t in tensors] == list(weights)
    tensors = [replace(t, name=f"layers.{t.name}", pytorch=t.name) for t in tensors]
    coded = replace(job, layers=(), code=models.spec(tensors).code)
    runs = []
    for each, make in ((job, None), (coded, build)):
        trainer = pytorch.Trainer(each, jobs.data(), weights, make)
        trainer.warm_up()
        steps = [s for epoch in range(4) for s in trainer.train_epoch(epoch)]
        runs.append((steps, trainer.weights(), trainer.evaluate()))
    (steps, held, logits), (others, other_held, other_logits) = runs
    losses, other_losses = (np.concatenate([s.losses for s in each]) for each in (steps, others))
    assert len(losses) == 20
    np.testing.assert_allclose(other_losses, losses, rtol=1e-14, atol=0)
    np.testing.assert_allclose(other_logits, logits, rtol=0, atol=1e-13)
    for name, array in held.items():
        np.testing.assert_allclose(other_held[name], array, rtol=0, atol=1e-13, err_msg=name)
    for one, other in zip(steps, others, strict=True):
        for norms, theirs in zip(
            one.details.gradient_norms, other.details.gradient_norms, strict=True
        ):
            assert theirs.parameter == norms.parameter
            np.testing.assert_allclose(theirs.norms, norms.norms, rtol=1e-9, atol=1e-13)


def test_images_may_be_taken_channels_last(tmp_path):
    text = "def build():\n    return nn.Sequential(nn.Flatten(), nn.Linear(24, 5))\n"
    build = models.builder(tmp_path, text)
    found = []
    for layout in (CodeLayout.CHANNELS_FIRST, CodeLayout.CHANNELS_LAST):
        job, initial = models.paired(models.spec(layout=layout), build)
        found.append(models.traced(job, build, random(initial)))
    np.testing.assert_allclose(*(each.arrays["logits"] for each in found), atol=1e-15)
    variants = [each.model.tensors[0].variants for each in found]
    assert variants == [("@channels_first", "@transposed"), ("@transposed",)]
