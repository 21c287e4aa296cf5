"""Figures drawn by a process of their own: the same ones, without delay, and nothing stays."""

import multiprocessing
import os
import pickle
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.errors import OutputError
from orchestrator.figures.renderer import Renderer
from orchestrator.language.phrases import LANGUAGES, speaking
from orchestrator.results.comparison import compare
from orchestrator.storage.store import Run
from tests.builders.drawn import drawings
from tests.builders.events import JOB, trial
from tests.builders.runners import marked
from tests.builders.stored import compared
from tests.waiting import FOREVER_SECONDS, eventually

BOTH = compare(JOB, [trial("pytorch"), trial("tensorflow", seconds=(1.0, 0.9, 0.9))])


@pytest.fixture
def alive(monkeypatch):
    """Calls to it tell the processes that were started by the test and are there still."""
    mark = f"TWINRUN_TEST={uuid.uuid4().hex}"
    monkeypatch.setenv(*mark.split("="))
    return lambda: marked(mark)


def test_it_draws_what_would_be_drawn_here_again_and_again():
    expected = drawings(BOTH)
    with closing(Renderer()) as renderer:
        assert renderer.draw(BOTH) == expected
        assert renderer.draw(BOTH) == expected


def test_it_speaks_the_callers_language():
    with closing(Renderer()) as renderer, speaking(LANGUAGES[1]):
        told = renderer.draw(BOTH)
    with speaking(LANGUAGES[1]):
        assert told == drawings(BOTH)


def sleeps(process: int) -> bool:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def switches(process: int) -> str:
    """How often it has gone to sleep."""
    status = Path(f"/proc/{process}/status").read_text()
    return re.search(r"^voluntary_ctxt_switches:\s+(\d+)$", status, re.MULTILINE)[1]


class Endless:
    """Whoever draws a comparison that has it never ends."""

    def __reduce__(self):
        return _endless, ()


def _endless() -> Endless:
    """In the process that draws: a copy of the renderer's, or itself where it has one CPU."""
    if multiprocessing.parent_process() is not None or len(os.sched_getaffinity(0)) < 2:
        time.sleep(FOREVER_SECONDS)
    return Endless()


def test_once_ready_it_takes_no_time_and_once_closed_it_is_gone(alive):
    with closing(Renderer()) as renderer:
        renderer.ready()
        (process,) = alive()
        assert eventually(lambda: sleeps(process))
        before = switches(process)
        with closing(Renderer()) as other:
            other.ready()  # which takes it some hundred milliseconds
        assert switches(process) == before
    assert not alive()


def test_closing_it_before_it_is_ready_leaves_nothing_behind(alive):
    renderer = Renderer()
    assert eventually(alive)  # its environment is told once it has begun
    renderer.close()
    assert eventually(lambda: not alive())


@pytest.mark.parametrize("moment", ["before it is ready", "ready", "drawing"])
def test_where_it_is_killed_another_one_draws_the_same_and_nothing_stays(alive, moment):
    expected = drawings(BOTH)
    with closing(Renderer()) as renderer:
        if moment != "before it is ready":
            renderer.ready()
        assert eventually(alive)
        process, done = min(alive()), threading.Event()

        def kill():
            if moment == "drawing":  # by others than itself, where there are several CPUs
                assert eventually(lambda: len(alive()) > 1 or done.is_set())
            os.kill(process, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        if moment != "drawing":
            killer.join()
        renderer.ready()  # raises nothing: trials are to run
        assert renderer.draw(BOTH) == expected
        done.set()
        killer.join()
    assert eventually(lambda: not alive())


# Scripts as users write them, without a guard of their main module.
SCRIPT = """
import pickle, sys
from orchestrator.figures.renderer import Renderer
print("begins", flush=True)
comparison = pickle.load(open(sys.argv[1], "rb"))
renderer = Renderer()
drawn = renderer.draw(comparison)
while sys.argv[2:] == ["on and on"]:
    renderer.draw(comparison)
renderer.close()
print(len(drawn))
"""


def script(tmp_path, *arguments):
    """The command that runs it."""
    path, comparison = tmp_path / "script.py", tmp_path / "comparison.pickle"
    path.write_text(SCRIPT)
    comparison.write_bytes(pickle.dumps(BOTH))
    return [sys.executable, str(path), str(comparison), *arguments]


def test_a_script_without_a_guard_draws_and_is_run_once(tmp_path):
    printed = subprocess.check_output(script(tmp_path), text=True)
    assert printed.split() == ["begins", str(len(drawings(BOTH)))]


def test_where_its_caller_is_killed_while_it_draws_nothing_stays(alive, tmp_path):
    with subprocess.Popen(script(tmp_path, "on and on"), stdout=subprocess.DEVNULL) as caller:
        least = 3 if len(os.sched_getaffinity(0)) > 1 else 2  # a copy of the process that draws
        assert eventually(lambda: len(alive()) >= least)
        caller.kill()
    assert eventually(lambda: not alive())


def test_where_each_that_is_started_ends_it_is_said_what_is_kept(monkeypatch):
    monkeypatch.setattr(
        "orchestrator.figures.renderer._environment", lambda: {"PYTHONHOME": "/none"}
    )
    with closing(Renderer()) as renderer:
        renderer.ready()
        with pytest.raises(OutputError, match=r"cannot be drawn.*orchestrator report"):
            renderer.draw(BOTH)


def test_a_file_in_the_users_folder_is_not_taken_for_a_module(tmp_path, monkeypatch):
    (tmp_path / "random.py").write_text("raise SystemExit('not this one')\n")
    monkeypatch.chdir(tmp_path)
    with closing(Renderer()) as renderer:
        renderer.ready()


@pytest.mark.parametrize(("module", "name"), [(tempfile, "tempdir"), (sys, "executable")])
def test_where_it_cannot_be_started_it_is_said_why(monkeypatch, tmp_path, module, name):
    monkeypatch.setattr(module, name, str(tmp_path / "none"))
    with closing(Renderer()) as renderer, pytest.raises(OutputError, match=r"be drawn.*none"):
        renderer.draw(BOTH)


def test_a_fault_of_its_own_is_told_in_a_line_and_no_traceback():
    with closing(Renderer()) as renderer, pytest.raises(OutputError) as told:
        renderer.draw("no comparison")
    assert "AttributeError" in told.value.message
    assert "\n" not in told.value.message


def test_a_command_that_reports_imports_no_matplotlib_itself(tmp_path):
    run: Run = compared(tmp_path)
    script = (
        "import sys\nfrom orchestrator.cli.main import main\ntry: main()\nfinally:\n"
        " assert 'matplotlib' not in sys.modules\n"
    )
    command = [sys.executable, "-c", script, "report", str(run.path)]
    assert re.search("report.html", subprocess.check_output(command, text=True))
