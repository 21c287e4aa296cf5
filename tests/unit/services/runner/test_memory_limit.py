"""A limit to a process's memory: kept, and never without one."""

import os
import threading

import pytest

from services.errors import OutOfMemory
from services.machine import memory
from services.runner import memory_limit
from tests.waiting import HANG_SECONDS

MIB = 2**20


def test_a_process_over_its_limit_is_ended_once_and_told_why() -> None:
    ended, told = threading.Event(), list[Exception]()

    def end(why: Exception) -> None:
        told.append(why)
        ended.set()

    with memory_limit.watched(os.getpid(), 1 * MIB, end):
        assert ended.wait(HANG_SECONDS)
    (why,) = told
    assert isinstance(why, OutOfMemory)
    assert "more than its limit of 1,048,576" in why.message


@pytest.mark.parametrize("limit", [0, 2**50])
def test_a_process_within_its_limit_is_left_alone(monkeypatch: pytest.MonkeyPatch, limit) -> None:
    looked = threading.Event()
    resident = memory.resident_bytes_of

    def seen(process: int) -> int:
        looked.set()
        return resident(process)

    monkeypatch.setattr(memory, "resident_bytes_of", seen)
    told = list[Exception]()
    with memory_limit.watched(os.getpid(), limit, told.append):
        assert not limit or looked.wait(HANG_SECONDS)
    assert not told
    assert looked.is_set() is bool(limit)


def test_a_limit_that_cannot_be_kept_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not [*memory_limit.violations(0), *memory_limit.violations(10**9)]
    assert [*memory_limit.violations(-1)]
    monkeypatch.setattr(memory, "resident_bytes", lambda: None)
    (fault,) = memory_limit.violations(10**9)
    assert fault.field == "memory_limit_bytes"
    assert not [*memory_limit.violations(0)]
