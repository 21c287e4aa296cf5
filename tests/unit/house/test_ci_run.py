"""`.ci/run` runs all parts, whichever of the tests fails, and fails where one did."""

import os
import select
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.waiting import HANG_SECONDS

ROOT = Path(__file__).parents[3]
# Notes its name and arguments, and fails where they hold a word that is to fail.
PROGRAM = """#!/bin/sh
echo "${{0##*/}} $* ${{TWINRUN_TEST_ENGINE:+with an engine}}" >> "$NOTED"
echo "$* $PIP_NO_COMPILE $PIP_QUIET $PYTHONDONTWRITEBYTECODE" >> "$NOTED.set"
case "$*" in {failing}) echo "$* has failed" >&2; exit 2 ;; esac
"""
# One that fails once the engine runs, and one that holds a pipe until it is ended.
FAILING = """#!/bin/sh
until [ -e "$NOTED.engine" ]; do :; done
exit 2
"""
HOLDING = """#!/bin/sh
exec 9> "$NOTED.pipe"
echo $$ > "$NOTED.begun" && mv "$NOTED.begun" "$NOTED.engine"
exec sleep 1000
"""
BEFORE = ("make lint", "make proto", "git diff --exit-code -- proto", "make docs")
TESTS = ("make test", "make test-e2e", "make test-browser")


@pytest.fixture
def ran(tmp_path):
    """Runs it with stand-ins of its programs; the code, what ran, and what it said."""

    def ran(
        failing: str = "nothing", engine: bool = False, instead: Mapping[str, str] | None = None
    ):
        script = tmp_path / "tree/.ci/run"
        script.parent.mkdir(parents=True)
        shutil.copy(ROOT / ".ci/run", script)
        programs = [tmp_path / "bin" / name for name in ("make", "git", "chromium")]
        programs += [tmp_path / "shared/container-engine"] if engine else []
        for program in programs:
            program.parent.mkdir(exist_ok=True)
            program.write_text((instead or {}).get(program.name) or PROGRAM.format(failing=failing))
            program.chmod(0o755)
        env = {
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "NOTED": str(tmp_path / "noted"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = subprocess.run([script], env=env, capture_output=True, text=True, check=False)
        noted = Path(env["NOTED"]).read_text().splitlines() if not instead else []
        return done.returncode, [line.strip() for line in noted], done.stdout + done.stderr

    return ran


def test_all_that_must_hold_is_checked(ran):
    code, found, said = ran()
    assert code == 0, said
    assert sorted(found) == sorted(["make -j 2 environments", *BEFORE, *TESTS])


def test_pip_compiles_nothing_but_in_tests(ran, tmp_path):
    code, found, said = ran()
    assert code == 0, said
    lines = map(str.strip, (tmp_path / "noted.set").read_text().splitlines())
    given = {name for name in lines if not name.endswith("no 1")}
    assert given == {line.removeprefix("make ") for line in TESTS}
    assert len(found) > len(given)


def test_where_an_engine_can_be_had_the_tests_have_it(ran):
    code, found, said = ran(engine=True)
    assert code == 0, said
    assert "container-engine up" in found
    assert {line for line in found if "with an engine" in line} == {
        f"{part} with an engine" for part in TESTS
    }


@pytest.mark.parametrize("failing", ["lint", "docs", "diff*", "up", "*environments"])
def test_no_test_runs_where_something_before_them_fails(ran, failing):
    code, found, said = ran(failing, engine=True)
    assert code != 0
    assert not any(each.startswith("make test") for each in found), said
    assert "has failed" in said


@pytest.mark.parametrize("failing", ["test", "test-e2e", "test-browser"])
def test_where_tests_fail_the_others_run_and_it_fails(ran, failing):
    code, found, said = ran(failing)
    assert code != 0
    assert set(TESTS) <= set(found)
    assert f"{failing} has failed" in said


def test_what_goes_on_beside_ends_where_something_fails(ran, tmp_path):
    os.mkfifo(tmp_path / "noted.pipe")
    pipe = os.open(tmp_path / "noted.pipe", os.O_RDONLY | os.O_NONBLOCK)
    code, _, said = ran(engine=True, instead={"make": FAILING, "container-engine": HOLDING})
    assert code == 2, said
    held = not select.select([pipe], [], [], HANG_SECONDS)[0]
    os.close(pipe)
    if held:
        os.kill(int((tmp_path / "noted.engine").read_text()), signal.SIGKILL)
    assert not held
