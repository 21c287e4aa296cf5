"""A trial's report of where it ran."""

import dataclasses
import os
import platform
import subprocess
import sys

import pytest
from twinrun.contract.enums import Execution

from services.machine import host
from tests.frameworks import jobs


def test_the_environment_is_known_before_any_job(framework, name):
    found = framework.environment()
    assert found.framework == name
    assert found.framework_version.startswith(("0.", "2.", "3."))
    assert found.python_version == platform.python_version()
    assert found.platform
    assert found.cpu_model
    assert 1 <= found.available_cpus <= os.cpu_count()
    assert found.cpu_set == host.cpu_set()
    assert found.threads == 0
    assert "oneDNN" in found.blas
    assert {"numpy"} < found.packages.keys()


def test_the_environment_holds_no_type_of_the_framework(framework):
    # PyTorch's version is a str of its own kind: the runner that unpickled it would import torch.
    def classes(value) -> set[str]:
        parts = value if isinstance(value, tuple) else ()
        if isinstance(value, dict):
            parts = (*value.keys(), *value.values())
        if dataclasses.is_dataclass(value):
            parts = [getattr(value, field.name) for field in dataclasses.fields(value)]
        return {type(value).__module__}.union(*map(classes, parts))

    assert classes(framework.environment()) == {"builtins", "twinrun.contract.events"}


@pytest.mark.parametrize("execution", [Execution.DEFAULT, Execution.EAGER])
def test_a_trainer_tells_the_threads_and_the_precision_that_it_set(framework, execution):
    job = jobs.spec(execution=execution)
    trainer = framework.Trainer(job, jobs.data(), jobs.weights(job))
    found = trainer.environment()
    assert found.threads == jobs.THREADS
    assert "float64" in found.precision_notes


# In a process of its own: in this one, jobs have run.
FRESH = """
import importlib, sys
from services.frameworks import FRAMEWORKS
from tests.frameworks import jobs
framework = importlib.import_module(FRAMEWORKS[sys.argv[1]].module)
framework.environment()
heavy = {"torch._inductor", "torch._dynamo", "torchvision"} & sys.modules.keys()
assert not heavy, heavy
if sys.argv[1] == "pytorch":
    import torch
    assert not torch.cuda.is_initialized()
job = jobs.spec(threads=3)
trainer = framework.Trainer(job, jobs.data(), jobs.weights(job))
list(trainer.train_epoch(0))
print(trainer.environment().threads)
"""


def test_importing_and_asking_leave_the_threads_to_be_set_by_a_job(name):
    done = subprocess.run(
        [sys.executable, "-c", FRESH, name], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["3"]


def test_the_cpu_quota_of_a_container_is_rounded_up(tmp_path):
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert host.available_cpus(tmp_path) == 1
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert host.available_cpus(tmp_path) == len(os.sched_getaffinity(0))


def test_the_cpu_quota_is_also_read_from_control_groups_of_version_1(tmp_path):
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu/cpu.cfs_quota_us").write_text("100000\n")
    (tmp_path / "cpu/cpu.cfs_period_us").write_text("100000\n")
    assert host.available_cpus(tmp_path) == 1
    assert host.available_cpus(tmp_path / "none") == len(os.sched_getaffinity(0))


def test_a_machine_that_gives_its_processor_no_name_has_its_architecture(tmp_path):
    assert host.cpu_model(tmp_path / "cpuinfo")
