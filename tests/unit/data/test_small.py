"""Small data sets of noise are the same wherever they are made."""

import numpy as np
import pytest
import safetensors.numpy
from twinrun.contract.enums import TargetKind

from orchestrator.data import small

SHAPE = (3, 2)


@pytest.mark.parametrize("targets", TargetKind)
def test_it_is_as_the_dataset_says(tmp_path, targets):
    codes = 4 if targets is TargetKind.TOKENS else 0
    shape = (3,) if codes else SHAPE
    found = small.dataset(shape, targets, 4, 12, tmp_path, codes=codes)
    again = small.dataset(shape, targets, 4, 12, tmp_path / "elsewhere", codes=codes)
    assert found == again
    held = safetensors.numpy.load((tmp_path / found.arrays.sha256).read_bytes())
    assert held["train_features"].shape == (12, *shape)
    assert len(held["test_targets"]) == found.arrays.test_samples
    if codes:
        assert held["train_features"].max() < codes
        np.testing.assert_array_equal(held["train_targets"], held["train_features"][:, ::-1])
    if targets is TargetKind.FLAGS:
        assert set(np.unique(held["train_targets"])) == {0, 1}
    if targets is TargetKind.CLASS:
        assert held["train_targets"].max() < 4


def test_the_padding_stands_at_the_end_of_samples_alone(tmp_path):
    found = small.dataset((5,), TargetKind.NUMBERS, 4, 12, tmp_path, codes=4, padded=True)
    held = safetensors.numpy.load((tmp_path / found.arrays.sha256).read_bytes())["train_features"]
    lengths = (held != 0).sum(axis=1)
    assert set(lengths) == {1, 2, 3, 4, 5}
    np.testing.assert_array_equal(held != 0, np.arange(5) < lengths[:, None])
