"""One command at a time makes a run."""

import fcntl
import os

import pytest

from orchestrator.errors import BadInput
from orchestrator.storage import running
from orchestrator.storage.about import State
from orchestrator.storage.running import is_running, making
from tests.builders.stored import create


def test_a_second_command_does_not_wait_for_the_first_and_changes_nothing(tmp_path):
    run = create(tmp_path)
    with making(run):
        before = run.about()
        with pytest.raises(BadInput, match="is being made by another command"), making(run):
            pass
        assert is_running(run.path)
        assert run.about() == before
    assert run.about().state == State.FINISHED


def test_who_only_looks_whether_it_is_being_made_is_no_second_command(tmp_path, monkeypatch):
    run = create(tmp_path)
    looks = os.open(run.path, os.O_RDONLY)
    fcntl.flock(looks, fcntl.LOCK_SH)

    def asked(path):
        answer = is_running(path)
        fcntl.flock(looks, fcntl.LOCK_UN)
        return answer

    monkeypatch.setattr(running, "is_running", asked)
    with making(run):
        assert is_running(run.path)
    os.close(looks)
