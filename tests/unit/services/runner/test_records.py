"""What is kept of jobs: true in memory, on disk and after a restart, also on a full disk."""

import errno
import json

import pytest
from google.protobuf import json_format
from google.rpc import error_details_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twinrun.contract import event_log
from twinrun.contract.enums import JobState, Phase
from twinrun.contract.events import PhaseStarted, StateChanged
from twinrun.v1 import job_pb2

from services import errors
from services.pipe import FILES_FOLDER
from services.runner.records import Record, Records

SPEC = job_pb2.JobSpec(epochs=3)


@pytest.fixture
def records(tmp_path):
    return Records("pytorch", tmp_path, keep=100)


def create(records: Records, request_id="") -> Record:
    return records.create(job_pb2.JOB_KIND_TRAIN, request_id, SPEC)


def running(records: Records) -> Record:
    record = create(records)
    record.append(StateChanged(JobState.RUNNING))
    record.append(PhaseStarted(Phase.TRAIN))
    return record


def again(tmp_path) -> Records:
    return Records("pytorch", tmp_path, keep=100)


def events(record: Record) -> list[job_pb2.JobEvent]:
    return list(record.log.reader(0).read())


def reason(job: job_pb2.Job) -> str:
    info = error_details_pb2.ErrorInfo()
    assert job.error.details[0].Unpack(info)
    return info.reason


class Disk:
    """What the runner writes events to, with as much room as a test gives it."""

    def __init__(self, monkeypatch):
        self._write, self._patch = event_log._write_all, monkeypatch

    def is_full(self, but_for_the_reserve_of: Record | None = None):
        record = but_for_the_reserve_of

        def write(file, content):
            if record is not None and not (record.directory / "reserve").exists():
                return self._write(file, content)
            raise OSError(errno.ENOSPC, "No space left on device")

        self._patch.setattr(event_log, "_write_all", write)

    def has_room(self):
        self._patch.setattr(event_log, "_write_all", self._write)


@pytest.fixture
def disk(monkeypatch):
    return Disk(monkeypatch)


def test_a_job_is_on_disk_from_its_creation_with_all_that_it_was_made_of(records, tmp_path):
    record = create(records, "mine")
    found = again(tmp_path).get(record.job.job_id).job
    assert (found.kind, found.request_id, found.spec) == (job_pb2.JOB_KIND_TRAIN, "mine", SPEC)
    assert found.create_time == record.job.create_time


def test_an_ended_job_is_held_as_bytes_and_unpacked_for_whoever_asks(records):
    record = running(records)
    assert record.job is record.job
    size = record.size
    record.append(StateChanged(JobState.SUCCEEDED))
    assert record.ended
    assert record.job == record.job
    assert record.job is not record.job
    assert record.job.spec == SPEC
    assert record.size > size
    assert records.by_request_id("") is None


def test_the_state_and_its_times_follow_from_the_events(records):
    record = running(records)
    assert record.job.state == job_pb2.JOB_STATE_RUNNING
    record.append(StateChanged(JobState.SUCCEEDED))
    _, started, _, ended = events(record)
    assert record.job.start_time == started.event_time
    assert record.job.end_time == ended.event_time
    assert record.job.last_sequence == 4
    on_disk = json_format.Parse((record.directory / "job.json").read_text(), job_pb2.Job())
    assert on_disk == record.job


def test_a_job_that_ended_on_disk_alone_is_taken_from_its_events(records, tmp_path):
    record = running(records)
    before = (record.directory / "job.json").read_bytes()
    record.append(StateChanged(JobState.SUCCEEDED))
    (record.directory / "job.json").write_bytes(before)  # as if killed between the two files
    assert again(tmp_path).get(record.job.job_id).job == record.job


def test_a_job_that_cannot_be_written_down_is_refused_and_leaves_nothing(records, disk, tmp_path):
    disk.is_full()
    with pytest.raises(errors.DiskFull):
        create(records)
    assert list(tmp_path.iterdir()) == []
    assert records.page(10, "") == ([], "")


def test_room_for_the_last_event_is_kept_while_a_job_lives_and_no_longer(records):
    for end in (
        lambda record: record.append(StateChanged(JobState.SUCCEEDED)),
        lambda record: record.end(errors.Cancelled("over")),
    ):
        record = running(records)
        assert (record.directory / "reserve").stat().st_size > 30_000
        end(record)
        assert not (record.directory / "reserve").exists()


def test_a_full_disk_takes_the_last_event_from_its_reserve(records, disk, tmp_path):
    record = running(records)
    disk.is_full(but_for_the_reserve_of=record)
    with pytest.raises(OSError, match="No space"):
        record.append(PhaseStarted(Phase.EVALUATE))
    record.end(errors.DiskFull("no room"))
    assert record.unwritten is None
    found = again(tmp_path).get(record.job.job_id)
    assert found.job.state == job_pb2.JOB_STATE_FAILED
    assert reason(found.job) == "DISK_FULL"
    assert [event.sequence for event in events(found)] == [1, 2, 3, 4]


def test_an_end_that_no_disk_takes_is_kept_in_memory_with_its_number_and_time(records, disk):
    record = running(records)
    disk.is_full()
    record.end(errors.DiskFull("no room"))
    assert record.ended
    assert reason(record.job) == "DISK_FULL"
    assert record.unwritten.sequence == record.job.last_sequence == 4
    assert record.unwritten.event_time == record.job.end_time
    assert [event.sequence for event in events(record)] == [1, 2, 3]


def test_after_a_restart_such_a_job_has_failed_too(records, disk, tmp_path):
    record = running(records)
    disk.is_full()
    record.end(errors.DiskFull("no room"))
    disk.has_room()
    assert again(tmp_path).get(record.job.job_id).job.state == job_pb2.JOB_STATE_FAILED


def test_a_job_that_was_alive_has_failed_after_a_restart_once_and_for_all(records, tmp_path):
    record = running(records)
    first = again(tmp_path).get(record.job.job_id)
    assert reason(first.job) == "RUNNER_RESTARTED"
    assert [event.sequence for event in events(first)] == [1, 2, 3, 4]
    assert events(again(tmp_path).get(record.job.job_id)) == events(first)


@settings(
    max_examples=30,  # each writes files
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.text(), st.dictionaries(st.text(max_size=9), st.text() | st.integers(), max_size=3))
def test_a_job_can_end_with_any_error_whatever_it_holds(records, message, metadata):
    record = create(records)
    error = errors.again("TRAINER_FAILED", message, {})
    error.metadata = metadata
    record.end(error)
    assert record.unwritten is None
    assert len(events(record)) == 2


def test_jobs_are_paged_newest_first_without_one_missing_or_twice(records):
    ids = [create(records).job.job_id for _ in range(7)][::-1]
    for size in range(1, 9):
        found, token = [], ""
        while True:
            page, token = records.page(size, token)
            found += [record.job.job_id for record in page]
            if not token:
                break
        assert found == ids


def test_a_page_ends_where_it_would_become_too_large_for_a_message(records, monkeypatch):
    ids = [create(records).job.job_id for _ in range(7)][::-1]
    size = max(records.get(job_id).job.ByteSize() for job_id in ids)  # times differ in length
    for most, counts in ((1, [1] * 7), (3 * size, [3, 3, 1]), (100 * size, [7])):
        monkeypatch.setattr("services.runner.records._PAGE_BYTES", most)
        found, token = [], ""
        while not found or token:
            page, token = records.page(100, token)
            found.append([record.job.job_id for record in page])
        assert [len(page) for page in found] == counts
        assert [job_id for page in found for job_id in page] == ids


def test_a_page_token_that_no_page_gave_is_refused(records):
    create(records)
    with pytest.raises(errors.InvalidRequest, match=r"page_token is '\.\./x\\n'"):
        records.page(1, "../x\n")


def test_a_start_reads_one_small_file_of_each_job_that_has_ended_and_no_events(
    records, tmp_path, monkeypatch
):
    for _ in range(20):
        create(records).end(errors.Cancelled("over"))
    parsed, logs = [], []
    parse = json_format.ParseDict
    monkeypatch.setattr(json_format, "ParseDict", lambda *given: parsed.append(1) or parse(*given))
    monkeypatch.setattr("services.runner.records.EventLog", logs.append)
    page, _ = again(tmp_path).page(100, "")
    assert (len(page), len(parsed), logs) == (20, 20, [])


def test_jobs_are_in_the_order_of_their_creation_after_a_restart(records, tmp_path):
    ids = [create(records).job.job_id for _ in range(7)][::-1]
    page, _ = again(tmp_path).page(100, "")
    assert [record.job.job_id for record in page] == ids


def test_only_ended_jobs_give_way_to_new_ones(tmp_path):
    records = Records("pytorch", tmp_path, keep=1)
    alive, *ended = [create(records) for _ in range(4)]
    for record in ended:
        record.end(errors.Cancelled("over"))
    new = create(records)
    page, _ = records.page(100, "")
    assert page == [new, ended[-1], alive]
    assert {path.name for path in tmp_path.iterdir()} == {record.job.job_id for record in page}


def test_a_request_id_finds_its_job_and_an_empty_one_finds_none(records, tmp_path):
    create(records)
    record = create(records, "mine")
    assert records.by_request_id("mine") is record
    assert records.by_request_id("") is None
    assert again(tmp_path).by_request_id("mine").job.job_id == record.job.job_id


def test_a_job_whose_events_have_lost_all_sense_has_failed_after_a_restart(records, tmp_path):
    record = running(records)
    record.log.path.write_bytes(b"\0\0\n\0\0\n\0\0")
    found = again(tmp_path).get(record.job.job_id)
    assert reason(found.job) == "RUNNER_RESTARTED"
    assert [event.sequence for event in events(found)] == [1]
    assert found.job.last_sequence == 1


def test_a_reserve_that_cannot_be_given_up_does_not_keep_a_job_from_ending(records):
    record = running(records)
    (record.directory / "reserve").unlink()
    (record.directory / "reserve").mkdir()  # which unlinking refuses
    record.end(errors.Cancelled("over"))
    assert [event.sequence for event in events(record)] == [1, 2, 3, 4]
    assert record.job.last_sequence == 4


def test_a_job_as_an_earlier_version_stored_it_is_still_there_after_a_restart(records, tmp_path):
    record = create(records)
    (path,) = tmp_path.rglob("job.json")
    stored = json.loads(path.read_text())
    stored["spec"] |= {"loss": "LOSS_SOFTMAX_CROSS_ENTROPY", "perturb_initial_weights": True}
    path.write_text(json.dumps(stored))
    (found,) = Records("pytorch", tmp_path, keep=100).page(10, "")[0]
    assert found.job_id == record.job_id
    assert found.job.spec.loss.WhichOneof("kind") == "softmax_cross_entropy"
    assert found.job.spec.perturb_initial_weights == 1


def test_files_that_a_framework_read_are_deleted_with_the_end_of_their_job(records, tmp_path):
    ended, cut = running(records), running(records)
    for record in (ended, cut):
        path = record.directory / FILES_FOLDER / "train" / "0" / "1.png"
        path.parent.mkdir(parents=True)
        path.touch()
    ended.append(StateChanged(JobState.SUCCEEDED))
    there = [(record.directory / FILES_FOLDER).exists() for record in (ended, cut)]
    again(tmp_path)
    assert [*there, (cut.directory / FILES_FOLDER).exists()] == [False, True, False]
