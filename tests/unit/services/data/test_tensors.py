"""A file's arrays are mapped: what is not changed is not copied, and memory is given back."""

from pathlib import Path

import numpy as np
import pytest
from twinrun.contract.spec import Normalization

from orchestrator.data.blob import write
from services.data import tensors
from services.data.normalization import normalised
from services.errors import DataUnavailable, InvalidRequest

FLOAT32 = np.dtype(np.float32)
ROWS = 100_000


@pytest.fixture
def features(tmp_path):
    """Twenty megabytes of a file."""
    numbers = np.arange(ROWS * 50, dtype=np.float32).reshape(ROWS, 50)
    return tensors.mapped(write({"x": numbers}, tmp_path).path)["x"]


def mapped_bytes(path):
    """How much of the file is in this process's memory."""
    lines = iter(Path("/proc/self/smaps").read_text().splitlines())
    return sum(
        1024 * int(next(line for line in lines if line.startswith("Rss:")).split()[1])
        for line in lines
        if line.endswith(str(path))
    )


def test_numbers_that_stay_as_they_are_are_the_files_own(features):
    same = normalised(features, Normalization(0.0, 1.0), FLOAT32)
    assert np.shares_memory(same, features)
    other = normalised(features, Normalization(0.0, 2.0), FLOAT32)
    np.testing.assert_array_equal(other[:2], features[:2] / 2)
    assert same.ctypes.data % tensors.ALIGNMENT == other.ctypes.data % tensors.ALIGNMENT == 0


@pytest.mark.parametrize("normalization", [Normalization(0.0, 1.0), Normalization(1.0, 3.0)])
@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="asks /proc")
def test_a_file_that_was_normalised_takes_no_memory_any_more(features, normalization):
    features.sum()
    assert mapped_bytes(features.filename) >= features.nbytes
    normalised(features, normalization, FLOAT32)
    assert mapped_bytes(features.filename) < features.nbytes / 10


def test_what_is_written_to_the_arrays_does_not_reach_the_file(features):
    before = Path(features.filename).read_bytes()
    features[:] = 1
    assert Path(features.filename).read_bytes() == before


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused_though_it_is_not_changed(tmp_path, value):
    numbers = np.array([[1.0], [value]], np.float32)
    mapped = tensors.mapped(write({"x": numbers}, tmp_path).path)["x"]
    with pytest.raises(InvalidRequest, match="overflow"):
        normalised(mapped, Normalization(0.0, 1.0), FLOAT32)


@pytest.mark.parametrize("content", [b"", b"\xff" * 8, b"\x02\0\0\0\0\0\0\0[]", b"x" * 100])
def test_a_file_of_no_arrays_is_unavailable(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(DataUnavailable, match="is not a file of arrays"):
        tensors.mapped(path)
