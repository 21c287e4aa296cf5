"""How a trial's process tells of what it did not foresee."""

import pytest

from services.errors import OutOfMemory, TrainerFailed
from services.frameworks import FRAMEWORKS
from services.trial.child import _failure

SAID = sorted({said for each in FRAMEWORKS.values() for said in each.out_of_memory})


@pytest.mark.parametrize("said", SAID)
def test_memory_that_ran_out_is_told_by_the_name_or_the_text_of_a_frameworks_error(said):
    named = type(said, (Exception,), {})("8 bytes")
    for error in (RuntimeError(f"{said}: 8 bytes"), named):
        found = _failure(error)
        assert found.reason == OutOfMemory.reason
        assert found.message == f"Memory ran out: {type(error).__name__}: {error}."


def test_any_other_error_is_a_failed_trainer():
    assert _failure(MemoryError()).reason == OutOfMemory.reason
    assert _failure(RuntimeError("memory of a kind")).reason == TrainerFailed.reason
