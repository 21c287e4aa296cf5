"""Jobs that machines train together: runners of fake frameworks, on one machine by their ports."""

import json
import signal
from pathlib import Path

import pytest
from twinrun.contract.enums import JobState
from twinrun.v1 import job_pb2, runner_service_pb2

from orchestrator.storage import shelf
from tests.builders.clusters import active
from tests.builders.commands import SMALL, await_epoch
from tests.builders.runners import by_name, runners, small_spec
from tests.builders.swept import cells
from tests.waiting import HANG_SECONDS, eventually

COMPARE = ("compare", *SMALL, "--epochs=2", "--no-verify", "--aa=pytorch")
FIRST, SECOND = "first", "second"


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    """Two machines with a runner each."""
    with runners(tmp_path_factory.mktemp("machines")) as start:
        yield {name: start("together", "--allow-together", name=name) for name in (FIRST, SECOND)}


@pytest.fixture
def over(tmp_path):
    """Write the file of machines by their addresses."""

    def over(**addresses):
        file = tmp_path / "hosts.toml"
        lines = [f'[hosts.{name}]\npytorch = "{at}"' for name, at in addresses.items()]
        file.write_text("\n".join(lines))
        return f"--over={file}"

    return over


@pytest.fixture
def both(machines, over):
    return over(**{name: runner.address for name, runner in machines.items()})


def jobs_of(runner):
    return list(runner.stub.ListJobs(runner_service_pb2.ListJobsRequest()).jobs)


def errors(run):
    return [trial.error.message for trial in run.trials() if trial.error]


def test_each_trial_is_of_all_machines_and_reported_once(machines, both, orchestrator):
    before = {name: len(jobs_of(runner)) for name, runner in machines.items()}
    orchestrator.run(*COMPARE, "--devices=4", "--repeats=2", "--same-seed", both)
    run = orchestrator.latest()
    assert [trial.state for trial in run.trials()] == [JobState.SUCCEEDED] * 4
    for name, runner in machines.items():
        assert len(jobs_of(runner)) == before[name] + 4
    found = json.loads((run.path / "runners.json").read_text())["pytorch"]["machines"]
    assert found == {name: runner.address for name, runner in machines.items()}
    assert "--over hosts.toml" in run.page_path.read_text()


def test_a_job_of_one_device_is_the_first_machines(machines, both, orchestrator):
    before = {name: len(jobs_of(runner)) for name, runner in machines.items()}
    sides = ("--side=pytorch", "--side=pytorch: devices=2")
    orchestrator.run(*COMPARE[:-1], *sides, both)
    assert len(jobs_of(machines[FIRST])) == before[FIRST] + 2
    assert len(jobs_of(machines[SECOND])) == before[SECOND] + 1


def test_a_certificate_is_of_all_machines_too(both, orchestrator):
    sides = ("--frameworks=pytorch", "--devices=1,2")
    done = orchestrator.run("verify", *SMALL, *sides, both)
    assert "The same job" in done.stdout


def test_a_machine_that_is_killed_fails_the_trial_with_its_name(machines, both, orchestrator):
    process = orchestrator.start(*COMPARE, "--devices=2", "--seed=1", "--same-seed", both)
    ended = job_pb2.JOB_STATE_FAILED
    assert eventually(lambda: jobs_of(machines[SECOND])[0].state == ended)
    machines[FIRST].open("lost")  # which it notices after that
    _, stderr = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 4, stderr
    killed = "On the machine second: The job's process was killed by signal 9 (SIGKILL)"
    found = errors(orchestrator.latest())
    assert len(found) == 2
    assert all(each.startswith(killed) for each in found), found
    assert killed in stderr
    assert not any(map(active, machines.values()))


def test_machines_that_end_with_other_weights_have_failed(both, orchestrator):
    done = orchestrator.run(*COMPARE, "--devices=2", "--seed=2", "--same-seed", both, code=4)
    said = "The machine second has other weights at the end than first"
    assert said in done.stderr
    assert all(said in each for each in errors(orchestrator.latest()))


def test_a_runner_that_is_killed_ends_the_command_with_its_machines_name(
    machines, over, orchestrator, start
):
    dying = start("together", "--allow-together", name="dying")
    both = over(first=machines[FIRST].address, dying=dying.address)
    process = orchestrator.start(*COMPARE, "--devices=2", "--seed=3", "--same-seed", both)
    await_epoch(orchestrator, process)
    dying.stop(signal.SIGKILL)
    _, stderr = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 3, stderr
    assert "On the machine dying: The pytorch runner at" in stderr
    (trial,) = orchestrator.latest().trials()
    assert trial.state is JobState.FAILED
    assert "On the machine dying" in trial.error.message
    assert not active(machines[FIRST])
    assert eventually(lambda: dying.descendants == [])


def test_ctrl_c_cancels_on_all_machines(machines, both, orchestrator):
    process = orchestrator.start(*COMPARE, "--devices=2", "--seed=3", "--same-seed", both)
    await_epoch(orchestrator, process)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130, stderr
    for runner in machines.values():
        assert eventually(lambda runner=runner: not active(runner)), "a part goes on"
    (trial,) = orchestrator.latest().trials()
    assert trial.state is JobState.CANCELLED


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--devices=3",), "devices is 3, and 2 machines train the job"),
        ((), "no side has more than one device"),
        (
            ("--devices=2", "--concurrent", "--pytorch=a:1", "--cluster=x"),
            "leave out --pytorch, --concurrent, --cluster",
        ),
    ],
)
def test_what_several_machines_cannot_do_is_refused(both, orchestrator, given, said):
    refused = orchestrator.run(*COMPARE, *given, both, code=2)
    assert said in " ".join(refused.stderr.split())
    assert not shelf.runs(orchestrator.output)


def test_machines_that_do_not_fit_are_refused(machines, over, orchestrator, start):
    first = machines[FIRST].address
    for addresses, said in (
        ({"alone": first}, "is one machine"),
        ({"first": first, "far": "192.0.2.1:1"}, "the address of first is of the loopback"),
    ):
        refused = orchestrator.run(*COMPARE, "--devices=2", over(**addresses), code=2)
        assert said in " ".join(refused.stderr.split())
    file = over(first=first, again=first.replace("127.0.0.1", "localhost"))
    refused = orchestrator.run(*COMPARE, "--devices=2", file, code=2)
    assert "is also that of another machine" in " ".join(refused.stderr.split())
    assert not active(machines[FIRST])
    file = over(first=first, other=start("of_2_13").address)
    refused = orchestrator.run(*COMPARE, "--devices=2", file, code=2)
    assert "not alike" in refused.stderr
    assert "framework_version: '0.0-fake' on first; '2.13.0+fake' on other" in refused.stderr
    file = over(first=first, second=machines[SECOND].address)
    missing = ("--side=pytorch: devices=2", "--side=tensorflow: devices=2")
    refused = orchestrator.run(*COMPARE[:-1], *missing, file, code=2)
    for name in (FIRST, SECOND):
        assert f"[hosts.{name}]: there is no address of tensorflow" in refused.stderr


def test_a_runner_refuses_a_part_that_no_machine_can_be(machines):
    runner = machines[FIRST]
    group = runner_service_pb2.Group(addresses=["a:1", "b"], place=2)
    request = runner_service_pb2.TrainRequest(
        spec=small_spec(devices=3), group=group, process=runner_service_pb2.PROCESS_USE_SHARED
    )
    with pytest.raises(Exception, match=r"group\.place is 2") as refused:
        runner.stub.Train(request)
    for said in ("group.addresses[1] is 'b'", "multiple of 2", "process is shared"):
        assert said in refused.value.details()
    assert 0 < runner.stub.FindPort(runner_service_pb2.FindPortRequest()).port < 2**16


def test_a_runner_that_was_not_started_for_it_refuses_with_the_remedy(
    machines, over, orchestrator, start
):
    closed = start("together", name="closed")
    both = over(first=machines[FIRST].address, closed=closed.address)
    done = orchestrator.run(*COMPARE, "--devices=2", both, code=2)
    assert "--allow-together" in done.stderr
    assert jobs_of(closed) == []


SWEEP = ("sweep", *SMALL, "--epochs=2", "--no-verify", "--aa=pytorch", "--devices=1,2")


def test_each_cell_of_a_sweep_is_of_all_machines(machines, both, orchestrator):
    before = {name: len(jobs_of(runner)) for name, runner in machines.items()}
    orchestrator.run(*SWEEP, "--repeats=2", "--same-seed", both)
    assert len(jobs_of(machines[FIRST])) == before[FIRST] + 8
    assert len(jobs_of(machines[SECOND])) == before[SECOND] + 4  # of two devices
    refused = orchestrator.run(*SWEEP[:-1], "--batch-size=50,100", both, code=2)
    assert "no side has more than one device" in " ".join(refused.stderr.split())
    refused = orchestrator.run(*SWEEP, both, "--cluster=x", code=2)
    assert "leave out --cluster" in " ".join(refused.stderr.split())


def test_a_sweep_over_machines_that_was_killed_goes_on_with_the_same_ones(
    over, orchestrator, start
):
    own = {name: start("together", "--allow-together", name=f"own-{name}") for name in "ab"}
    file = over(**{name: runner.address for name, runner in own.items()})
    process = orchestrator.start(*SWEEP, "--seed=3", "--same-seed", file)
    waits = lambda: all(map(active, own.values()))  # noqa: E731 - a part on each
    assert eventually(lambda: process.poll() is not None or waits())
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=HANG_SECONDS)
    kept = {(trial.framework, trial.number) for trial in ended(orchestrator)}
    assert len(kept) in (0, 2), "only the cell of one device can have ended"
    over(a=own["a"].address, c=own["b"].address)
    refused = orchestrator.run("resume", "latest", code=2)
    assert "over the machines a, b, and --over names a, c now" in " ".join(refused.stderr.split())
    over(**{name: runner.address for name, runner in own.items()})
    for runner in own.values():
        runner.open("end")
    orchestrator.run("resume", "latest")
    assert {trial.state for trial in ended(orchestrator)} == {JobState.SUCCEEDED}
    assert len(ended(orchestrator)) == 4
    assert not any(map(active, own.values()))


def ended(orchestrator):
    """The trials of a sweep's cells that have ended."""
    trials = [trial for cell in cells(orchestrator.latest()).values() for trial in cell.trials()]
    return [trial for trial in trials if trial.state.ended]


def test_their_runners_may_have_tls(over, orchestrator, start, tmp_path):
    certs = tmp_path / "certs"
    orchestrator.run("certs", "new", str(certs), "--host=localhost")
    files = {"cert": "runner.pem", "key": "runner-key.pem", "client-ca": "ca.pem"}
    secured = [f"--tls-{flag}={certs / name}" for flag, name in files.items()]
    own = {n: start("together", "--allow-together", *secured, name=f"tls-{n}") for n in "ab"}
    file = over(**{name: by_name(runner) for name, runner in own.items()})
    refused = orchestrator.run(*COMPARE, "--devices=2", file, code=2)
    assert "speaks TLS" in refused.stderr
    path = Path(file.partition("=")[2])
    path.write_text(f'tls = "{certs}"\n' + path.read_text())
    orchestrator.run(*COMPARE, "--devices=2", file)
    assert {trial.state for trial in orchestrator.latest().trials()} == {JobState.SUCCEEDED}
