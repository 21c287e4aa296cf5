"""Whether trials may run at once, and what job it is that they run."""

import pytest
from twinrun.v1 import job_pb2

from orchestrator.errors import (
    BadInput,
    WrongRunner,
)
from orchestrator.runners import coded
from orchestrator.runners.planning import completed, untrained, why_not_at_once
from tests.builders.scripted import BOTH, FakeClient, FakeRunners


def environment(*uuids):
    return job_pb2.Environment(accelerators=[job_pb2.Accelerator(uuid=uuid) for uuid in uuids])


CUDA = job_pb2.JobSpec(device=job_pb2.DEVICE_CUDA)
FIRST, SECOND = environment("GPU-aa", "GPU-bb"), environment("GPU-bb")


@pytest.mark.parametrize(
    ("spec", "pytorch", "tensorflow", "said"),
    [
        (CUDA, FIRST, SECOND, None),
        (CUDA, FIRST, FIRST, "the PyTorch and TensorFlow runners both use the GPU GPU-aa"),
        (CUDA, FIRST, environment(), "the TensorFlow runner does not report which GPU it uses"),
        (CUDA, environment(""), SECOND, "the PyTorch runner does not report which GPU it uses"),
        (CUDA, None, SECOND, "the PyTorch runner does not report which GPU it uses"),
        (job_pb2.JobSpec(), FIRST, SECOND, "trials on a CPU would take time from each other"),
    ],
)
def test_trials_run_at_once_only_where_each_is_known_to_have_its_own_gpu(
    spec, pytorch, tensorflow, said
):
    environments = {"pytorch": pytorch, "tensorflow": tensorflow}
    assert why_not_at_once(dict.fromkeys(environments, spec), environments) == said


def test_of_three_that_run_at_once_no_two_share_a_gpu():
    third = {"pytorch": FIRST, "tensorflow": SECOND, "jax": environment("GPU-aa")}
    assert "PyTorch and JAX" in why_not_at_once(dict.fromkeys(third, CUDA), third)


@pytest.mark.parametrize(
    ("pytorch", "tensorflow", "shared"),
    [(1, 1, ""), (2, 1, "GPU-bb"), (2, 2, "GPU-bb"), (1, 2, "")],
)
def test_a_job_of_several_devices_has_the_first_gpus_of_its_runner(pytorch, tensorflow, shared):
    counts = {"pytorch": pytorch, "tensorflow": tensorflow}
    specs = {
        name: job_pb2.JobSpec(device=job_pb2.DEVICE_CUDA, devices=count)
        for name, count in counts.items()
    }
    seen = {"pytorch": FIRST, "tensorflow": environment("GPU-bb", "GPU-cc")}
    found = why_not_at_once(specs, seen)
    assert (found is None) is not bool(shared)
    assert shared in (found or "")


def test_a_spec_is_completed_once_by_the_first_runner_and_every_runner_may_refuse_it():
    clients = [FakeClient(name) for name in BOTH]
    asked = job_pb2.JobSpec()
    found = completed(asked, BOTH, FakeRunners(*clients))
    assert (found.seed, found.threads) == (7, 2)
    assert asked == job_pb2.JobSpec()
    assert [client.specs for client in clients] == [[job_pb2.JobSpec(threads=2)]] * 2
    clients[1].refuses = BadInput("no")
    with pytest.raises(BadInput, match="no"):
        completed(asked, BOTH, FakeRunners(*clients))


def test_a_job_that_nobody_trains_is_asked_of_kerass_runners_in_their_recipe():
    names = (*BOTH, "keras-jax")
    clients = [FakeClient(name) for name in names]
    asked = job_pb2.JobSpec(recipe=job_pb2.RECIPE_MATCHED, devices=2)
    found = untrained(asked, names, FakeRunners(*clients))
    assert {name: spec.recipe for name, spec in found.items()} == {
        "pytorch": job_pb2.RECIPE_MATCHED,
        "tensorflow": job_pb2.RECIPE_MATCHED,
        "keras-jax": job_pb2.RECIPE_IDIOMATIC,
    }
    assert {spec.threads for spec in found.values()} == {2}  # the fewest CPUs of any
    assert not any(spec.HasField("devices") for spec in found.values())
    assert asked == job_pb2.JobSpec(recipe=job_pb2.RECIPE_MATCHED, devices=2)


def test_kerass_runners_alone_are_asked_too():
    found = untrained(job_pb2.JobSpec(), ["keras-jax"], FakeRunners(FakeClient("keras-jax")))
    assert [spec.recipe for spec in found.values()] == [job_pb2.RECIPE_IDIOMATIC]


def test_a_job_that_two_runners_complete_differently_is_refused():
    clients = [FakeClient(name) for name in BOTH]
    clients[1].validate = lambda spec: job_pb2.JobSpec(seed=8, threads=2)
    with pytest.raises(WrongRunner, match=r"tensorflow runners .* differently: in seed"):
        completed(job_pb2.JobSpec(), BOTH, FakeRunners(*clients))


@pytest.mark.parametrize("recipe", [job_pb2.RECIPE_MATCHED, job_pb2.RECIPE_IDIOMATIC])
def test_the_arrays_of_a_users_model_are_paired_once_whatever_the_recipe(monkeypatch, recipe):
    asked = []

    def paired(spec, clients):
        asked.append([client.framework for client in clients])
        whole = job_pb2.JobSpec()
        whole.CopyFrom(spec)
        whole.code.tensors.add(name="fc.kernel")
        return whole

    monkeypatch.setattr(coded, "paired", paired)
    spec = job_pb2.JobSpec(recipe=recipe, code=job_pb2.Code())
    clients = [FakeClient(name) for name in BOTH]
    completed(spec, BOTH, FakeRunners(*clients))
    spec.code.tensors.add(name="fc.kernel")
    completed(spec, BOTH, FakeRunners(*clients))
    assert asked == [list(BOTH)]
    assert [len(each.code.tensors) for client in clients for each in client.specs] == [1] * 4
