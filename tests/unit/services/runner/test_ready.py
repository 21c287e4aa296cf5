"""A device and data are looked for before a job is accepted; what was found is remembered."""

from dataclasses import replace

import pytest
from twinrun.contract.code import Code, CodeSource, StoredFile
from twinrun.contract.enums import Device

from services.errors import CodeRefused, DataUnavailable, DeviceUnavailable, InvalidRequest
from services.runner import ready
from services.runner.validation import valid_spec
from tests.builders.specs import CPUS, proto

MNIST = valid_spec(proto(), CPUS)
MADE = valid_spec(proto(dataset={"name": "synthetic"}), CPUS)


@pytest.fixture
def looks(monkeypatch):
    """What each look finds, and the looks that were taken."""
    answers, taken = {}, []

    def look(module, *arguments):
        taken.append(module)
        return answers.get(module)

    monkeypatch.setattr(ready, "_look", look)
    monkeypatch.setattr(ready.importlib.util, "find_spec", lambda name: name)
    ready._require_gpu.cache_clear()
    ready._require_data.cache_clear()
    return answers, taken


def test_nothing_is_looked_for_that_the_job_does_not_need(looks, tmp_path):
    ready.require(MADE, tmp_path)
    assert looks[1] == []


def test_a_gpu_that_is_not_there_is_refused_each_time_and_one_that_is_is_remembered(
    looks, tmp_path
):
    answers, taken = looks
    spec = replace(MADE, device=Device.CUDA)
    answers["services.machine.nvml"] = ""
    for _ in range(2):
        with pytest.raises(DeviceUnavailable, match="shows this runner no GPU; use device cpu"):
            ready.require(spec, tmp_path)
    answers["services.machine.nvml"] = "a card, driver 1"
    for _ in range(2):
        ready.require(spec, tmp_path)
    assert len(taken) == 3


def test_a_look_that_fails_leaves_it_to_the_job(looks, tmp_path):
    ready.require(replace(MNIST, device=Device.CUDA), tmp_path)
    assert looks[1] == ["services.machine.nvml", "services.data.reach"]


def test_data_that_cannot_be_had_are_refused_with_what_was_said(looks, tmp_path):
    looks[0]["services.data.reach"] = "The dataset mnist is nowhere."
    with pytest.raises(DataUnavailable, match="is nowhere") as caught:
        ready.require(MNIST, tmp_path)
    assert caught.value.metadata == {"directory": str(tmp_path / "mnist")}


@pytest.mark.parametrize(("suffix", "asked"), [("", False), (".gz", False), (".part", True)])
def test_nobody_is_asked_where_all_files_are_there(looks, tmp_path, suffix, asked):
    (tmp_path / "mnist").mkdir()
    for split in ("train", "t10k"):
        for kind in ("images-idx3", "labels-idx1"):
            (tmp_path / "mnist" / f"{split}-{kind}-ubyte{suffix}").touch()
    ready.require(MNIST, tmp_path)
    assert bool(looks[1]) is asked


@pytest.mark.parametrize(("suffix", "asked"), [("", False), (".part", True)])
def test_an_archive_is_all_that_cifar_needs(looks, tmp_path, suffix, asked):
    (tmp_path / "cifar-10").mkdir()
    (tmp_path / "cifar-10" / f"cifar-10-python.tar.gz{suffix}").touch()
    ready.require(valid_spec(proto(dataset={"name": "cifar-10"}), CPUS), tmp_path)
    assert bool(looks[1]) is asked


CODE = Code(tensorflow=CodeSource("net.py"), files=StoredFile("0" * 64, 9))
CODED = replace(MNIST, layers=(), code=CODE)


def test_users_code_runs_where_it_is_allowed():
    ready.require_code(CODED, "tensorflow", allowed=True, traced=True)
    with pytest.raises(CodeRefused, match="--allow-code"):
        ready.require_code(CODED, "tensorflow", allowed=False, traced=True)


def test_layers_beside_the_other_framework_s_code_need_no_leave():
    beside = replace(MNIST, code=CODE)
    ready.require_code(beside, "pytorch", allowed=False, traced=True)
    with pytest.raises(CodeRefused):
        ready.require_code(beside, "tensorflow", allowed=False, traced=True)
    with pytest.raises(InvalidRequest, match=r"code\.pytorch"):
        ready.require_code(CODED, "pytorch", allowed=True, traced=True)
