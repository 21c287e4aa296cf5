"""TensorBoard: event files of scalars, a folder for each trial, by TensorBoard's own writer.

``step/...`` is by step, ``epoch/...`` by epoch. The clock of the events counts training only.
"""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from orchestrator.exports import Result
from orchestrator.exports.tables import Row, epochs, metric_columns, steps

_OF_EPOCHS = (
    "train_loss",
    "test_loss",
    "validation_loss",
    "train_seconds",
    "evaluate_seconds",
    "samples_per_second",
)
_OF_STEPS = ("loss", "accuracy")


def write(result: Result, folder: Path) -> None:
    of_steps, of_epochs = _by_trial(steps(result.comparison)), _by_trial(epochs(result.comparison))
    names = metric_columns(result.comparison.job)
    for name in {**of_steps, **of_epochs}:
        writer = EventFileWriter(str(folder / name))
        ended = list(
            itertools.accumulate(
                (row["train_seconds"] for row in of_epochs.get(name, ())), initial=0.0
            )
        )
        try:
            for row in of_steps.get(name, ()):
                epoch = min(row["epoch"] or 0, len(ended) - 1)
                event = Event(wall_time=result.began + ended[epoch], step=row["step"])
                _add(writer, event, {f"step/{tag}": row.get(tag) for tag in _OF_STEPS})
            for row, seconds in zip(of_epochs.get(name, ()), ended[1:], strict=True):
                event = Event(wall_time=result.began + seconds, step=row["epoch"])
                _add(writer, event, {f"epoch/{tag}": row[tag] for tag in (*_OF_EPOCHS, *names)})
        finally:
            writer.close()


def _add(writer: EventFileWriter, event: Event, scalars: Mapping[str, float | None]) -> None:
    event.summary.CopyFrom(
        Summary(
            value=[
                Summary.Value(tag=tag, simple_value=value)
                for tag, value in scalars.items()
                if value is not None
            ]
        )
    )
    writer.add_event(event)


def _by_trial(rows: Iterator[Row]) -> dict[str, list[Row]]:
    """Group by side and number of the trial, as its files are named."""
    groups = itertools.groupby(rows, key=lambda row: f"{row['side']}-{row['trial']}")
    return {name: list(group) for name, group in groups}
