"""A job on several devices does the arithmetic of one: of whole steps, however they are shared."""

import os
import signal
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from twinrun.contract.enums import ClassWeightsDivisor, Device, Execution, Loop
from twinrun.contract.layers import (
    Dense,
    Dropout,
    Embedding,
    Flatten,
    MultiHeadAttention,
)
from twinrun.contract.losses import NextTokenCrossEntropy, SoftmaxCrossEntropy
from twinrun.contract.optimizers import Adam, Optimizer

from services import errors
from tests.frameworks import device_faults, jobs, reference
from tests.frameworks.formulas import assert_same
from tests.frameworks.models import CLIPPED, SHARED
from tests.waiting import HANG_SECONDS

# Of three devices two have a sample more or none: steps of 22 samples, and a last one of a single.
JOB = jobs.spec(
    layers=SHARED,
    optimizer=CLIPPED,
    batch_size=22,
    epochs=2,
    seed=11,
    devices=device_faults.DEVICES,
)
SMALL = replace(JOB, batch_size=16, steps_per_epoch_limit=2, epochs=1)


@pytest.fixture
def job(name):
    """Return a job of three devices; in JAX they share its steps of 21, and each takes the last."""
    return replace(JOB, batch_size=21) if name == "jax" else JOB


@pytest.fixture
def small(name):
    return replace(SMALL, batch_size=15) if name == "jax" else SMALL


@pytest.fixture(scope="module", autouse=True)
def planting(name, framework, tmp_path_factory):
    """Return what names a fault to PyTorch's further processes, and end them at last."""
    file = tmp_path_factory.mktemp("devices") / "fault"
    file.write_text("")
    if name != "pytorch":
        yield file
        return
    pool = import_module("services.pytorch.devices.pool")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(device_faults.FILE, str(file))
        patch.setattr(pool, "_REPLICA", device_faults.REPLICA)
        yield file
        pool.close()


@pytest.fixture
def pool(name, framework):
    """Return the module of PyTorch's processes."""
    if name != "pytorch":
        pytest.skip("all devices are of one process")
    return import_module("services.pytorch.devices.pool")


@pytest.fixture
def fault(name, request, planting):
    """Plant a fault into all processes of a job."""
    if name == "jax":
        pytest.skip("the program is that of one device")
    planting.write_text(request.param)
    with device_faults.planted(request.param, name):
        yield request.param
    planting.write_text("")


def test_its_steps_are_those_of_one_device(framework, job):
    assert_same(framework, replace(job, augmentation=jobs.AUGMENTATION, late_epoch=9))


def test_a_loss_over_its_classes_weights_has_those_of_the_whole_step(framework, job):
    weights = tuple(float(c + 1) for c in range(jobs.CLASSES))
    loss = SoftmaxCrossEntropy(0.1, weights, ClassWeightsDivisor.WEIGHTS)
    assert_same(framework, replace(job, loss=loss, loop=Loop.CUSTOM, epochs=1))


def test_tokens_are_shared_by_sample(framework, job):
    layers = (Embedding(7, 4), MultiHeadAttention(2, causal=True, dropout=0.3), Dense(jobs.CLASSES))
    job = replace(job, layers=layers, loss=NextTokenCrossEntropy(2), epochs=1)  # 2 counts nothing
    assert_same(framework, replace(job, optimizer=Optimizer(Adam(), 0.01)))


def test_its_details_are_those_of_whole_steps(framework, job):
    job = replace(job, report_step_details=True, epochs=1)
    data, weights = jobs.data(), jobs.weights(job)
    chunks = list(framework.Trainer(job, data, weights).train_epoch(0))
    wanted = reference.details(job, data, weights)
    for name in ("ordered_losses", "accuracies"):
        found = np.concatenate([getattr(chunk.details, name) for chunk in chunks])
        np.testing.assert_allclose(found, getattr(wanted, name), rtol=1e-12)
    for index, (name, norms) in enumerate(wanted.gradient_norms.items()):
        found = np.concatenate([chunk.details.gradient_norms[index].norms for chunk in chunks])
        # A convolution's bias has no gradient but rounding before a batch norm.
        np.testing.assert_allclose(found, norms, rtol=1e-10, atol=1e-14, err_msg=name)


def test_the_environment_says_how_they_share_it(framework, small):
    trainer = framework.Trainer(small, jobs.data(), jobs.weights(small))
    assert "on 3 devices" in trainer.environment().precision_notes


@pytest.mark.parametrize("fault", device_faults.WRONG, indirect=True)
def test_a_fault_of_how_they_share_it_shows(framework, fault):
    layers = SHARED if "norm" in fault else (Flatten(), Dropout(0.3), Dense(jobs.CLASSES))
    if "mean" in fault:
        layers = (Flatten(), Dense(jobs.CLASSES))
    job = replace(SMALL, layers=layers)
    losses, _ = reference.train(job, jobs.data(), jobs.weights(job))
    chunks = framework.Trainer(job, jobs.data(), jobs.weights(job)).train_epoch(0)
    found = np.concatenate([chunk.losses for chunk in chunks])
    assert (abs(found / losses - 1) > 1e-6).any()


@pytest.mark.parametrize("fault", ["a missed update"], indirect=True)
def test_a_device_that_misses_the_last_update_is_found(framework, fault):
    with pytest.raises(errors.TrainerFailed, match="Device 1 of the job holds other weights"):
        jobs.train(framework, SMALL, warm=False)


def test_a_job_that_takes_more_gpus_than_there_are_is_refused(framework, name, small, monkeypatch):
    job = replace(small, device=Device.CUDA)
    if name == "pytorch":
        torch = import_module("torch")
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
        with pytest.raises(errors.DeviceUnavailable, match=r"devices is 3, but PyTorch .* 1 GPU"):
            framework.Trainer(job, jobs.data(), jobs.weights(job))
    elif name == "tensorflow":
        config, test = import_module("tensorflow").config, import_module("tensorflow").test
        monkeypatch.setattr(config, "list_physical_devices", lambda _: ["GPU:0"])
        monkeypatch.setattr(test, "is_built_with_cuda", lambda: True)
        with pytest.raises(
            errors.DeviceUnavailable, match=r"devices is 3, but TensorFlow .* 1 GPU"
        ):
            framework.Trainer(job, jobs.data(), jobs.weights(job))
    else:
        jax, devices = import_module("jax"), import_module("services.jax.devices")
        monkeypatch.setattr(jax, "devices", lambda _: ["GPU:0"])
        with pytest.raises(errors.DeviceUnavailable, match=r"devices is 3, but JAX .* sees 1 GPU"):
            devices.mesh(job)


def test_a_process_that_began_with_fewer_parts_of_the_cpu_refuses_more(framework, name, small):
    if name == "pytorch":
        pytest.skip("each device has a process")
    many = replace(small, batch_size=16, devices=device_faults.DEVICES + 1)
    with pytest.raises(errors.Unsupported, match="devices is 4, but this process has begun with 3"):
        framework.Trainer(many, jobs.data(), jobs.weights(many))


def test_jax_gives_each_device_as_many_samples(framework, name):
    if name != "jax":
        pytest.skip("others share as they are")
    with pytest.raises(errors.Unsupported, match="devices is 3 and batch_size 22"):
        framework.Trainer(JOB, jobs.data(), jobs.weights(JOB))


def test_copies_that_differ_are_found(framework, name, small):
    if name != "jax":
        pytest.skip("others have a fault for it")
    jax, devices = import_module("jax"), import_module("services.jax.devices")
    mesh = devices.mesh(small)
    by_device = [
        jax.device_put(np.full(2, x), d)
        for x, d in zip((0.0, 1e-16, 0.0), jax.devices(), strict=True)
    ]
    where = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
    array = jax.make_array_from_single_device_arrays((2,), where, by_device)
    with pytest.raises(errors.TrainerFailed, match="Device 1 of the job holds other weights"):
        devices.require_alike([array])


def test_op_by_op_is_pytorchs_alone(framework, name, small):
    job = replace(small, execution=Execution.EAGER)
    if name == "pytorch":
        assert_same(framework, job)
        return
    with pytest.raises(errors.Unsupported, match=r"eager|op by op"):
        framework.Trainer(job, jobs.data(), jobs.weights(job))


@pytest.mark.parametrize("fault", ["an error"], indirect=True)
def test_an_error_of_one_device_is_the_jobs(framework, pool, fault):
    with pytest.raises(errors.TrainerFailed, match="Device 1 of the job failed: ValueError: pl"):
        jobs.train(framework, SMALL, warm=False)


def test_the_end_of_one_devices_process_is_told(framework, pool):
    job = replace(SMALL, report_every_steps=1, devices=2)
    trainer = framework.Trainer(job, jobs.data(), jobs.weights(job))
    chunks = trainer.train_epoch(0)
    next(chunks)
    os.kill(pool.of(job)._processes[0].pid, signal.SIGKILL)
    with pytest.raises(errors.ChildDied, match="device 1 was killed by signal 9"):
        list(chunks)


def test_the_others_end_with_the_first(framework, pool):
    held = pool.of(replace(SMALL, devices=2))
    for connection in held._connections:
        connection.close()  # as when its process is killed
    for process in held._processes:
        assert process.wait(HANG_SECONDS) == 1


def test_the_allocators_peak_is_the_sum_of_each_devices_own(framework, name, small, planting):
    planting.write_text("counted memory")
    trainer = framework.Trainer(small, jobs.data(), jobs.weights(small))
    planting.write_text("")
    trainer._spec = replace(trainer._spec, device=Device.CUDA)
    with device_faults.COUNTED(name):
        assert trainer.peak_device_memory_bytes() == 1000 + 1001 + 1002
