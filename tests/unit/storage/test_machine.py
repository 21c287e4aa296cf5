"""What is remembered of a machine."""

from dataclasses import replace

import pytest
from twinrun.contract.converters.specs import spec_to_proto
from twinrun.contract.events import MachineMeasured
from twinrun.v1 import job_pb2

from orchestrator.errors import RunUnreadable
from orchestrator.storage import machine
from orchestrator.storage.machine import Known, Noise
from orchestrator.trials.mappings.stored import fields_of
from tests.builders.events import JOB
from tests.builders.events import job as spec
from tests.builders.stored import create


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def environment(**given):
    return job_pb2.Environment(
        **{"cpu_model": "A", "platform": "Linux-6.1-x", "available_cpus": 2, **given}
    )


NOISE = Noise(0.9, 1.1, 8, "w", "2026-11-24T00:00:00+00:00")


def test_nothing_is_known_of_a_machine_that_was_never_seen():
    assert machine.known("never") == Known()


def test_what_was_learnt_is_known_and_replaces_what_was():
    for name, low in (("pytorch", 0.9), ("tensorflow", 0.8), ("pytorch", 0.95)):
        machine.learn_noise("m", name, replace(NOISE, low=low))
    found = {"pytorch": replace(NOISE, low=0.95), "tensorflow": replace(NOISE, low=0.8)}
    assert machine.known("m") == Known(noise=found)
    assert machine.known("n") == Known()


def test_rates_are_kept_by_framework_beside_the_noise():
    of = environment()
    machine.learn_noise(machine.key(of), "pytorch", NOISE)
    for name in ("pytorch", "tensorflow"):
        measured = job_pb2.MachineMeasured(operations_per_second=2.0, bytes_per_second=3.0)
        machine.keep_rates({name: measured}, {name: of}, {name: spec_to_proto(JOB)})
    found = machine.known(machine.key(of))
    both = dict.fromkeys(("pytorch", "tensorflow"), MachineMeasured(2.0, 3.0))
    assert found == Known({"pytorch": NOISE}, {machine.rates_of(JOB): both})


@pytest.mark.parametrize("content", ["{", "[]", '{"noise": {"pytorch": {"low": 1}}}', "3"])
def test_a_file_that_cannot_be_read_is_nothing_known_and_is_mended(home, content):
    machine.learn_noise("m", "pytorch", NOISE)
    path = home / "twinrun/machines/m.json"
    path.write_text(content)
    assert machine.known("m") == Known()
    machine.learn_noise("m", "pytorch", NOISE)
    assert machine.known("m") == Known({"pytorch": NOISE})


def test_what_was_known_when_a_run_was_made_is_read_back_from_any_version(tmp_path):
    run = create(tmp_path)
    assert machine.of_run(run) == Known()
    run.write_known({})
    assert machine.of_run(run) == Known()
    run.write_known({"noise": {"pytorch": {**fields_of(NOISE), "later": 1}}})
    assert machine.of_run(run) == Known({"pytorch": NOISE})
    run.write_known({"noise": {"pytorch": 3}})
    with pytest.raises(RunUnreadable, match=r"machine\.json"):
        machine.of_run(run)


def test_a_state_directory_that_cannot_be_written_to_costs_no_result(home):
    (home / "twinrun").write_text("in the way")
    machine.learn_noise("m", "pytorch", NOISE)
    assert machine.known("m") == Known()


@pytest.mark.parametrize(
    "other",
    [
        {"cpu_model": "B"},
        {"available_cpus": 4},
        {"platform": "macOS-15"},
        {"accelerators": [job_pb2.Accelerator(name="H100")]},
    ],
)
def test_other_hardware_is_another_machine(other):
    assert machine.key(environment()) != machine.key(environment(**other))


def test_another_kernel_is_the_same_machine():
    assert machine.key(environment()) == machine.key(environment(platform="Linux-6.2-y"))


def test_conditions_are_what_noise_and_rates_depend_on():
    job = spec(execution="EXECUTION_COMPILED")
    assert machine.conditions(job) == "cpu float32 compiled 2 threads"
    assert machine.rates_of(job) == "cpu float32 2 threads"


def test_a_job_on_several_devices_has_conditions_and_rates_of_its_own():
    one, two = spec(devices=1), spec(devices=2)
    assert machine.conditions(one) == machine.conditions(JOB) == "cpu float32 default 2 threads"
    assert machine.conditions(two) == "cpu float32 default 2 threads 2 devices"
    assert machine.rates_of(one) == machine.rates_of(JOB) == "cpu float32 2 threads"
    assert machine.rates_of(two) == "cpu float32 2 threads 2 devices"


def test_products_of_each_precision_have_a_rate_of_their_own():
    precisions = [
        spec(precision=f"PRECISION_{name}", device="DEVICE_CUDA")
        for name in ("FLOAT32", "FLOAT64", "BFLOAT16")
    ]
    tf32 = spec(allow_tf32=True, device="DEVICE_CUDA")
    found = {machine.rates_of(each) for each in (*precisions, tf32)}
    assert len(found) == 4
    assert machine.rates_of(tf32) == "cuda tf32 2 threads"
    on_cpu, double = spec(allow_tf32=True), spec(allow_tf32=True, precision="PRECISION_FLOAT64")
    assert machine.rates_of(on_cpu) == machine.rates_of(JOB)
    assert "tf32" not in machine.rates_of(double)


def test_the_best_of_the_rates_stands_for_the_machine():
    both = {"pytorch": MachineMeasured(2.0, 7.0), "tensorflow": MachineMeasured(3.0, 5.0)}
    found = Known(rates={machine.rates_of(JOB): both})
    assert machine.best_rates(found, JOB) == (3.0, 7.0)
    assert machine.best_rates(found, spec(threads=1)) == (0.0, 0.0)
