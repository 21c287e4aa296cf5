"""Events -> the trial that they tell of."""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2
from numpy.typing import NDArray
from twinrun.v1 import job_pb2

from orchestrator.errors import RunUnreadable
from orchestrator.language.phrases import Phrase, english
from orchestrator.trials.text import cleaned
from orchestrator.trials.trial import (
    AcceleratorUsed,
    Epoch,
    Failure,
    Inputs,
    Load,
    Metrics,
    Operation,
    Profile,
    State,
    StepDetails,
    Trial,
)

_NO_TRIAL = Phrase("The events of {trial} are damaged: {error}. Make the run again.")
_MOST_MISSING = 1_000_000  # steps: more are no gap but a damage


def fold(
    framework: str,
    number: int,
    events: Iterable[job_pb2.JobEvent],
    spec: dict[str, Any] | None = None,
) -> Trial:
    """The trial that its events, from the first to however far they go, tell of.

    Raises RunUnreadable where they tell of none, as events may that passed no gate; their texts
    are cleaned for the same reason.
    """
    try:
        return _fold(framework, number, events, spec)
    except (ValueError, KeyError, IndexError, DecodeError) as error:
        trial = f"{framework}-{number}"
        raise RunUnreadable(english(_NO_TRIAL, trial=trial, error=error)) from error


def _fold(
    framework: str,
    number: int,
    events: Iterable[job_pb2.JobEvent],
    spec: dict[str, Any] | None,
) -> Trial:
    found: dict[str, list[Any]] = defaultdict(list)
    for event in events:
        case = event.WhichOneof("event")
        if case is not None:
            found[case].append(cleaned(getattr(event, case)))
    state = found["state_changed"][-1] if found["state_changed"] else None
    resources = found["resources_used"][-1] if found["resources_used"] else None
    return Trial(
        framework=framework,
        number=number,
        state=_state(state.state) if state else State.PENDING,
        error=_failure(state.error) if state and state.HasField("error") else None,
        spec=spec,
        environment=found["environment"][-1] if found["environment"] else None,
        inputs=_inputs(found["inputs"][-1]) if found["inputs"] else None,
        phases={_phase(p.phase): _seconds(p.duration) for p in found["phase_finished"]},
        cpu_seconds={_phase(p.phase): _seconds(p.cpu_duration) for p in found["phase_finished"]},
        epochs=tuple(map(_epoch, found["epoch_finished"])),
        losses=_losses(found["steps_finished"]),
        details=_details(found["steps_finished"]),
        evaluation=_metrics(found["evaluation_finished"]),
        peak_memory_bytes=resources.peak_memory_bytes if resources else None,
        peak_device_memory_bytes=resources.peak_device_memory_bytes if resources else None,
        accelerator=_accelerator(resources) if resources else None,
        swapped_bytes=resources.swapped_bytes if resources else 0,
        profile=_profile(found["profiled"]),
    )


def _state(state: job_pb2.JobState) -> State:
    return State[job_pb2.JobState.Name(state).removeprefix("JOB_STATE_")]


def _phase(phase: job_pb2.Phase) -> str:
    return str(job_pb2.Phase.Name(phase)).removeprefix("PHASE_").lower()


def _seconds(duration: Duration) -> float:
    return duration.ToNanoseconds() / 1e9


def _failure(status: status_pb2.Status) -> Failure:
    info = error_details_pb2.ErrorInfo()
    given = any(detail.Unpack(info) for detail in status.details)
    return Failure(info.reason if given else "", status.message)


def _inputs(message: job_pb2.Inputs) -> Inputs:
    return Inputs(**{f.name: getattr(message, f.name) for f in dataclasses.fields(Inputs)})


def _accelerator(message: job_pb2.ResourcesUsed) -> AcceleratorUsed | None:
    if not message.HasField("accelerator"):
        return None
    used = message.accelerator
    return AcceleratorUsed(
        uuid=used.uuid,
        samples=used.samples,
        peak_memory_bytes=used.peak_memory_bytes or None,
        throttled=tuple(used.throttled),
        most_processes=used.most_processes,
        **{
            name: getattr(used, name) if used.HasField(name) else None
            for name in ("mean_utilization", "mean_power_watts", "energy_joules")
        },
    )


def _epoch(message: job_pb2.EpochFinished) -> Epoch:
    return Epoch(
        epoch=message.epoch,
        train_seconds=_seconds(message.train_duration),
        evaluate_seconds=_seconds(message.evaluate_duration),
        train_loss=message.train_loss,
        test_loss=message.test.loss,
        test_accuracy=message.test.accuracy,
        samples_per_second=message.samples_per_second,
        data_wait_seconds=_seconds(message.data_wait_duration),
        sync_seconds=_seconds(message.sync_duration),
        running_accuracy=(
            message.running_accuracy if message.HasField("running_accuracy") else None
        ),
        validation_loss=message.validation.loss if message.HasField("validation") else None,
        validation_accuracy=(
            message.validation.accuracy if message.HasField("validation") else None
        ),
        load=_load(message.load) if message.HasField("load") else None,
    )


def _load(message: job_pb2.Load) -> Load:
    return Load(
        own_cpu_seconds=_seconds(message.own_cpu_duration),
        other_cpu_seconds=_seconds(message.other_cpu_duration),
        stolen_seconds=_seconds(message.stolen_duration),
        throttled_seconds=_seconds(message.throttled_duration),
        clock_hertz=message.clock_hertz,
    )


def _profile(found: list[job_pb2.Profiled]) -> Profile | None:
    if not found:
        return None
    operations = tuple(
        Operation(each.name, each.calls, _seconds(each.self_duration))
        for each in found[-1].operations
    )
    return Profile(operations, _seconds(found[-1].total_duration), found[-1].steps)


def _metrics(found: list[job_pb2.EvaluationFinished]) -> Metrics | None:
    if not found:
        return None
    test = found[-1].test
    return Metrics(test.loss, test.accuracy, test.samples)


def _losses(chunks: list[job_pb2.StepsFinished]) -> NDArray[np.float64]:
    return _by_step(chunks, lambda chunk: chunk.losses)


def _details(chunks: list[job_pb2.StepsFinished]) -> StepDetails | None:
    if not chunks or not all(chunk.HasField("details") for chunk in chunks):
        return None
    norms = [norm.parameter for norm in chunks[0].details.gradient_norms]
    return StepDetails(
        ordered_losses=_by_step(chunks, lambda chunk: chunk.details.ordered_losses),
        accuracies=_by_step(chunks, lambda chunk: chunk.details.accuracies),
        gradient_norms={
            parameter: _by_step(chunks, lambda chunk, i=i: chunk.details.gradient_norms[i].norms)
            for i, parameter in enumerate(norms)
        },
    )


def _by_step(
    chunks: list[job_pb2.StepsFinished], numbers: Callable[..., Iterable[float]]
) -> NDArray[np.float64]:
    """float64[steps]; NaN where a step was not reported."""
    steps = max((chunk.first_step + len(chunk.losses) for chunk in chunks), default=0)
    reported = sum(len(chunk.losses) for chunk in chunks)
    if steps - reported > _MOST_MISSING or any(chunk.first_step < 0 for chunk in chunks):
        raise ValueError(f"{steps} steps, of which {reported} are there")
    found = np.full(steps, np.nan)
    for chunk in chunks:
        found[chunk.first_step : chunk.first_step + len(chunk.losses)] = numbers(chunk)
    return found
