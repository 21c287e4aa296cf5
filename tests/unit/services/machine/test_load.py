import subprocess
import sys
from pathlib import Path

import pytest

from services.machine import host, load

STAT = "cpu  100 20 30 4000 50 6 7 {steal} 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n"


def proc(path, steal=8, extra=""):
    (path / "stat").write_text(STAT.format(steal=steal))
    (path / "cpuinfo").write_text("model name\t: A CPU\nflags\t\t: fma avx2\ncpu MHz\t\t: 2000.0\n")
    return path


def test_busy_time_is_all_but_idling_waiting_and_what_was_stolen(tmp_path):
    found = load.read(proc(tmp_path), tmp_path)
    assert found.busy == pytest.approx((100 + 20 + 30 + 6 + 7) / 100)
    assert found.stolen == pytest.approx(0.08)


def test_what_others_did_is_what_was_busy_without_ones_own():
    before = load.Reading(own=1, busy=10, stolen=0.5, throttled=0)
    used = load.between(before, load.Reading(own=3, busy=15, stolen=0.75, throttled=0.1))
    assert used.own_cpu_seconds == 2
    assert used.other_cpu_seconds == 3
    assert used.stolen_seconds == pytest.approx(0.25)
    assert used.throttled_seconds == pytest.approx(0.1)


def test_ticks_that_round_below_zero_are_none():
    before = load.Reading(own=1, busy=10, stolen=0, throttled=0)
    assert load.between(before, load.Reading(1.5, 10.49, 0, 0)).other_cpu_seconds == 0


def test_where_the_system_tells_nothing_nothing_is_known(tmp_path):
    assert load.read(tmp_path / "none") is None
    assert load.between(None, None) is None
    assert load.clock_hertz(tmp_path / "none") == 0
    assert load.swapped_bytes(tmp_path / "none") == 0


def test_throttling_is_read_from_control_groups_of_both_versions(tmp_path):
    proc(tmp_path)
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu/cpu.stat").write_text("nr_throttled 3\nthrottled_time 2000000000\n")
    assert load.read(tmp_path, tmp_path).throttled == pytest.approx(2)
    (tmp_path / "cpu.stat").write_text("usage_usec 5\nthrottled_usec 3000000\n")
    assert load.read(tmp_path, tmp_path).throttled == pytest.approx(3)


def test_the_clock_and_the_flags_are_read_of_the_processor(tmp_path):
    proc(tmp_path)
    assert load.clock_hertz(tmp_path) == 2e9
    assert host.cpu_flags(tmp_path / "cpuinfo") == ("fma", "avx2")
    assert host.cpu_model(tmp_path / "cpuinfo") == "A CPU"


def test_swapped_memory_is_in_bytes(tmp_path):
    (tmp_path / "self").mkdir()
    (tmp_path / "self/status").write_text("Name:\tx\nVmSwap:\t      12 kB\n")
    assert load.swapped_bytes(tmp_path) == 12 * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_work_of_a_process_that_was_started_is_ones_own():
    before = load.read()
    works = "import sys, time\nwhile time.process_time() < 0.3: pass"
    code = f"{works}\nprint(flush=True)\nsys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        child.stdout.readline()
        used = load.between(before, load.read())
        child.stdin.close()
    assert used.own_cpu_seconds >= 0.25  # the kernel counts in ticks


def test_a_reading_costs_little(tmp_path, monkeypatch):
    """It opens few files, however many processes there are."""
    proc(tmp_path)
    for number in range(200):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "stat").write_text("0 (other) S 1")
    opened, open_ = [], Path.open
    monkeypatch.setattr(
        Path, "open", lambda path, *given, **by: opened.append(path) or open_(path, *given, **by)
    )
    assert load.read(tmp_path, tmp_path) is not None
    assert tmp_path / "stat" in opened
    assert len(opened) <= 4  # the counters, this process's children, the control group's two


def test_a_commit_that_was_handed_over_is_taken(monkeypatch):
    monkeypatch.setenv(host.COMMIT_VARIABLE, "abc+changes")
    assert host.git_commit() == "abc+changes"
