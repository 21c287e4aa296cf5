"""What a certificate is kept under: everything that determines how a job is computed."""

import importlib.metadata
import tomllib
from pathlib import Path

import pytest
from twinrun.contract.events import Accelerator, Environment

from services.machine import build, environment, nvml, variables

ROOT = Path(__file__).parents[4]
H100 = Accelerator("NVIDIA H100", "GPU-aa", 80_000_000_000)


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    """No GPU, no variable, no library of the system's."""
    for name in (*variables.NAMES, "LD_LIBRARY_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(build, "_FOLDERS", (str(tmp_path / "system"),))
    monkeypatch.setattr(nvml, "accelerators", lambda: ("", ()))
    return tmp_path


def forget():
    build.digest.cache_clear()
    build.version.cache_clear()


def digest():
    forget()
    return build.digest()


@pytest.fixture(autouse=True)
def _forgotten():
    forget()
    yield
    forget()


def with_gpu(monkeypatch, driver="580.1", *cards):
    monkeypatch.setattr(nvml, "accelerators", lambda: (driver, cards or (H100,)))


def test_the_digest_is_the_same_while_nothing_changes(monkeypatch):
    assert digest() == digest()
    monkeypatch.setenv("TWINRUN_IMAGE", "another")
    assert digest() == digest()


def test_card_and_driver_are_in_the_digest(monkeypatch):
    found = {digest()}
    for driver, name in (("580.1", "H100"), ("580.2", "H100"), ("580.2", "H200")):
        with_gpu(monkeypatch, driver, Accelerator(name, "GPU-aa", 0))
        found.add(digest())
    assert len(found) == 4


def test_only_the_card_that_a_job_uses_counts_and_another_of_its_kind_is_the_same(monkeypatch):
    with_gpu(monkeypatch)
    before = digest()
    other = Accelerator("NVIDIA T4", "GPU-bb", 0)
    with_gpu(monkeypatch, "580.1", Accelerator(H100.name, "GPU-cc", 0), other)
    assert digest() == before


@pytest.mark.parametrize("library", ["libcudnn.so.9", "libcublas.so.12", "libcudart.so.12"])
def test_the_whole_versions_of_cuda_and_cudnn_are_in_the_digest(monkeypatch, bare, library):
    with_gpu(monkeypatch)
    monkeypatch.setenv("LD_LIBRARY_PATH", f":{bare}/none:{bare}")
    found = {digest()}
    for version in ("1.0", "1.1"):
        (bare / f"{library}.{version}").touch()
        link = bare / library
        link.unlink(missing_ok=True)
        link.symlink_to(f"{library}.{version}")
        found.add(digest())
        (bare / f"{library}.{version}").rename(bare / f"old-{version}")
    assert len(found) == 3


def test_without_a_gpu_its_libraries_do_not_count(monkeypatch, bare):
    before = digest()
    monkeypatch.setenv("LD_LIBRARY_PATH", str(bare))
    (bare / "libcudnn.so.9.1.0").touch()
    assert digest() == before


@pytest.mark.parametrize(
    "name",
    [
        *("NVIDIA_TF32_OVERRIDE", "TF_ENABLE_ONEDNN_OPTS", "TF_DETERMINISTIC_OPS", "XLA_FLAGS"),
        *("CUBLAS_WORKSPACE_CONFIG", "TF_XLA_FLAGS", "TF_CUDNN_DETERMINISTIC", "MKL_CBWR"),
        *("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_MAX_CPU_ISA"),
    ],
)
def test_a_variable_that_changes_arithmetic_is_reported_and_is_in_the_digest(monkeypatch, name):
    found = {digest()}
    for value in ("0", "1", ""):
        monkeypatch.setenv(name, value)
        found.add(digest())
        assert environment.completed(Environment("pytorch", "2.0")).variables == {name: value}
    assert len(found) == 4


def test_other_variables_are_not_reported(monkeypatch):
    monkeypatch.setenv("TWINRUN_TOKEN", "secret")
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "2")
    assert environment.completed(Environment("pytorch", "2.0")).variables == {}


def test_the_version_is_that_of_the_tree_where_nothing_is_installed(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", lambda _: "9.9")
    assert build.version() == "9.9"
    monkeypatch.setattr(importlib.metadata, "version", missing)
    forget()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert build.version() == project["version"]
