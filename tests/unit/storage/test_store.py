import errno
import json
import math
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from twinrun.contract.enums import JobState
from twinrun.v1 import job_pb2

from orchestrator.errors import OutputError, RunNotFound, RunUnreadable
from orchestrator.storage import files, shelf, store
from orchestrator.trials.spec import message_of
from tests.builders.events import JOB, SPEC, failed_events, trial_events
from tests.builders.stored import create

NOW = datetime(2026, 11, 23, 10, 24, tzinfo=UTC)
SPEC_MESSAGE = json_format.ParseDict(SPEC, job_pb2.JobSpec())
EVENTS = trial_events(seconds=(1.0,))
LAW = settings(database=None, max_examples=50)


@pytest.fixture
def run(tmp_path):
    return create(tmp_path / "runs", "mnist-mlp", SPEC_MESSAGE, NOW)


def write(run, framework="pytorch", number=1, events=EVENTS):
    log = run.open_events(framework, number)
    for event in events:
        log.append(event)
    return run.path / "events" / f"{framework}-{number}.jsonl"


def test_a_run_directory_is_named_by_utc_time_and_workload(run):
    assert run.path.name == "20261123T102400Z-mnist-mlp"
    assert run.spec() == SPEC_MESSAGE


def test_job_json_has_the_protos_own_field_names(run):
    job = json.loads((run.path / "job.json").read_text())
    assert job == SPEC


def test_a_second_run_within_the_second_gets_a_suffix(tmp_path):
    names = [create(tmp_path, "w", SPEC_MESSAGE, NOW).path.name for _ in range(3)]
    assert names == ["20261123T102400Z-w", "20261123T102400Z-w-2", "20261123T102400Z-w-3"]


def test_events_come_back_as_they_were_written(run):
    write(run)
    assert run.events("pytorch", 1) == EVENTS


def test_an_event_can_be_read_as_soon_as_it_was_appended(run):
    log = run.open_events("pytorch", 1)
    for count, event in enumerate(EVENTS, start=1):
        log.append(event)
        assert len(run.events("pytorch", 1)) == count


@LAW
@given(
    st.lists(st.lists(st.floats(), max_size=5), max_size=5),
    st.text(max_size=20),
)
def test_any_losses_and_any_message_survive_the_store(tmp_path_factory, chunks, message):
    run = create(tmp_path_factory.mktemp("runs"), "w", SPEC_MESSAGE)
    events = [job_pb2.JobEvent(sequence=1)]
    events[0].state_changed.error.message = message
    for sequence, chunk in enumerate(chunks, start=2):
        event = job_pb2.JobEvent(sequence=sequence)
        event.steps_finished.losses.extend(chunk)
        events.append(event)
    write(run, events=events)
    found = run.events("pytorch", 1)
    assert found[0] == events[0]
    for event, chunk in zip(found[1:], chunks, strict=True):
        for value, expected in zip(event.steps_finished.losses, chunk, strict=True):
            assert value == expected or (math.isnan(value) and math.isnan(expected))


@LAW
@given(st.data())
def test_events_cut_at_any_byte_are_read_up_to_the_last_whole_line(tmp_path_factory, data):
    run = create(tmp_path_factory.mktemp("runs"), "w", SPEC_MESSAGE)
    path = write(run, events=failed_events("pytorch"))
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    found = run.events("pytorch", 1)
    assert found == failed_events("pytorch")[: whole[:cut].count(b"\n")]
    assert len(run.trials()) == 1


def test_a_log_that_was_cut_off_goes_on_where_it_was_whole(run):
    path = write(run)
    path.write_bytes(path.read_bytes()[:-10])
    log = run.open_events("pytorch", 1)
    assert log.last_sequence == len(EVENTS) - 1
    for event in EVENTS:  # replayed from the first
        log.append(event)
    assert run.events("pytorch", 1) == EVENTS


def test_a_broken_line_within_a_file_is_named_with_its_number(run):
    path = write(run)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], b"{broken\n", *lines[2:]]))
    with pytest.raises(RunUnreadable, match=r"pytorch-1\.jsonl, line 3, is not a JobEvent"):
        run.trials()


@pytest.mark.parametrize(
    "line", [b"\xff\xfe\n", b"[1]\n", b'{"sequence": "x"}\n', b"\n", b"null\n"]
)
def test_a_line_that_is_no_event_is_unreadable_and_not_a_crash(run, line):
    path = write(run, events=[])
    path.write_bytes(line)
    with pytest.raises(RunUnreadable, match="line 1"):
        run.events("pytorch", 1)


def test_a_field_of_a_later_version_is_passed_over(run):
    path = write(run, events=[])
    path.write_bytes(b'{"sequence": "1", "not_yet_known": {"a": 1}}\n')
    assert run.events("pytorch", 1) == [job_pb2.JobEvent(sequence=1)]


def test_a_spec_that_is_no_spec_is_named(run):
    (run.path / "job.json").write_text('{"epochs": "many"}')
    with pytest.raises(RunUnreadable, match=r"job\.json has a job spec .* epochs"):
        run.spec()


def test_trials_come_by_framework_and_number_with_their_completed_spec(run):
    for framework, number in (("tensorflow", 1), ("pytorch", 10), ("pytorch", 2)):
        write(run, framework, number)
    job = job_pb2.Job(job_id="j", spec=SPEC_MESSAGE, state=job_pb2.JOB_STATE_SUCCEEDED)
    run.write_job("pytorch", 2, job)
    found = run.trials()
    assert [trial.name for trial in found] == ["pytorch-2", "pytorch-10", "tensorflow-1"]
    assert [trial.spec for trial in found] == [JOB, None, None]
    assert run.job("pytorch", 2) == job
    assert run.job("pytorch", 10) is None


def test_a_run_killed_in_the_middle_of_a_trial_can_be_read(run):
    path = write(run, events=EVENTS[:12])
    with path.open("ab") as file:
        file.write(b'{"sequence": "13", "steps_fin')
    (trial,) = run.trials()
    assert trial.state is JobState.RUNNING
    assert len(run.events("pytorch", 1)) == 12


def test_weights_come_back_byte_for_byte(run):
    run.write_initial_weights("pytorch", 1, b"\x00\x01")
    run.write_weights("pytorch", 1, b"\x02\x03")
    assert run.weights("pytorch", 1) == b"\x02\x03"
    assert (run.path / "initial_weights.safetensors").read_bytes() == b"\x00\x01"


def test_weights_that_were_not_stored_are_named(run):
    with pytest.raises(RunNotFound, match=r"no weights of tensorflow-1.*It has none"):
        run.weights("tensorflow", 1)


def test_environments_comparison_and_figures_lie_where_the_design_says(run):
    run.write_environments({"pytorch": job_pb2.Environment(framework="pytorch", threads=2)})
    run.write_comparison({"schema": "x"})
    run.write_figures({"loss.svg": b"<svg/>"})
    read = json.loads((run.path / "environments.json").read_text())
    assert read == {"pytorch": {"framework": "pytorch", "threads": 2}}
    assert json.loads((run.path / "comparison.json").read_text()) == {"schema": "x"}
    assert (run.path / "figures" / "loss.svg").read_bytes() == b"<svg/>"


def test_a_file_that_could_not_be_written_whole_leaves_the_old_one_and_nothing_else(
    run, monkeypatch
):
    run.write_comparison({"version": 1})
    before = sorted(run.path.iterdir())

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"comparison\.json: No space left on device.*--output"):
        run.write_comparison({"version": 2})
    assert json.loads((run.path / "comparison.json").read_text()) == {"version": 1}
    assert sorted(run.path.iterdir()) == before


def test_a_full_disk_while_appending_is_an_output_error_that_names_the_file(run):
    log = run.open_events("pytorch", 1)
    path = run.path / "events" / "pytorch-1.jsonl"
    path.unlink()
    path.symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"pytorch-1\.jsonl: No space left"):
        log.append(EVENTS[0])
    assert log.last_sequence == 0


@pytest.mark.parametrize("output", ["/dev/null", "/dev/null/runs", "/proc/runs"])
def test_an_output_that_cannot_be_made_is_an_output_error_that_names_it(output):
    with pytest.raises(OutputError, match=rf"{output}.*--output") as caught:
        create(Path(output), "w", SPEC_MESSAGE)
    assert caught.value.exit_code == 5


def test_a_run_is_found_by_path_by_name_and_as_the_latest(tmp_path, monkeypatch):
    first = create(tmp_path, "b", SPEC_MESSAGE, NOW)
    second = create(tmp_path, "a", SPEC_MESSAGE, NOW.replace(second=1))
    monkeypatch.chdir(tmp_path)
    assert shelf.find(str(first.path), tmp_path / "elsewhere") == first
    assert shelf.find(first.path.name, tmp_path) == first
    assert shelf.find("latest", tmp_path) == second
    assert shelf.find(second.path.name, tmp_path / "elsewhere") == store.Run(Path(second.path.name))


def test_runs_of_one_second_are_listed_as_they_were_made(tmp_path):
    made = [create(tmp_path, "w", SPEC_MESSAGE, NOW) for _ in range(11)]
    made[0].write_spec(SPEC_MESSAGE)
    assert shelf.runs(tmp_path) == made


def test_the_completed_spec_takes_the_place_of_what_was_asked_for(run):
    completed = job_pb2.JobSpec(epochs=7)
    run.write_spec(completed)
    assert run.spec() == completed


def test_a_trial_that_began_with_other_weights_keeps_its_own(run):
    for framework, content in (("pytorch", b"1"), ("tensorflow", b"1"), ("third", b"2")):
        run.write_initial_weights(framework, 1, content)
    found = [run.initial_weights(name, 1) for name in ("pytorch", "tensorflow", "third")]
    assert found == [b"1", b"1", b"2"]
    assert len(list(run.path.rglob("*.safetensors"))) == 2


def test_a_certificate_comes_back_and_a_broken_one_is_named(run):
    assert run.certificate() is None
    run.write_certificate({"same_job": True})
    assert run.certificate() == {"same_job": True}
    (run.path / "certificate.json").write_text("{")
    with pytest.raises(RunUnreadable, match=r"certificate\.json"):
        run.certificate()


def test_a_directory_without_a_job_is_no_run(tmp_path):
    (tmp_path / "20991123T102400Z-half").mkdir()
    made = create(tmp_path, "w", SPEC_MESSAGE, NOW)
    assert shelf.runs(tmp_path) == [made]
    with pytest.raises(RunNotFound):
        shelf.find("20991123T102400Z-half", tmp_path)


@pytest.mark.parametrize("name", ["latest", "nothing", "", "../..", "a\0b"])
def test_a_run_that_is_not_there_is_bad_input_that_names_the_place(tmp_path, name):
    with pytest.raises(RunNotFound, match=str(tmp_path)) as caught:
        shelf.find(name, tmp_path)
    assert caught.value.exit_code == 2


def test_a_job_as_an_earlier_version_stored_it_is_read(tmp_path):
    path = tmp_path / "pytorch-1.json"
    for perturbed in (True, False):
        spec = {"loss": "LOSS_SOFTMAX_CROSS_ENTROPY", "perturb_initial_weights": perturbed}
        path.write_text(json.dumps({"job_id": "a", "spec": spec}))
        read = files.parse_job(path).spec
        assert read.loss.WhichOneof("kind") == "softmax_cross_entropy"
        assert read.perturb_initial_weights == perturbed
        assert message_of(spec, "a job").perturb_initial_weights == perturbed
