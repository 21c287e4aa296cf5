"""A user's Flax module in the idiomatic recipe: trained as it is, with nothing replaced."""

from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import Precision, Recipe
from twinrun.contract.optimizers import Optimizer, Sgd

from tests.frameworks import code_models
from tests.frameworks.flax_code import models
from tests.frameworks.flax_code.models import OUT, net, trained

services = pytest.importorskip("services.jax")  # first: it sets 64 bits
jax = pytest.importorskip("jax")
nnx = pytest.importorskip("flax.nnx")
optax = pytest.importorskip("optax")
RATE = 0.05


def job(**changes):
    """Return three steps of one batch of all samples, whose order then is only rounding."""
    samples = len(code_models.data().train_labels)
    usual = {"batch_size": samples, "epochs": 3, "report_every_steps": 1}
    usual |= {"recipe": Recipe.IDIOMATIC, "optimizer": Optimizer(Sgd(), RATE)}
    return models.job(**{**usual, **changes})


def in_float32():
    """Return the data as a job in float32 has them."""
    data, names = code_models.data(), ("train_images", "test_images")
    return replace(data, **{each: getattr(data, each).astype(np.float32) for each in names})


def by_hand(folder, text, steps):
    """Return the losses of a loop as in Flax's tutorials, and the test split's logits."""
    data = in_float32()
    module = models.written(folder, text)()
    optimizer = nnx.Optimizer(module, optax.sgd(RATE), wrt=nnx.Param)

    @nnx.value_and_grad
    def loss_of(module):
        logits = module(data.train_images)
        labels = data.train_labels
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    module.train()
    losses = []
    for _ in range(steps):
        loss, gradients = loss_of(module)
        optimizer.update(module, gradients)
        losses.append(float(loss))
    module.eval()
    return losses, np.asarray(module(data.test_images))


NORMED = net(
    "self.conv = nnx.Conv(2, 4, (3, 3), rngs=rngs)\n"
    "self.norm = nnx.BatchNorm(4, rngs=rngs)\n"
    "self.out = nnx.Linear(144, 5, rngs=rngs)",
    "return self.out(nnx.relu(self.norm(self.conv(x))).reshape(len(x), -1))",
)


def test_it_trains_as_its_users_loop_does(tmp_path):
    spec = job(precision=Precision.FLOAT32)
    trainer = services.Trainer(spec, in_float32(), None, models.written(tmp_path, NORMED))
    trainer.warm_up()  # which changes nothing
    losses = [loss for epoch in range(3) for s in trainer.train_epoch(epoch) for loss in s.losses]
    with jax.enable_x64(False):
        wanted, logits = by_hand(tmp_path, NORMED, len(losses))
    assert len(set(wanted)) == 3
    np.testing.assert_allclose(losses, wanted, rtol=1e-5)
    np.testing.assert_allclose(trainer.evaluate(), logits, rtol=1e-4, atol=1e-5)
    assert trainer.evaluate().dtype == np.float32


def test_nothing_of_it_is_replaced(tmp_path):
    trainer, _ = trained(services, tmp_path, NORMED, job())
    module = trainer._network
    assert module.norm.use_fast_variance
    assert module.conv.conv_general_dilated is jax.lax.conv_general_dilated


def test_its_arrays_have_canonical_names_and_are_what_it_was_given(tmp_path):
    spec = job(epochs=1, optimizer=Optimizer(Sgd(), 0.0))
    trainer, _ = trained(services, tmp_path, net(), spec)
    weights = trainer.weights()
    assert [*weights] == ["out.kernel", "out.bias"]
    given = {name: np.full_like(array, 0.5) for name, array in weights.items()}
    begun = services.Trainer(
        trainer._spec, code_models.data(), given, models.written(tmp_path, net())
    )
    assert all((array == 0.5).all() for array in begun.weights().values())
    begun.warm_up()
    assert all((array == 0.5).all() for array in begun.weights().values())


@pytest.mark.parametrize("how", ["of its own", "that it is given"])
def test_dropout_draws_other_masks_in_each_step_and_none_in_evaluation(tmp_path, how):
    drawn = {"of its own": ("x", ""), "that it is given": ("x, rngs=rngs", ", *, rngs")}
    given, parameters = drawn[how]
    text = net(
        f"self.drop = nnx.Dropout(0.5, rngs=rngs)\n{OUT}",
        f"return self.out(self.drop({given}).reshape(len(x), -1))",
        parameters,
    )
    spec = job(optimizer=Optimizer(Sgd(), 0.0))  # so that the masks alone change a loss
    trainer, losses = trained(services, tmp_path, text, spec)
    assert len(set(losses)) == 3
    np.testing.assert_array_equal(trainer.evaluate(), trainer.evaluate())


@pytest.mark.filterwarnings("ignore:Using 'Module.sow")
def test_what_it_sows_is_not_kept(tmp_path):
    text = net(call="self.sow(nnx.Intermediate, 'seen', x); return self.out(x.reshape(len(x), -1))")
    trainer, _ = trained(services, tmp_path, text, job())
    assert not nnx.state(trainer._network, nnx.Intermediate)
    assert trainer.evaluate().shape == (8, 5)
