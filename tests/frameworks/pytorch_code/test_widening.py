"""Code that asks for float32 gets float64 in a job of float64, and float32 in one of float32."""

from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import Execution, Precision

from tests.frameworks import jobs
from tests.frameworks.pytorch_code import models

torch = pytest.importorskip("torch")
pytorch = pytest.importorskip("services.pytorch")

# As in many language models: a norm of the root mean square, in no fewer bits than float32.
NORM = """
        y = x{}
        y = y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + 1e-6)
        return self.out(y.to(x.dtype))
"""
WAYS = [".float()", ".to(torch.float32)", ".to(dtype=torch.float32)", ".type(torch.float32)"]
PLACES = "return self.out(x * (1 + torch.arange(24, dtype=torch.{}) * 0.1).cos())"
SOFTMAX = "return self.out(x.softmax(-1, dtype=torch.{}).to(x.dtype))"
CHECKPOINT = """
        from torch.utils.checkpoint import checkpoint
        return self.out(checkpoint(lambda x: (x.float() * 3).to(x.dtype), x, use_reentrant=False))
"""


def trained(tmp_path, forward, **changes):
    build = models.builder(tmp_path, models.module(forward))
    job, initial = models.paired(models.spec(), build)
    job = replace(jobs.UNEVEN, epochs=1, layers=(), code=job.code, batch_size=40, **changes)
    trainer = pytorch.Trainer(job, jobs.data(job.precision), initial, build)
    trainer.warm_up()
    return np.concatenate([chunk.losses for chunk in trainer.train_epoch(0)])


@pytest.mark.parametrize(
    ("asked", "plain"),
    [
        *((NORM.format(way), NORM.format("")) for way in WAYS),
        *((text.format("float32"), text.format("float64")) for text in (PLACES, SOFTMAX)),
    ],
    ids=[*WAYS, "arange", "softmax"],
)
def test_in_float64_it_is_the_model_without_it(tmp_path, asked, plain):
    found = trained(tmp_path, asked)
    np.testing.assert_allclose(found, trained(tmp_path, plain), rtol=1e-14)


def test_compiled_it_is_the_same(tmp_path):
    found = trained(tmp_path, NORM.format(".float()"), execution=Execution.COMPILED)
    np.testing.assert_allclose(found, trained(tmp_path, NORM.format("")), rtol=1e-13)


def test_in_float32_nothing_is_another(tmp_path):
    found = trained(tmp_path, NORM.format(".float()"), precision=Precision.FLOAT32)
    np.testing.assert_array_equal(
        found, trained(tmp_path, NORM.format(""), precision=Precision.FLOAT32)
    )
    half = NORM.format(".bfloat16()")
    assert np.any(found != trained(tmp_path, half, precision=Precision.FLOAT32))


def test_what_a_checkpoint_computes_again_is_as_it_was(tmp_path):
    assert np.isfinite(trained(tmp_path, CHECKPOINT)).all()


@pytest.mark.parametrize(("way", "stays"), [("", False), (".float()", True)])
def test_nothing_looks_at_each_operation_of_code_that_asks_for_none(tmp_path, way, stays):
    """So that it takes no time of a timed job."""
    build = models.builder(tmp_path, models.module(NORM.format(way)))
    job, initial = models.paired(models.spec(), build)
    trainer = pytorch.Trainer(
        replace(jobs.UNEVEN, layers=(), code=job.code), jobs.data(), initial, build
    )
    assert (trainer._model.built._widening is not None) is stays
