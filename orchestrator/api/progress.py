"""Progress of a function: in a notebook's cell, or a line for each event."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Protocol

from twinrun.v1 import job_pb2

from orchestrator.api.words import in_python
from orchestrator.language.palette import looks
from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label
from orchestrator.runners.progress import Display, Lines, happened

Progress = bool | Callable[[str], None]
_WAITING = Phrase("waiting")
_REDRAWN_SECONDS = 0.5  # drawing takes CPU that the trial may need


def display_of(progress: Progress, sides: tuple[str, ...], epochs: int) -> Display:
    """Return what shows progress. True: bars in a notebook's cell, else printed lines."""
    if progress is False:
        return Lines(lambda _line: None)
    if progress is True and _in_notebook():
        return Cell(_shown(), sides, epochs)
    write = _print if progress is True else progress
    return Lines(lambda line: write(in_python(line)))


class Handle(Protocol):
    """What is shown in a cell: HTML that a later one replaces."""

    def update(self, html: str) -> None: ...


@dataclass(slots=True)
class _Bar:
    """``done`` of ``total`` steps; 0: not known yet."""

    colour: str
    now: str
    done: int = 0
    total: int = 0


class Cell:
    """A bar for each side, and the last message, in place; gone when it is closed."""

    def __init__(self, handle: Handle, sides: tuple[str, ...], epochs: int) -> None:
        self._handle = handle
        self._epochs = epochs
        self._message = self._stage = ""
        self._due = 0.0
        self._bars = {
            name: _Bar(look.colour, say(_WAITING)) for name, look in looks(list(sides)).items()
        }

    def close(self) -> None:
        self._handle.update("")

    def say(self, text: str) -> None:
        self._message = in_python(text)
        self._draw()

    def stage(self, text: str, done: float = 0.0, of: float | None = None) -> None:
        del done, of  # which the text has
        self._stage = text
        self._draw()

    def event(self, framework: str, event: job_pb2.JobEvent) -> None:
        bar = self._bars[framework]
        if event.HasField("inputs"):
            bar.total = event.inputs.steps_per_epoch * self._epochs
        if event.HasField("steps_finished"):
            bar.done = event.steps_finished.first_step + len(event.steps_finished.losses)
        if event.HasField("state_changed"):
            bar.done = 0 if event.state_changed.state == job_pb2.JOB_STATE_RUNNING else bar.done
        sentence = happened(event)
        if sentence is not None:
            bar.now = say(sentence)
        if sentence is not None or time.monotonic() >= self._due:
            self._draw()

    def _draw(self) -> None:
        self._due = time.monotonic() + _REDRAWN_SECONDS
        rows = "".join(
            f'<tr><th align="left" style="color: {bar.colour}">{escape(label(name))}</th>'
            f"<td>{_progress(bar)}</td>"
            f'<td align="left">{escape(bar.now)}</td></tr>'
            for name, bar in self._bars.items()
        )
        texts = "".join(f"<p>{escape(text)}</p>" for text in (self._stage, self._message) if text)
        self._handle.update(f"<table>{rows}</table>{texts}")


def _progress(bar: _Bar) -> str:
    """Return the element; without a value it shows that something goes on."""
    known = f' value="{bar.done}" max="{bar.total}"' if bar.total else ""
    return f"<progress{known}></progress>"


def _in_notebook() -> bool:
    """Return whether a kernel runs this: IPython in a terminal shows no HTML."""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    return shell is not None and hasattr(shell, "kernel")


def _shown() -> Handle:
    from IPython.display import HTML, display  # noqa: PLC0415 - of the notebook alone

    handle = display(HTML(""), display_id=True)  # type: ignore[no-untyped-call]

    class Shown:
        def update(self, html: str) -> None:
            handle.update(HTML(html))  # type: ignore[no-untyped-call]

    return Shown()


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - that is what was asked for
