"""Progress in a notebook's cell."""

import re

from twinrun.v1 import job_pb2

from orchestrator.api.progress import Cell, display_of


class Handle:
    def __init__(self):
        self.html = ""

    def update(self, html):
        self.html = html


def event(**fields):
    return job_pb2.JobEvent(**fields)


def test_a_cell_has_a_bar_for_each_side_with_the_steps_of_its_trial():
    handle = Handle()
    cell = Cell(handle, ("pytorch", "tensorflow"), epochs=2)
    cell.event("pytorch", event(inputs=job_pb2.Inputs(steps_per_epoch=50)))
    steps = job_pb2.StepsFinished(first_step=20, losses=[1.0] * 10)
    cell.event("pytorch", event(steps_finished=steps))
    cell.say("kept in <runs>; --until-sure")
    assert re.findall("<progress.*?>", handle.html) == [
        '<progress value="30" max="100">',
        "<progress>",
    ]
    assert "PyTorch" in handle.html
    assert "TensorFlow" in handle.html
    assert "kept in &lt;runs&gt;; until_sure=True" in handle.html
    running = job_pb2.StateChanged(state=job_pb2.JOB_STATE_RUNNING)
    cell.event("pytorch", event(state_changed=running))
    assert '<progress value="0" max="100">' in handle.html


def test_a_cell_shows_a_stage_until_another_and_nothing_when_it_is_closed():
    handle = Handle()
    cell = Cell(handle, ("pytorch",), epochs=1)
    cell.stage("pair 2 of 10", 1, 10)
    assert "pair 2 of 10" in handle.html
    cell.stage("")
    assert "pair" not in handle.html
    cell.close()
    assert handle.html == ""


def test_steps_redraw_a_cell_only_now_and_then(monkeypatch):
    drawn = []
    handle = Handle()
    handle.update = drawn.append
    monkeypatch.setattr("orchestrator.api.progress.time.monotonic", lambda: 5.0)
    cell = Cell(handle, ("pytorch",), epochs=1)
    for first in range(100):
        steps = job_pb2.StepsFinished(first_step=first, losses=[1.0])
        cell.event("pytorch", event(steps_finished=steps))
    assert len(drawn) == 1


def test_outside_a_notebook_progress_is_lines_in_the_words_of_python(capsys):
    heard = []
    display_of(heard.append, ("pytorch",), 1).say("--max-minutes: over")
    assert heard == ["max_minutes: over"]
    display_of(True, ("pytorch",), 1).say("a line")
    display_of(False, ("pytorch",), 1).say("none")
    assert capsys.readouterr().out == "a line\n"
