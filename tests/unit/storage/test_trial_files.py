"""A trial is read once, and again whenever one of its files has changed."""

from datetime import UTC, datetime

import pytest
from google.protobuf import json_format
from twinrun.contract.enums import JobState
from twinrun.v1 import job_pb2

from orchestrator.errors import RunUnreadable
from orchestrator.storage import trial_files
from orchestrator.storage.store import Run
from tests.builders.events import SPEC, numbered, trial_events
from tests.builders.stored import create

SPEC_MESSAGE = json_format.ParseDict(SPEC, job_pb2.JobSpec())
EVENTS = trial_events(seconds=(1.0,))


@pytest.fixture
def read(monkeypatch):
    """Names of the files whose events were read."""
    names = []
    real = trial_files.read_events

    def noting(path):
        names.append(path.name)
        return real(path)

    monkeypatch.setattr(trial_files, "read_events", noting)
    return names


@pytest.fixture
def run(tmp_path):
    return create(tmp_path / "runs", "w", SPEC_MESSAGE, datetime(2026, 11, 23, tzinfo=UTC))


def write(run, number, events=EVENTS):
    log = run.open_events("pytorch", number)
    for event in events:
        log.append(event)


def test_after_each_block_only_its_own_trials_are_read(run, read):
    for number in (1, 2, 3):
        write(run, number)
        assert len(run.trials()) == number
        assert run.trials() == run.trials()
    assert read == ["pytorch-1.jsonl", "pytorch-2.jsonl", "pytorch-3.jsonl"]
    assert Run(run.path) == run
    assert len({run, Run(run.path)}) == 1


def test_a_trial_that_went_on_is_read_again(run, read):
    write(run, 1, EVENTS[:4])
    assert run.trials()[0].state is not JobState.SUCCEEDED
    write(run, 1, numbered(EVENTS))
    assert run.trials()[0].state is JobState.SUCCEEDED
    assert len(read) == 2


def test_a_job_that_is_stored_later_is_read(run, read):
    write(run, 1)
    assert run.trials()[0].spec is None
    run.write_job("pytorch", 1, job_pb2.Job(job_id="one", spec=SPEC_MESSAGE))
    assert run.trials()[0].spec.seed == SPEC_MESSAGE.seed
    other = job_pb2.JobSpec()
    other.CopyFrom(SPEC_MESSAGE)
    other.seed = (other.seed + 1) % 9  # as many characters
    run.write_job("pytorch", 1, job_pb2.Job(job_id="one", spec=other))
    assert run.trials()[0].spec.seed == other.seed


def test_damage_after_reading_is_found_and_never_kept(run, read):
    write(run, 1)
    assert run.trials()
    path = run.path / "events/pytorch-1.jsonl"
    path.write_bytes(b"{}x\n" + path.read_bytes())
    for _ in range(2):
        with pytest.raises(RunUnreadable):
            run.trials()
    path.unlink()
    assert run.trials() == []
