"""Progress: bars on a terminal, lines elsewhere. Always on stderr."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, assert_never

from rich.console import Console
from rich.progress import BarColumn, Progress, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text
from twinrun.v1 import job_pb2

from orchestrator.language.palette import looks
from orchestrator.language.phrases import ENGLISH, Phrase, Sentence, english, say, speaking
from orchestrator.language.words import OF, label, number
from orchestrator.trials.kinds import event_kind
from orchestrator.trials.metrics import ACCURACY, BY_NAME
from orchestrator.trials.states import state_name

PHASES = {
    job_pb2.PHASE_IMPORT: Phrase("importing the framework"),
    job_pb2.PHASE_DATA: Phrase("reading the data"),
    job_pb2.PHASE_BUILD: Phrase("building the model"),
    job_pb2.PHASE_COMPILE: Phrase("warming up"),
    job_pb2.PHASE_TRAIN: Phrase("training"),
    job_pb2.PHASE_EVALUATE: Phrase("evaluating"),
}


_WAITING = Phrase("waiting")
_DOWNLOAD = Phrase("{file} from {source}: {received:.1f} MB")
_DOWNLOAD_OF = Phrase("{file} from {source}: {received:.1f} MB of {total:.1f} MB")
_EPOCH = Phrase("epoch {epoch}: trained in {seconds} s, loss {loss}, {metric} {value}")
_EVALUATED = Phrase("{metric} {value}, test loss {loss}")
_UNDEFINED = "-"


class Display(Protocol):
    """Shows messages and trials' reports."""

    def close(self) -> None: ...
    def say(self, text: str) -> None: ...
    def event(self, framework: str, event: job_pb2.JobEvent) -> None: ...
    def stage(self, text: str, done: float = 0.0, of: float | None = None) -> None:
        """Show what goes on beside trials, and how much of it is done; ``text`` empty: nothing."""


def describe(framework: str, event: job_pb2.JobEvent) -> str | None:
    """Return a line for the events that people want to read about."""
    sentence = happened(event)
    return None if sentence is None else say(OF, name=label(framework), what=sentence)


def happened(event: job_pb2.JobEvent) -> Sentence | None:
    """Return the same without the framework's name."""
    kind = event_kind(event)
    match kind:
        case "state_changed":
            changed = event.state_changed
            state = state_name(changed.state)
            why = changed.error.message
            return english(OF, name=state, what=why) if why else state
        case "phase_started" if event.phase_started.phase in PHASES:
            return english(PHASES[event.phase_started.phase])
        case "download_progress":
            return _download(event.download_progress)
        case "epoch_finished":
            return _epoch(event.epoch_finished)
        case "evaluation_finished":
            test = event.evaluation_finished.test
            return english(_EVALUATED, **_metric(test), loss=number(test.loss))
        case (
            "phase_started"
            | "phase_finished"
            | "environment"
            | "inputs"
            | "steps_finished"
            | "weights_saved"
            | "resources_used"
            | "logits_saved"
            | "model_summarized"
            | "machine_measured"
            | "profiled"
            | "images_previewed"
            | "model_traced"
            | "heartbeat"
            | None
        ):
            return None
        case _:
            assert_never(kind)


def _download(progress: job_pb2.DownloadProgress) -> Sentence:
    return english(
        _DOWNLOAD_OF if progress.total_bytes else _DOWNLOAD,
        file=progress.file,
        source=progress.source,
        received=progress.received_bytes / 1e6,
        total=progress.total_bytes / 1e6,
    )


def _epoch(epoch: job_pb2.EpochFinished) -> Sentence:
    return english(
        _EPOCH,
        epoch=epoch.epoch + 1,
        seconds=number(epoch.train_duration.ToNanoseconds() / 1e9),
        loss=number(epoch.train_loss),
        **_metric(epoch.test),
    )


def _metric(test: job_pb2.Metrics) -> dict[str, str]:
    """Return name and value of the metric that stands for the task: a job's events name no loss."""
    metric = ACCURACY if test.HasField("accuracy") else BY_NAME["r2"]
    value = test.accuracy if metric is ACCURACY else test.others.get(metric.name)
    return {"metric": metric.test, "value": _UNDEFINED if value is None else metric.written(value)}


class Lines:
    """Writes a line for each event; ``write`` receives it."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._last = ""

    def close(self) -> None:
        pass

    def say(self, text: str) -> None:
        self._write(text)

    def event(self, framework: str, event: job_pb2.JobEvent) -> None:
        self._write_new(describe(framework, event))

    def stage(self, text: str, done: float = 0.0, of: float | None = None) -> None:
        del done, of  # which the text has, if they matter
        self._write_new(text or None)

    def _write_new(self, line: str | None) -> None:
        if line is not None and line != self._last:
            self._last = line
            self._write(line)


class Stages:
    """Shows the stages of another display, and no event."""

    def __init__(self, display: Display) -> None:
        self.stage, self.say = display.stage, display.say

    def close(self) -> None:
        pass

    def event(self, framework: str, event: job_pb2.JobEvent) -> None:
        pass


@contextmanager
def logged(path: Path, display: Display) -> Iterator[Callable[[str, job_pb2.JobEvent], None]]:
    """Yield a function that shows events, and appends a line for each to the file, in English."""
    with path.open("a", encoding="utf-8", buffering=1) as log:
        lines = Lines(lambda text: print(text, file=log))

        def listen(framework: str, event: job_pb2.JobEvent) -> None:
            with speaking(ENGLISH):
                lines.event(framework, event)
            display.event(framework, event)

        yield listen


class _Percent(TextColumn):
    """How much is done; empty while it is not known of what."""

    def render(self, task: Task) -> Text:
        return super().render(task) if task.total is not None else Text("")


class Bars:
    """A bar for each framework: the steps of its trial. Below them one for the stage, if any."""

    def __init__(self, console: Console, frameworks: tuple[str, ...], epochs: int) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            _Percent("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[now]}", markup=False),
            console=console,
            # Redrawing costs CPU that the trial may need.
            refresh_per_second=2,
        )
        self._epochs = epochs
        self._steps: dict[str, int] = {}  # of each framework's trial
        self._tasks = {
            name: self._progress.add_task(
                f"[{look.colour}]{label(name)}[/]", start=False, total=None, now=say(_WAITING)
            )
            for name, look in looks(list(frameworks)).items()
        }
        self._stage = self._progress.add_task("", start=False, total=None, visible=False, now="")
        self._progress.start()

    def close(self) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False)

    def event(self, framework: str, event: job_pb2.JobEvent) -> None:
        task, update = self._tasks[framework], self._progress.update
        if event.HasField("inputs"):
            self._steps[framework] = event.inputs.steps_per_epoch * self._epochs
        if event.HasField("steps_finished"):
            steps = event.steps_finished
            done = steps.first_step + len(steps.losses)
            update(task, completed=done, total=self._steps.get(framework))
        if event.HasField("state_changed"):
            if event.state_changed.state == job_pb2.JOB_STATE_RUNNING:
                self._begin(task)  # of a trial before, too
            elif event.state_changed.state != job_pb2.JOB_STATE_PENDING:
                self._progress.stop_task(task)
        sentence = happened(event)
        if sentence is not None:
            update(task, now=say(sentence))

    def stage(self, text: str, done: float = 0.0, of: float | None = None) -> None:
        shown = self._progress.tasks[self._stage]
        if text and not shown.visible:
            self._begin(self._stage)
        self._progress.update(self._stage, visible=bool(text), now=text, completed=done)
        shown.total = of  # which `update` does not set back to None

    def _begin(self, task: TaskID) -> None:
        """Set it to nothing done, and start its clock, as often as wanted."""
        self._progress.reset(task)
        # A bar moves to and fro until the first step; and Rich leaves a clock stopped.
        shown = self._progress.tasks[task]
        shown.total, shown.stop_time = None, None
