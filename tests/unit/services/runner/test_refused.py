"""What a framework lacks is refused where a job is submitted, without the framework."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from twinrun.contract.enums import Execution
from twinrun.v1 import job_pb2, runner_service_pb2

from services import frameworks, refusals
from services.errors import Unsupported
from services.runner.servicer import Servicer
from services.runner.validation import valid_spec
from tests.builders.specs import CPUS, proto

EAGER = proto(dataset={"name": "synthetic"}, execution="EXECUTION_EAGER")
OWN = [name for name, each in frameworks.FRAMEWORKS.items() if not each.keras]
NOBODY = SimpleNamespace()
CALLS = {
    "Train": lambda spec: runner_service_pb2.TrainRequest(spec=spec, validate_only=True),
    "Evaluate": lambda spec: runner_service_pb2.EvaluateRequest(spec=spec),
    "Measure": lambda spec: runner_service_pb2.MeasureRequest(spec=spec),
    "Summarize": lambda spec: runner_service_pb2.SummarizeRequest(spec=spec),
    "Preview": lambda spec: runner_service_pb2.PreviewRequest(spec=spec),
}


def servicer(framework: str) -> Servicer:
    jobs = SimpleNamespace(data_dir=NOBODY)
    return Servicer(framework, jobs, 1, 1, 1, blobs=NOBODY, guard=NOBODY)


@pytest.mark.parametrize("name", CALLS)
def test_each_call_refuses_it_in_one_sentence_with_the_remedy(name):
    call = getattr(servicer("jax"), name)
    with pytest.raises(Unsupported, match=r"JAX makes a .*; take execution default") as e:
        call(CALLS[name](EAGER), None)
    assert e.value.metadata == {"field": "execution"}
    assert "jax" not in sys.modules


def test_a_framework_that_has_it_takes_it():
    job = servicer("pytorch").Train(CALLS["Train"](EAGER), None)
    assert job.spec.execution == job_pb2.EXECUTION_EAGER


SHARED = {"dataset": {"name": "synthetic"}, "threads": 2, "devices": 2}
UNSHARED = {
    "jax": ({"batch_size": 15}, r"devices is 2 and batch_size 15, .*; take a batch_size that dev"),
    "tensorflow": ({"execution": "EXECUTION_EAGER"}, r"devices is 2, .*; take execution default"),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("framework", UNSHARED)
def test_steps_that_a_framework_cannot_share_among_devices_are_refused(framework, name):
    changes, said = UNSHARED[framework]
    asked = proto(**{"batch_size": 16, **SHARED, **changes})
    with pytest.raises(Unsupported, match=said) as e:
        getattr(servicer(framework), name)(CALLS[name](asked), None)
    assert e.value.metadata == {"field": "devices"}
    assert framework not in sys.modules


@pytest.mark.parametrize("framework", OWN)
def test_steps_that_it_can_share_are_taken(framework):
    require = refusals.require_supported
    require(framework, valid_spec(proto(**{**SHARED, "devices": 1, "batch_size": 15}), CPUS))
    lacks = "devices" in frameworks.FRAMEWORKS[framework].lacks
    if not lacks or framework in UNSHARED:  # which refuse some steps alone
        require(framework, valid_spec(proto(**{**SHARED, "batch_size": 16}), CPUS))
    if not lacks:
        changes, _ = UNSHARED["tensorflow"]
        require(framework, valid_spec(proto(**{**SHARED, "batch_size": 16, **changes}), CPUS))


def test_a_measurement_is_of_one_device():
    submitted = []
    jobs = SimpleNamespace(data_dir=NOBODY, submit=lambda *what, **_: submitted.append(what[2]))
    guard = SimpleNamespace(caller=lambda _: SimpleNamespace(name=""))
    runner = Servicer("pytorch", jobs, 1, 1, 1, blobs=NOBODY, guard=guard)
    asked = proto(dataset={"name": "synthetic"}, threads=2, devices=2)
    runner.Measure(CALLS["Measure"](asked), None)
    assert [(each.devices, each.device_threads) for each in submitted] == [(1, 2)]


def test_what_none_refuses_is_taken():
    job = servicer("jax").Train(CALLS["Train"](proto(dataset={"name": "synthetic"})), None)
    assert job.spec.execution == job_pb2.EXECUTION_DEFAULT


@pytest.mark.parametrize("framework", OWN)
def test_only_one_that_lacks_something_refuses(framework):
    spec = valid_spec(proto(dataset={"name": "synthetic"}), CPUS)
    refusals.require_supported(framework, spec)
    eager = replace(spec, execution=Execution.EAGER)
    if "execution" in frameworks.FRAMEWORKS[framework].lacks:
        with pytest.raises(Unsupported):
            refusals.require_supported(framework, eager)
    else:
        refusals.require_supported(framework, eager)
