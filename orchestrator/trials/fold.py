"""Events -> the trial that they report."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from twinrun.contract.converters.events import event_from_proto
from twinrun.contract.enums import JobState
from twinrun.contract.events import (
    EpochFinished,
    EvaluationFinished,
    Event,
    Inputs,
    PhaseFinished,
    Profiled,
    ResourcesUsed,
    StateChanged,
    StepsFinished,
)
from twinrun.contract.spec import JobSpec
from twinrun.v1 import job_pb2

from orchestrator.errors import RunUnreadable
from orchestrator.language.phrases import Phrase, english
from orchestrator.trials.text import cleaned
from orchestrator.trials.trial import StepDetails, Trial

_NO_TRIAL = Phrase("The events of {trial} are damaged: {error}. Make the run again.")
# The events that make up a trial; the kinds of others need not even be known.
_TOLD = {
    *("state_changed", "phase_finished", "environment", "inputs", "steps_finished"),
    *("epoch_finished", "evaluation_finished", "resources_used", "profiled"),
}
E = TypeVar("E")
_MOST_MISSING = 1_000_000  # steps: more are not a gap but damage


def fold(
    framework: str,
    number: int,
    events: Iterable[job_pb2.JobEvent],
    spec: JobSpec | None = None,
    where: str = "",
) -> Trial:
    """Build the trial from its events, from the first to the last available.

    Raises RunUnreadable if they describe none, which is possible for events that passed no gate;
    their texts are cleaned for the same reason. The error names ``where`` they are.
    """
    try:
        return _fold(framework, number, events, spec)
    except (ValueError, KeyError, IndexError, DecodeError) as error:
        trial = where or f"{framework}-{number}"
        raise RunUnreadable(english(_NO_TRIAL, trial=trial, error=error)) from error


def _fold(
    framework: str,
    number: int,
    events: Iterable[job_pb2.JobEvent],
    spec: JobSpec | None,
) -> Trial:
    cleaned_events = [cleaned(event) for event in events if event.WhichOneof("event") in _TOLD]
    environments = [event.environment for event in cleaned_events if event.HasField("environment")]
    parsed = list(_parsed(cleaned_events))
    states = _of(StateChanged, parsed)
    finished = _of(PhaseFinished, parsed)
    chunks = _of(StepsFinished, parsed)
    evaluation = _last(_of(EvaluationFinished, parsed))
    return Trial(
        framework=framework,
        number=number,
        state=states[-1].state if states else JobState.PENDING,
        error=states[-1].failure if states else None,
        spec=spec,
        environment=_last(environments),
        inputs=_last(_of(Inputs, parsed)),
        phases={each.phase.value: each.seconds for each in finished},
        cpu_seconds={each.phase.value: each.cpu_seconds for each in finished},
        epochs=tuple(_of(EpochFinished, parsed)),
        losses=_losses(chunks),
        details=_details(chunks),
        evaluation=evaluation.test if evaluation else None,
        resources=_last(_of(ResourcesUsed, parsed)),
        profile=_last(_of(Profiled, parsed)),
        epoch_starts=_epoch_starts(chunks),
    )


def _parsed(events: Iterable[job_pb2.JobEvent]) -> Iterator[Event]:
    """Read each event. Raises ValueError, which names it by its sequence."""
    for event in events:
        try:
            yield event_from_proto(event)
        except ValueError as error:
            raise ValueError(f"event {event.sequence}: {error}") from error


def _of(kind: type[E], events: Iterable[Event]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


def _last(found: Sequence[E]) -> E | None:
    return found[-1] if found else None


def _losses(chunks: list[StepsFinished]) -> NDArray[np.float64]:
    return _by_step(chunks, [chunk.losses for chunk in chunks])


def _epoch_starts(chunks: list[StepsFinished]) -> tuple[int, ...]:
    first: dict[int, int] = {}
    for chunk in chunks:
        first.setdefault(chunk.epoch, chunk.first_step)
    return tuple(first.values())


def _details(chunks: list[StepsFinished]) -> StepDetails | None:
    details = [chunk.details for chunk in chunks if chunk.details is not None]
    if not details or len(details) < len(chunks):
        return None
    accuracies = [each.accuracies for each in details]
    norms = [norm.parameter for norm in details[0].gradient_norms]
    return StepDetails(
        ordered_losses=_by_step(chunks, [each.ordered_losses for each in details]),
        accuracies=_by_step(chunks, accuracies) if any(accuracies) else np.empty(0),
        gradient_norms={
            parameter: _by_step(chunks, [each.gradient_norms[i].norms for each in details])
            for i, parameter in enumerate(norms)
        },
    )


def _by_step(
    chunks: Sequence[StepsFinished], numbers: Sequence[Sequence[float]]
) -> NDArray[np.float64]:
    """Put each chunk's ``numbers`` at its steps: float64[steps]; NaN if not reported."""
    steps = max((chunk.first_step + len(chunk.losses) for chunk in chunks), default=0)
    reported = sum(len(chunk.losses) for chunk in chunks)
    if steps - reported > _MOST_MISSING or any(chunk.first_step < 0 for chunk in chunks):
        raise ValueError(f"{steps} steps, of which {reported} are there")
    laid_out = np.full(steps, np.nan)
    for chunk, values in zip(chunks, numbers, strict=True):
        laid_out[chunk.first_step : chunk.first_step + len(chunk.losses)] = values
    return laid_out
