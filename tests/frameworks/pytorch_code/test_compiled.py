"""Modules that torch.compile has compiled: the same job, all of it compiled in the warm-up."""

from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import Execution

from services.errors import Unsupported
from tests.each.pytorch import count_traces
from tests.frameworks import jobs
from tests.frameworks.pytorch_code import models

torch = pytest.importorskip("torch")
pytorch = pytest.importorskip("services.pytorch")

TEXT = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3, momentum=0.3)
        self.drop, self.out = nn.Dropout(0.4), nn.Linear(18, 5)
        self.calls = 0

    def forward(self, x):
        COUNTED
        x = self.drop(self.norm(self.conv(x)).tanh())
        return self.out(F.dropout(x.flatten(1), 0.2, self.training))

def build():
    return Net()
"""


def trained(build, execution, monkeypatch=None):
    job, initial = models.paired(models.spec(), build)
    job = replace(
        jobs.UNEVEN, epochs=2, layers=(), code=job.code, execution=execution, batch_size=40
    )
    trainer = pytorch.Trainer(job, jobs.data(), initial, build)
    traces = count_traces(monkeypatch) if monkeypatch else []
    trainer.warm_up()
    assert bool(traces) == bool(monkeypatch)
    traces.clear()
    steps = [np.concatenate([s.losses for s in trainer.train_epoch(e)]) for e in range(2)]
    assert not traces
    return np.concatenate(steps), trainer.weights()


def test_what_is_compiled_takes_the_same_steps(tmp_path, monkeypatch):
    """With masks of modules and functions, moving statistics, and a short last batch."""
    build = models.builder(tmp_path, TEXT.replace("COUNTED", ""))
    losses, weights = trained(build, Execution.DEFAULT)
    found, others = trained(build, Execution.COMPILED, monkeypatch)
    np.testing.assert_allclose(found, losses, rtol=1e-13)
    for name, array in weights.items():
        np.testing.assert_allclose(others[name], array, atol=1e-12, err_msg=name)


def test_what_would_be_compiled_anew_at_each_step_is_refused(tmp_path):
    build = models.builder(tmp_path, TEXT.replace("COUNTED", "self.calls += 1; x = x * self.calls"))
    with pytest.raises(Unsupported, match=r"net.py anew .* use execution default") as e:
        trained(build, Execution.COMPILED)
    assert e.value.metadata == {"field": "execution"}
