import dataclasses
import tracemalloc

import numpy as np
import pytest
from twinrun.contract.enums import JobState
from twinrun.contract.events import Failure
from twinrun.v1 import job_pb2

from orchestrator.errors import RunUnreadable
from orchestrator.trials.fold import fold
from tests.builders.events import (
    PHASES,
    STEPS,
    duration,
    failed_trial,
    losses,
    numbered,
    trial,
    trial_events,
)
from tests.builders.lying import put


def test_a_trial_is_folded_from_its_events():
    found = trial("tensorflow", 2, seconds=(1.5, 1.0))
    assert (found.name, found.state, found.error) == ("tensorflow-2", JobState.SUCCEEDED, None)
    assert found.environment.framework_version == "2.21.0"
    assert found.inputs.parameter_count == 109_386
    assert found.resources.peak_memory_bytes == 612_000_000
    assert [epoch.epoch for epoch in found.epochs] == [0, 1]
    assert found.epochs[0].train_seconds == 1.5
    assert found.epochs[0].samples_per_second == 3200 / 1.5


def test_an_epoch_has_the_steps_and_samples_that_it_took_not_those_that_were_planned():
    found = trial(seconds=(1.5, 1.0), samples=60_000, taken=192)
    planned = dataclasses.replace(found.inputs, steps_per_epoch=51)
    found = dataclasses.replace(found, inputs=planned)
    assert (found.epoch_steps, found.epoch_samples) == (50, 192)
    assert found.epoch_starts == (0, 50)
    assert dataclasses.replace(trial(seconds=(1.0,)), inputs=planned).epoch_steps == 50
    begun = failed_trial(after=0)
    assert (begun.epoch_steps, begun.epoch_samples) == (50, None)
    assert dataclasses.replace(begun, inputs=None).epoch_steps is None


def test_phases_are_wall_and_cpu_seconds_by_name():
    found = trial(seconds=(1.5, 1.0))
    assert found.phases == {**PHASES, "train": 2.5, "evaluate": 0.25}
    assert found.cpu_seconds["import"] == 2 * PHASES["import"]


def test_losses_are_float64_in_step_order_whatever_the_chunks():
    found = trial(seconds=(1.0, 1.0))
    assert found.losses.dtype == np.float64
    assert found.losses.tolist() == losses(2)


def test_a_step_that_was_not_reported_is_nan():
    events = trial_events(seconds=(1.0,))
    missing = next(i for i, event in enumerate(events) if event.HasField("steps_finished"))
    found = fold("pytorch", 1, events[:missing] + events[missing + 1 :])
    assert np.isnan(found.losses[:20]).all()
    assert np.isfinite(found.losses[20:]).all()


def test_a_failed_trial_keeps_what_it_had_finished_and_says_why():
    found = failed_trial(after=2)
    assert found.state is JobState.FAILED
    assert found.error == Failure("CHILD_DIED", "The process was ended by signal 9 (SIGKILL).")
    assert len(found.epochs) == 2
    assert len(found.losses) == 2 * STEPS + 20
    assert "train" not in found.phases
    assert found.seconds("train") == sum(epoch.train_seconds for epoch in found.epochs)
    assert found.seconds("import") == PHASES["import"]


def test_every_beginning_of_the_events_makes_a_trial():
    events = trial_events()
    for count in range(len(events)):
        found = fold("pytorch", 1, events[:count])
        assert found.state in (JobState.PENDING, JobState.RUNNING)
        assert found.error is None
        assert len(found.losses) <= 3 * STEPS


def test_a_trial_without_events_is_pending_and_knows_nothing():
    found = fold("pytorch", 1, [])
    assert found.state is JobState.PENDING
    assert found.environment is found.inputs is found.resources is None
    assert found.seconds("train") is None


def test_what_a_gpu_does_not_tell_is_none():
    event = job_pb2.JobEvent()
    event.resources_used.accelerator.uuid = "GPU-aa"
    event.resources_used.accelerator.samples = 3
    event.resources_used.accelerator.mean_utilization = 0.0
    used = fold("pytorch", 1, [event]).accelerator
    assert (used.uuid, used.samples, used.mean_utilization) == ("GPU-aa", 3, 0.0)
    assert used.peak_memory_bytes is used.mean_power_watts is used.energy_joules is None


def test_a_trial_on_a_cpu_has_used_no_gpu():
    assert trial().accelerator is None


def test_an_error_without_a_reason_keeps_its_message():
    event = job_pb2.JobEvent()
    event.state_changed.state = job_pb2.JOB_STATE_FAILED
    event.state_changed.error.message = "gone"
    assert fold("pytorch", 1, [event]).error == Failure("", "gone")


def test_an_evaluation_is_kept_with_its_metrics():
    event = job_pb2.JobEvent()
    event.evaluation_finished.test.accuracy = 0.97
    event.evaluation_finished.test.samples = 1000
    found = fold("pytorch", 1, numbered([event]))
    assert (found.evaluation.accuracy, found.evaluation.samples) == (0.97, 1000)


def test_durations_keep_their_nanoseconds():
    event = job_pb2.JobEvent()
    event.phase_finished.phase = job_pb2.PHASE_TRAIN
    event.phase_finished.duration.CopyFrom(duration(1.000000001))
    assert fold("pytorch", 1, [event]).phases == {"train": 1.000000001}


def test_an_event_of_a_kind_that_is_not_known_is_passed_over():
    assert fold("pytorch", 1, [job_pb2.JobEvent(sequence=1)]).state is JobState.PENDING


# ---------------------------------------------------- events that passed no gate, as old ones did


def damaged(kind, path, value):
    events = trial_events(seconds=(1.0,))
    put([getattr(e, kind) for e in events if e.HasField(kind)][-1], path, value)
    return events


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("steps_finished", "first_step", 100_000_000),
        ("steps_finished", "first_step", 2**31 - 1),
        ("steps_finished", "first_step", -5),
        ("state_changed", "state", 42),
        ("phase_finished", "phase", 77),
    ],
)
def test_damaged_events_are_a_sentence_that_names_the_trial_and_take_no_memory(kind, path, value):
    tracemalloc.start()
    with pytest.raises(RunUnreadable, match=r"The events of pytorch-1 are damaged: .+ again\."):
        fold("pytorch", 1, damaged(kind, path, value))
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_details_of_another_length_are_damage_too():
    events = trial_events(seconds=(1.0,), detailed=True)
    del next(e for e in events if e.HasField("steps_finished")).steps_finished.details.accuracies[
        2:
    ]
    with pytest.raises(RunUnreadable, match="pytorch-1"):
        fold("pytorch", 1, events)


def test_texts_of_events_that_passed_no_gate_are_cleaned():
    events = trial_events()
    put(next(e for e in events if e.HasField("environment")), "environment.blas", "\x1b[1ma\nb")
    event = job_pb2.JobEvent()
    event.state_changed.state = job_pb2.JOB_STATE_FAILED
    event.state_changed.error.message = "one\ntwo\x07"
    event.state_changed.error.details.add(type_url="no.Such", value=b"\xff")
    found = fold("pytorch", 1, [*events[:-1], event])
    assert found.environment.blas == "a b"
    assert found.error == Failure("", "one two")
