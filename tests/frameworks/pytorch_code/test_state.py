"""What a user's module keeps between its calls, and what it writes into its inputs."""

from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import CodeLayout, Recipe

from services.model import order
from tests.frameworks import jobs
from tests.frameworks.pytorch_code import models

torch = pytest.importorskip("torch")
pytorch = pytest.importorskip("services.pytorch")

BOUND_ANEW = models.module(
    """if self.training:
            self.mean = 0.75 * self.mean + 0.25 * x.detach().mean(0)
        return self.out(x - self.mean)""",
    made='self.register_buffer("mean", torch.zeros(24))',
)
KEPT = {
    "a number": ("self.kept = 1.0", "self.kept *= 0.5", "self.kept"),
    "a tensor": ("self.kept = torch.ones(1)", "self.kept = self.kept * 0.5", "self.kept"),
    "a tensor in place": ("self.kept = torch.ones(1)", "self.kept *= 0.5", "self.kept"),
    "an array": (
        "import numpy; self.kept = numpy.ones(1)",
        "self.kept *= 0.5",
        "float(self.kept[0])",
    ),
    "a list": ("self.kept = [1.0]", "self.kept.append(0.5)", "sum(self.kept)"),
    "a set": ("self.kept = set()", "self.kept.add(len(self.kept))", "1 + len(self.kept)"),
    "a dict": ("self.kept = {}", "self.kept[len(self.kept)] = 0", "1 + len(self.kept)"),
    "what is made later": (
        "pass",
        "self.kept = getattr(self, 'kept', 1.0) * 0.5",
        "getattr(self, 'kept', 1.0)",
    ),
    "a buffer that is not saved": (
        'self.register_buffer("kept", torch.ones(1), persistent=False)',
        "self.kept = self.kept * 0.5",
        "self.kept",
    ),
}


def losses(trainer):
    return np.concatenate([steps.losses for steps in trainer.train_epoch(0)])


@pytest.mark.parametrize("execution", ["default", "compiled"])
def test_a_buffer_that_is_bound_anew_is_among_the_weights(tmp_path, execution):
    build = models.builder(tmp_path, BOUND_ANEW)
    job, initial = models.paired(models.spec(execution=execution), build)
    data = jobs.data()
    trainer = pytorch.Trainer(job, data, initial, build)
    trainer.warm_up()
    assert not trainer.weights()["mean"].any()
    list(trainer.train_epoch(0))
    mean = np.zeros(24)
    shuffled = order.permutation(job.seed, 0, jobs.SAMPLES)
    for start in range(0, jobs.SAMPLES, job.batch_size):
        batch = data.train_images[shuffled[start : start + job.batch_size]]
        images = np.moveaxis(batch, -1, 1).reshape(len(batch), 24)
        mean = 0.75 * mean + 0.25 * images.mean(0)
    np.testing.assert_allclose(trainer.weights()["mean"], mean, rtol=1e-12)


@pytest.mark.parametrize("recipe", [Recipe.MATCHED, Recipe.IDIOMATIC])
@pytest.mark.parametrize("kept", KEPT)
def test_a_warm_up_leaves_what_a_module_keeps(tmp_path, kept, recipe):
    made, moves, read = KEPT[kept]
    build = models.builder(
        tmp_path, models.module(f"{moves}\n        return self.out(x) * ({read})", made)
    )
    job, initial = models.paired(models.spec(), build)
    job = replace(job, recipe=recipe)
    cold, warm = (pytorch.Trainer(job, jobs.data(), initial, build) for _ in range(2))
    warm.warm_up()
    np.testing.assert_array_equal(losses(cold), losses(warm))


@pytest.mark.parametrize("recipe", [Recipe.MATCHED, Recipe.IDIOMATIC])
def test_a_module_that_writes_into_its_input_changes_no_data(tmp_path, recipe):
    build = models.builder(tmp_path, models.module("return self.out(x.mul_(0.5).add_(0.25))"))
    job, initial = models.paired(models.spec(layout=CodeLayout.CHANNELS_LAST), build)
    job = replace(job, recipe=recipe)
    data, before = jobs.data(), jobs.data()
    trainer = pytorch.Trainer(job, data, initial, build)
    trainer.warm_up()
    logits, first = trainer.evaluate(), trainer.predictor(3)()
    np.testing.assert_array_equal(trainer.evaluate(), logits)
    np.testing.assert_array_equal(trainer.predictor(3)(), first)
    np.testing.assert_allclose(first, logits[:3], rtol=1e-12)
    list(trainer.train_epoch(0))
    np.testing.assert_array_equal(data.train_images, before.train_images)
    np.testing.assert_array_equal(data.test_images, before.test_images)
