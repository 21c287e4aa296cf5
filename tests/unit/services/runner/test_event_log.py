"""The log of a job's events: numbered without a gap, whatever interrupts the writing."""

import errno
import math
import threading
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twinrun.contract import event_log
from twinrun.v1.job_pb2 import JobEvent

from services.runner.event_log import EventLog
from tests.waiting import HANG_SECONDS


def steps(*losses: float) -> JobEvent:
    event = JobEvent()
    event.steps_finished.losses.extend(losses)
    return event


@pytest.fixture
def log(tmp_path):
    return EventLog(tmp_path / "events.jsonl")


def sequences(log: EventLog, after: int = 0) -> list[int]:
    return [event.sequence for event in log.reader(after).read()]


def test_events_are_numbered_from_one_and_dated(log):
    first, second = steps(1.0), steps(2.0)
    log.append(first)
    log.append(second)
    assert list(log.reader(0).read()) == [first, second]
    assert (first.sequence, second.sequence) == (1, 2)
    assert 0 < first.event_time.ToNanoseconds() <= second.event_time.ToNanoseconds()


def test_a_reader_takes_up_after_the_event_that_it_is_given(log):
    for number in range(5):
        log.append(steps(number))
    assert sequences(log, after=3) == [4, 5]
    assert sequences(log, after=5) == []
    assert sequences(log, after=99) == []


def test_a_reader_tells_what_came_since_it_was_last_asked(log):
    reader = log.reader(0)
    assert list(reader.read()) == []
    log.append(steps(1))
    assert [event.sequence for event in reader.read()] == [1]
    assert list(reader.read()) == []
    log.append(steps(2))
    log.append(steps(3))
    assert [event.sequence for event in reader.read()] == [2, 3]


def test_a_log_that_is_opened_again_goes_on_where_it_was(log):
    log.append(steps(1))
    again = EventLog(log.path)
    again.append(steps(2))
    assert sequences(again) == [1, 2]


def test_a_line_is_readable_text(log):
    log.append(steps(0.5))
    (line,) = log.path.read_text().splitlines()
    assert line.startswith('{"sequence": "1", "event_time": "20')
    assert line.endswith('"steps_finished": {"losses": [0.5]}}')


@settings(database=None)
@given(st.lists(st.floats()))
def test_every_number_comes_back_to_its_last_bit(tmp_path_factory, losses):
    log = EventLog(tmp_path_factory.mktemp("log") / "events.jsonl")
    log.append(steps(*losses))
    (event,) = log.reader(0).read()
    for came, went in zip(event.steps_finished.losses, losses, strict=True):
        assert came == went or (math.isnan(came) and math.isnan(went))


def test_a_log_cut_at_any_byte_keeps_its_whole_lines_and_goes_on(log, tmp_path):
    for number in range(3):
        log.append(steps(number))
    content = log.path.read_bytes()
    for length in range(len(content) + 1):
        path = tmp_path / f"cut-{length}"
        path.write_bytes(content[:length])
        cut = EventLog(path)
        whole = content[:length].count(b"\n")
        assert cut.last_sequence == whole
        assert sequences(cut) == list(range(1, whole + 1))
        cut.append(steps(7))
        assert sequences(cut) == list(range(1, whole + 2))
        assert sequences(EventLog(path)) == list(range(1, whole + 2))


def test_a_disk_that_takes_half_a_line_leaves_no_trace_of_it(log, monkeypatch):
    log.append(steps(1))
    reader = log.reader(0)

    def half(file, content):
        file.write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(event_log, "_write_all", half)
        with pytest.raises(OSError, match="No space"):
            log.append(steps(*range(100)))
    assert [event.sequence for event in reader.read()] == [1]
    assert sequences(EventLog(log.path)) == [1]
    log.append(steps(2))
    assert [list(event.steps_finished.losses) for event in reader.read()] == [[2]]
    assert sequences(EventLog(log.path)) == [1, 2]
    assert log.path.read_bytes().endswith(b'"steps_finished": {"losses": [2.0]}}\n')


def test_what_is_no_event_is_found_and_can_be_cut_off(log):
    log.append(steps(1))
    log.append(steps(2))
    for garbage in (b"\0\0\0\n", b"\xff\n", b"[]\n", b'{"colour": 1}\n'):
        with log.path.open("ab") as file:
            file.write(garbage)
        broken = EventLog(log.path)
        with pytest.raises(ValueError, match=r"."):
            list(broken.reader(0).read())
        assert sequences(broken, after=3) == []
        broken.cut(2)
        assert sequences(broken) == [1, 2]
        assert sequences(EventLog(log.path)) == [1, 2]


def test_a_log_that_shrinks_behind_a_readers_back_does_not_hold_it_up(log):
    log.append(steps(1))
    log.append(steps(2))
    log.path.write_bytes(b"")
    assert sequences(log) == []


def test_readers_in_other_threads_miss_nothing_and_see_no_half_line(log):
    count = 500
    seen: dict[int, list[int]] = {reader: [] for reader in range(4)}

    def follow(number: int) -> None:
        reader = log.reader(0)
        while len(seen[number]) < count:
            seen[number] += [event.sequence for event in reader.read()]

    threads = [threading.Thread(target=follow, args=(number,)) for number in seen]
    for thread in threads:
        thread.start()
    for number in range(count):
        log.append(steps(*range(number % 200)))
    for thread in threads:
        thread.join(HANG_SECONDS)
    for sequence in seen.values():
        assert sequence[0] == 1
        assert all(later - earlier == 1 for earlier, later in pairwise(sequence))
        assert len(sequence) == count
