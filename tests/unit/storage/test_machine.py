"""What is remembered of a machine."""

import pytest
from twinrun.v1 import job_pb2

from orchestrator.storage import machine
from tests.builders.events import SPEC


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def environment(**given):
    return job_pb2.Environment(
        **{"cpu_model": "A", "platform": "Linux-6.1-x", "available_cpus": 2, **given}
    )


def test_nothing_is_known_of_a_machine_that_was_never_seen():
    assert machine.known("never") == {}


def test_what_was_learnt_is_known_and_replaces_what_was():
    machine.learn("m", machine.NOISE, "pytorch", {"low": 0.9})
    machine.learn("m", machine.NOISE, "tensorflow", {"low": 0.8})
    machine.learn("m", machine.NOISE, "pytorch", {"low": 0.95})
    assert machine.known("m") == {"noise": {"pytorch": {"low": 0.95}, "tensorflow": {"low": 0.8}}}
    assert machine.known("n") == {}


def test_a_file_that_is_no_json_is_nothing_known_and_is_mended(home):
    machine.learn("m", machine.NOISE, "pytorch", {})
    path = home / "twinrun/machines/m.json"
    path.write_text("{")
    assert machine.known("m") == {}
    machine.learn("m", machine.NOISE, "pytorch", {"low": 1})
    assert machine.known("m") == {"noise": {"pytorch": {"low": 1}}}


def test_a_state_directory_that_cannot_be_written_to_costs_no_result(home):
    (home / "twinrun").write_text("in the way")
    machine.learn("m", machine.NOISE, "pytorch", {})
    assert machine.known("m") == {}


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
    job = {**SPEC, "execution": "EXECUTION_COMPILED"}
    assert machine.conditions(job) == "cpu float32 compiled 2 threads"
    assert machine.rates_of(job) == "cpu float32 2 threads"


def test_the_best_of_the_rates_stands_for_the_machine():
    def rate(operations, moved):
        return {"operations_per_second": operations, "bytes_per_second": moved}

    of = machine.rates_of(SPEC)
    found = {machine.RATES: {of: {"pytorch": rate(2.0, 7.0), "tensorflow": rate(3.0, 5.0)}}}
    assert machine.best_rates(found, SPEC) == (3.0, 7.0)
    assert machine.best_rates(found, {**SPEC, "threads": 1}) == (0.0, 0.0)
