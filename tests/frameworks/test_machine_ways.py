"""The own ways of a machine leave the numbers alone, and do what they claim."""

import numpy as np
import pytest
from twinrun.contract.enums import Device, Execution, OwnWay

from services.trial import matched
from tests.frameworks import jobs
from tests.frameworks.ways import UNCOMPILED, expected, module, name_of, spec, steps

pytestmark = pytest.mark.usefixtures("has_own_ways")


@pytest.mark.parametrize("execution", jobs.EXECUTIONS)
def test_the_loss_is_read_after_each_step_and_is_the_same(framework, execution, monkeypatch):
    job = spec(OwnWay.LOSS_READ, execution=execution)
    if execution is Execution.COMPILED:
        job = jobs.in_one_graph(job)
    reads = []
    monkeypatch.setattr(matched, "timed", lambda fetch: (reads.append(1), (fetch(), 0.5))[1])
    found = steps(framework, job)
    many = sum(len(taken.losses) for taken in found)
    assert len(reads) == many
    assert many > len(found) or execution is Execution.COMPILED
    assert sum(taken.sync_seconds for taken in found) == 0.5 * many
    np.testing.assert_allclose(np.concatenate([t.losses for t in found]), expected(job), rtol=1e-12)


def test_threads_are_the_frameworks_own(framework, monkeypatch):
    asked = []
    device = module(framework, "device")
    if name_of(framework) == "pytorch":
        monkeypatch.setattr(device.torch, "set_num_threads", asked.append)
    elif name_of(framework) == "jax":  # its pool is as large as one variable says
        device.prepare(spec())
        monkeypatch.setattr(device, "_started", [])
        monkeypatch.setattr(device, "_cpus", lambda: 5)
        monkeypatch.setattr(device, "_start", lambda number, *_: asked.append(number))
        device.prepare(spec(OwnWay.THREADS))
        device.prepare(spec())
        assert asked == [5, spec().threads]  # none is noted as begun
        return
    else:
        threading = device.tf.config.threading
        monkeypatch.setattr(threading, "set_intra_op_parallelism_threads", asked.append)
        monkeypatch.setattr(threading, "set_inter_op_parallelism_threads", lambda _: None)
        monkeypatch.setattr(threading, "get_intra_op_parallelism_threads", lambda: 0)
        assert device.threads() >= 1
    device.prepare(spec(OwnWay.THREADS))
    assert asked == []
    device.prepare(spec())
    assert asked == [spec().threads]


@pytest.mark.parametrize("execution", UNCOMPILED)
def test_a_pipeline_without_workers_brings_the_same_batches(framework, execution):
    job = spec(OwnWay.PIPELINE_WORKERS, execution=execution)
    made = framework.Trainer(job, jobs.data(), jobs.weights(job))
    made.warm_up()
    taken = [each for epoch in range(job.epochs) for each in made.train_epoch(epoch)]
    np.testing.assert_allclose(np.concatenate([t.losses for t in taken]), expected(job), rtol=1e-12)
    assert all(each.wait_seconds > 0 for each in taken)
    if name_of(framework) == "pytorch":
        assert made._steps._loader.num_workers == 0


def test_without_workers_nothing_is_fetched_ahead(framework, monkeypatch):
    if name_of(framework) != "tensorflow":
        pytest.skip("a loader without workers has no place to fetch ahead in")
    pipeline = module(framework, "pipeline_steps")
    ahead = []
    prefetch = pipeline.tf.data.Dataset.prefetch
    monkeypatch.setattr(
        pipeline.tf.data.Dataset,
        "prefetch",
        lambda self, count: (ahead.append(count), prefetch(self, count))[1],
    )
    for way, times in ((OwnWay.PIPELINE_WORKERS, 0), (OwnWay.DATA_PIPELINE, 1)):
        ahead.clear()
        job = spec(way)
        made = framework.Trainer(job, jobs.data(), jobs.weights(job))
        next(iter(made.train_epoch(0)))
        assert len(ahead) == times


@pytest.mark.parametrize(
    ("ways", "asked", "pytorchs", "tensorflows"),
    [
        ((), False, ("ieee", "ieee"), False),
        ((), True, ("tf32", "tf32"), True),
        ((OwnWay.TF32,), False, ("ieee", "tf32"), True),
    ],
)
def test_tf32_is_where_each_framework_has_it_by_itself(
    framework, ways, asked, pytorchs, tensorflows
):
    job = spec(*ways, device=Device.CUDA, allow_tf32=asked)
    device = module(framework, "device")
    if name_of(framework) != "pytorch":
        assert device.tf32(job) is tensorflows
        return
    backends = device.torch.backends
    before = backends.cuda.matmul.fp32_precision, backends.cudnn.conv.fp32_precision
    try:
        device._set_kernels(job)
        found = backends.cuda.matmul.fp32_precision, backends.cudnn.conv.fp32_precision
    finally:
        backends.cuda.matmul.fp32_precision, backends.cudnn.conv.fp32_precision = before
    assert found == pytorchs
    assert ("TF32 in convolutions" in device.notes(job)) == bool(ways)


def test_cudnn_tries_its_algorithms_in_pytorch_if_asked(framework, monkeypatch):
    if name_of(framework) != "pytorch":
        pytest.skip("TensorFlow always does")
    device = module(framework, "device")
    monkeypatch.setattr(device.torch.backends.cudnn, "benchmark", False)
    device._set_kernels(spec(OwnWay.CUDNN_BENCHMARK, device=Device.CUDA))
    assert device.torch.backends.cudnn.benchmark
    device._set_kernels(spec(device=Device.CUDA))
    assert not device.torch.backends.cudnn.benchmark
