import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.machine import cores, host


def machine(cpus: Path, cores: list[str], name: str = "core_cpus_list") -> Path:
    """Write the topology of a machine: for each CPU, the CPUs of its core."""
    for number, threads in enumerate(cores):
        topology = cpus / f"cpu{number}" / "topology"
        topology.mkdir(parents=True)
        (topology / name).write_text(f"{threads}\n")
    return cpus


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch):
    def allow(*cpus: int, quota: float = 0.0) -> None:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(cpus), raising=False)
        monkeypatch.setattr(host, "cpu_limit", lambda *_: quota)

    return allow


@pytest.mark.parametrize("name", ["core_cpus_list", "thread_siblings_list"])
def test_two_threads_of_a_core_are_one_core(tmp_path: Path, allow, name: str) -> None:
    allow(0, 1, 2, 3)
    cpus = machine(tmp_path, ["0,2", "1,3", "0,2", "1,3"], name)
    assert cores.physical_cores(cpus) == 2
    assert host.available_cpus() == 4


def test_only_cores_of_the_affinity_count(tmp_path: Path, allow) -> None:
    cpus = machine(tmp_path, ["0,2", "1,3", "0,2", "1,3"])
    allow(0, 2)
    assert cores.physical_cores(cpus) == 1
    allow(0, 1)
    assert cores.physical_cores(cpus) == 2


def test_a_quota_leaves_no_more_cores_than_cpus(tmp_path: Path, allow) -> None:
    allow(0, 1, 2, 3, quota=1.5)
    assert cores.physical_cores(machine(tmp_path, ["0", "1", "2", "3"])) == 2


@pytest.mark.parametrize("known", [["0"], ["0", ""], []])
def test_a_cpu_without_a_topology_makes_the_number_unknown(
    tmp_path: Path, allow, known: list[str]
) -> None:
    allow(0, 1)
    assert cores.physical_cores(machine(tmp_path, known)) is None


@pytest.mark.parametrize(("told", "wanted"), [("6\n", 6), ("", None), ("none", None), ("0", None)])
def test_macos_is_asked_by_sysctl(
    monkeypatch: pytest.MonkeyPatch, told: str, wanted: int | None
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(host, "available_cpus", lambda: 8)
    done = subprocess.CompletedProcess([], 0, told)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    assert cores.physical_cores() == wanted
