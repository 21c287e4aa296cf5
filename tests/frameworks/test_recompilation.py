"""After the warm-up nothing is traced or compiled: that time belongs to another phase."""

import os
import subprocess
import sys

import pytest
from twinrun.contract.enums import Execution

from tests.each import of
from tests.frameworks import jobs


@pytest.mark.parametrize("execution", [Execution.DEFAULT, Execution.COMPILED])
def test_nothing_is_traced_after_the_warm_up(framework, name, execution, monkeypatch):
    job = jobs.replace(jobs.UNEVEN, execution=execution)
    trainer = framework.Trainer(job, jobs.data(), jobs.weights(job))
    traces = of(name).count_traces(monkeypatch)
    trainer.warm_up()
    if (name, execution) != ("pytorch", Execution.DEFAULT):
        assert traces, "tracing is not seen, so this test would see none ever"
    traces.clear()
    for epoch in range(2):
        list(trainer.train_epoch(epoch))
        trainer.evaluate()
    assert not traces


@pytest.mark.parametrize(
    ("changes", "compilations"),
    [
        ("layers=jobs.SHALLOW", 3),  # one for each length of a chunk, and the short batch
        # For both batch sizes what stands before the convolution, what stands behind it, and that
        # backwards; and the update.
        ("layers=jobs.DROPPED", 7),
        # Groups of two steps: 5 are 4 and 1, and 3 are 2 and 1; and the short batch.
        ("augmentation=jobs.AUGMENTATION, layers=jobs.SHALLOW", 4),
    ],
)
def test_xla_compiles_nothing_after_the_warm_up(name, changes, compilations, tmp_path):
    if name != "tensorflow":
        pytest.skip("XLA is TensorFlow's")
    script = (
        "from pathlib import Path; from tests.frameworks import jobs; import services.tensorflow\n"
        "from services.tensorflow import compiled_steps; compiled_steps._IMAGES = 16\n"
        "execution = jobs.Execution.COMPILED\n"
        f"job = jobs.replace(jobs.UNEVEN, execution=execution, {changes})\n"
        "trainer = services.tensorflow.Trainer(job, jobs.data(), jobs.weights(job))\n"
        f"modules = lambda: len(list(Path({str(tmp_path)!r}).glob('*before_optimizations*')))\n"
        "trainer.warm_up(); before = modules()\n"
        "for epoch in range(2): list(trainer.train_epoch(epoch)); trainer.evaluate()\n"
        "print(before, modules())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "XLA_FLAGS": f"--xla_dump_to={tmp_path}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(compilations)] * 2
