"""A trial ends by the rule of early stopping, and keeps the best epoch's weights if asked to."""

from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy
from twinrun.contract.events import EpochFinished, LogitsSaved
from twinrun.contract.stopping import EarlyStopping

from services.pipe import LOGITS_FILE
from tests.builders.told import HELD, job, logits, run

MANY = 12


def stopped(folder, **given):
    return run(folder, replace(job(early_stopping=EarlyStopping(**given)), epochs=MANY))


@pytest.mark.parametrize("keep_best", [False, True])
@pytest.mark.parametrize("patience", [1, 2, 3])
def test_a_trial_ends_by_the_rule_and_its_files_are_those_of_the_kept_epoch(
    tmp_path, patience, keep_best
):
    found = stopped(tmp_path, patience=patience, keep_best=keep_best)
    values = [epoch.validation.loss for epoch in found.of(EpochFinished)]
    best = int(np.argmin(values))
    assert len(values) == best + 1 + patience < MANY
    assert found.trainer.calls[-1] == "evaluate"
    kept = best + 1 if keep_best else len(values)  # evaluations until then
    saved = safetensors.numpy.load_file(tmp_path / LOGITS_FILE)
    np.testing.assert_array_equal(saved["logits"], logits(kept)[HELD:])
    held = safetensors.numpy.load_file(tmp_path / "final.safetensors")
    for name, array in safetensors.numpy.load_file(tmp_path / "initial.safetensors").items():
        np.testing.assert_array_equal(held[name], array + kept)
    assert len(found.of(LogitsSaved)) == 1


def test_without_an_end_by_the_rule_all_epochs_are_trained(tmp_path):
    assert len(stopped(tmp_path, patience=MANY).of(EpochFinished)) == MANY
