"""A trial on a GPU, as NVML sees it: a stand-in of its module."""

import pytest
from twinrun.v1 import job_pb2


def resources(runner, **changes) -> job_pb2.ResourcesUsed:
    return runner.wait_for(runner.train(**changes), "resources_used").resources_used


def test_a_trial_on_a_gpu_tells_what_the_gpu_did(gpus, start):
    used = resources(start("on_gpu"), device="DEVICE_CUDA").accelerator
    assert used.uuid == "GPU-aa"
    assert used.samples >= 6  # in each of two epochs twice, and at its end
    assert used.peak_memory_bytes == 1_500_000_000
    assert used.mean_utilization == pytest.approx(0.8)
    assert used.mean_power_watts == pytest.approx(300)
    assert used.energy_joules == pytest.approx(2 * 310)  # of each epoch, not of what is between


def test_it_is_the_first_gpu_that_the_runner_may_see_and_what_that_does_not_tell_is_unset(
    gpus, start
):
    gpus.setenv("CUDA_VISIBLE_DEVICES", "1")
    used = resources(start("on_gpu"), device="DEVICE_CUDA").accelerator
    assert used.uuid == "GPU-bb"
    assert not used.HasField("mean_utilization")
    assert used.energy_joules > 0


def test_a_trial_on_a_cpu_has_no_gpu_beside_one_that_it_could_have(gpus, start):
    runner = start("on_gpu")
    job = runner.train(device="DEVICE_CPU")
    assert runner.wait_for(job, "environment").environment.accelerators[0].uuid == "GPU-aa"
    assert not runner.wait_for(job, "resources_used").resources_used.HasField("accelerator")


def test_a_trial_on_a_gpu_without_nvml_succeeds_and_tells_nothing_of_it(gpus, start):
    gpus.setenv("STANDIN_NO_DRIVER", "1")
    runner = start("on_gpu")
    job = runner.wait(runner.train(device="DEVICE_CUDA"))
    assert job.state == job_pb2.JOB_STATE_SUCCEEDED
    assert not runner.wait_for(job, "resources_used").resources_used.HasField("accelerator")
