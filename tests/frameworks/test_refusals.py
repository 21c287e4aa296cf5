"""A trainer reports what it does not support at once, with the remedy."""

import sysconfig

import pytest
from twinrun.contract.enums import Device, Execution, Loop, Recipe

from services.errors import DeviceUnavailable, Unsupported
from tests.frameworks import jobs


def build(framework, **changes):
    job = jobs.spec(**changes)
    return framework.Trainer(job, jobs.data(job.precision), jobs.weights(job))


def test_cuda_where_there_is_none_is_refused_with_what_was_found_and_the_remedy(framework):
    with pytest.raises(DeviceUnavailable, match=r"device is cuda, but .* use device cpu, or ") as e:
        build(framework, device=Device.CUDA)
    assert e.value.metadata == {"device": "cuda"}


@pytest.mark.parametrize("loop", Loop)
@pytest.mark.parametrize("recipe", Recipe)
def test_a_loss_that_is_not_known_is_never_taken_for_another(framework, recipe, loop):
    with pytest.raises(AssertionError, match="hinge"):
        build(framework, recipe=recipe, loop=loop, loss="hinge")


def test_threads_that_cannot_be_changed_any_more_are_refused(framework, name):
    build(framework)
    if name == "pytorch":  # its threads can be changed at any time
        assert build(framework, threads=3).environment().threads == 3
        return
    with pytest.raises(Unsupported, match=r"threads is 3, but .* 1; run the job in a new") as e:
        build(framework, threads=3)
    assert e.value.metadata == {"field": "threads"}


@pytest.mark.parametrize("lacking", ["the compiler", "its headers"])
def test_compiled_without_a_compiler_is_refused_before_anything_is_compiled(
    framework, name, monkeypatch, tmp_path, lacking
):
    if name != "pytorch":
        pytest.skip("XLA brings its own compiler")
    monkeypatch.delenv("CXX", raising=False)
    if lacking == "the compiler":
        monkeypatch.setenv("PATH", str(tmp_path))
    else:
        monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    with pytest.raises(Unsupported, match=r"install .* use execution default") as e:
        build(framework, execution=Execution.COMPILED)
    assert e.value.metadata == {"field": "execution"}
