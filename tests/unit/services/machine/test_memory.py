"""Peaks by part of a process's life, and what its children have to themselves."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from services.machine import memory

MIB = 2**20
LINUX = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux keeps peaks")


def status(proc: Path, peak: int, now: int) -> None:
    (proc / "self").mkdir(parents=True, exist_ok=True)
    told = f"Name:\tx\nVmHWM:\t{peak // 1024} kB\nVmRSS:\t{now // 1024} kB\n"
    (proc / "self/status").write_text(told)


@LINUX
def test_a_part_has_a_peak_of_its_own_and_the_whole_keeps_the_largest() -> None:
    peak = memory.PeakMemory()
    peak.begin()
    large = np.ones(64 * MIB, np.uint8)
    first = peak.end()
    del large
    peak.begin()
    second = peak.end()
    assert first is not None
    assert second is not None
    assert first - second > 48 * MIB
    assert peak.whole() >= first


# Holds two blocks, one after the other, and says at each what it has and what its peak was.
HOLDING = """
import sys
from services.machine import memory
peak = memory.PeakMemory()
for size in (96, 32):
    peak.begin()
    block = b"x" * (size * 2**20)
    print("held", flush=True)
    sys.stdin.readline()
    del block
    print(peak.end(), flush=True)
print(peak.whole())
"""


@LINUX
def test_the_peak_of_a_part_is_what_another_process_sees_of_it() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert child.stdin
    assert child.stdout
    seen, told = list[int](), list[int]()
    with child:
        for _ in range(2):
            assert child.stdout.readline() == "held\n"
            rollup = Path(f"/proc/{child.pid}/smaps_rollup").read_text()
            seen.append(1024 * int(rollup.partition("Rss:")[2].split()[0]))
            child.stdin.write("\n")
            child.stdin.flush()
            told.append(int(child.stdout.readline()))
        whole = child.stdout.readline()  # by the same reader, which may have it already
    assert seen[0] - seen[1] > 48 * MIB
    assert told == pytest.approx(seen, abs=8 * MIB)  # the kernel's own count is not exact
    assert int(whole) == pytest.approx(seen[0], abs=8 * MIB)


def test_where_the_peak_cannot_be_reset_a_part_has_none(tmp_path: Path) -> None:
    status(tmp_path, 500 * MIB, 100 * MIB)
    (tmp_path / "self/clear_refs").mkdir()  # which cannot be written
    peak = memory.PeakMemory(tmp_path)
    peak.begin()
    assert peak.end() is None
    assert peak.whole() >= 500 * MIB


def test_a_system_that_takes_the_reset_and_does_nothing_is_not_believed(tmp_path: Path) -> None:
    status(tmp_path, 500 * MIB, 100 * MIB)
    peak = memory.PeakMemory(tmp_path)
    peak.begin()
    assert (tmp_path / "self/clear_refs").read_text() == "5"
    assert peak.end() is None
    status(tmp_path, 101 * MIB, 100 * MIB)  # one that did it
    peak.begin()
    status(tmp_path, 300 * MIB, 100 * MIB)
    assert peak.end() == 300 * MIB
    assert peak.whole() >= 500 * MIB


def test_a_system_without_proc_says_nothing(tmp_path: Path) -> None:
    peak = memory.PeakMemory(tmp_path)
    peak.begin()
    assert peak.end() is None
    assert peak.whole() > 0
    assert memory.resident_bytes(tmp_path) is None
    assert memory.children_bytes(tmp_path) is None


@LINUX
def test_a_childs_own_memory_counts_and_that_of_its_child() -> None:
    before = memory.children_bytes()
    assert before is not None
    inner = f"import sys; a = bytearray({64 * MIB}); print('there', flush=True); sys.stdin.read()"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    pipe = subprocess.PIPE
    child = subprocess.Popen([sys.executable, "-c", outer], stdin=pipe, stdout=pipe, text=True)
    with child:
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == "there\n"
        grown = memory.children_bytes()
        child.stdin.close()
    assert grown is not None
    assert grown - before > 60 * MIB


@LINUX
def test_a_child_that_peaked_in_the_middle_counts_with_its_peak() -> None:
    before = memory.children_bytes()
    assert before is not None
    middle = f"import sys; a = b'1' * {64 * MIB}; del a; print(0, flush=True); sys.stdin.read()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", middle], stdin=pipe, stdout=pipe) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        child.stdout.readline()
        resident = memory.resident_bytes_of(child.pid)
        grown = memory.children_bytes()
        child.stdin.close()
    assert resident < 48 * MIB  # the memory is free again
    assert grown is not None
    assert grown - before > 60 * MIB


def test_a_childs_peak_is_what_it_has_to_itself_and_what_more_was_resident(tmp_path: Path) -> None:
    (tmp_path / "self/task/1").mkdir(parents=True)
    (tmp_path / "self/task/1/children").write_text("7")
    (tmp_path / "7").mkdir()
    (tmp_path / "7/smaps_rollup").write_text("Private_Dirty: 40 kB\nShared_Clean: 60 kB\n")
    (tmp_path / "7/status").write_text("VmHWM:\t 130 kB\nVmRSS:\t 100 kB\n")
    assert memory.children_bytes(tmp_path) == 70 * 1024
    assert memory.resident_bytes_of(7, tmp_path) == 100 * 1024


def test_memory_that_a_child_shares_does_not_count_again(tmp_path: Path) -> None:
    (tmp_path / "self/task/1").mkdir(parents=True)
    (tmp_path / "self/task/1/children").write_text("7 8 ")
    (tmp_path / "7").mkdir()
    rollup = "0-1 ---p [rollup]\nRss: 900 kB\nPrivate_Clean: 3 kB\nPrivate_Dirty: 4 kB\n"
    (tmp_path / "7/smaps_rollup").write_text(rollup)  # and 8 has ended
    assert memory.children_bytes(tmp_path) == 7 * 1024


@pytest.mark.parametrize(("size", "counted"), [(900, 0), (950, 7)])
def test_a_child_that_still_has_its_parents_memory_is_not_counted_again(
    tmp_path: Path, size: int, counted: int
) -> None:
    """Until it runs its program, a child of subprocess has no memory but its parent's (vfork)."""
    for process, kilobytes in (("self", 900), ("5", 900), ("7", size)):
        (tmp_path / process / "task/1").mkdir(parents=True)
        (tmp_path / process / "task/1/children").write_text("" if process == "7" else "7")
        told = f"VmSize:\t{kilobytes} kB\nVmHWM:\t40 kB\nVmRSS:\t40 kB\nVmPTE:\t3 kB\n"
        (tmp_path / process / "status").write_text(told)
    (tmp_path / "7/smaps_rollup").write_text("Private_Dirty: 7 kB\n")
    assert memory.children_bytes(tmp_path) == counted * 1024
    assert memory.resident_bytes_of(5, tmp_path) == (40 + counted) * 1024


def meminfo(proc: Path, kilobytes: int) -> None:
    proc.mkdir(exist_ok=True)
    (proc / "meminfo").write_text(f"MemTotal: 99999 kB\nMemAvailable: {kilobytes} kB\n")


def test_what_is_free_is_what_the_kernel_has_available(tmp_path: Path) -> None:
    assert memory.free_bytes(tmp_path, tmp_path) is None
    meminfo(tmp_path, 4000)
    assert memory.free_bytes(tmp_path, tmp_path) == 4000 * 1024


@pytest.mark.parametrize(
    ("limit", "wanted"), [("max", 4_096_000), ("3000000", 2_100_000), ("500", 100_000)]
)
def test_a_control_group_leaves_no_more_than_its_limit(
    tmp_path: Path, limit: str, wanted: int
) -> None:
    meminfo(tmp_path, 4000)
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text("1000000\n" if limit != "500" else "500\n")
    (tmp_path / "memory.stat").write_text("anon 7\ninactive_file 100000\n")
    assert memory.free_bytes(tmp_path, tmp_path) == wanted
