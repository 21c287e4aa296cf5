"""The blob: what safetensors reads, the same bytes for the same arrays, whole or not at all."""

import hashlib

import numpy as np
import pytest
import safetensors.numpy

from orchestrator.data import blob
from orchestrator.errors import BadInput

ARRAYS = {
    "pixels": np.arange(7, dtype=np.uint8),
    "labels": np.arange(5, dtype=np.int32),
    "values": np.arange(6, dtype=np.float64).reshape(2, 3),
}


def test_safetensors_reads_it_and_its_name_is_its_digest(tmp_path):
    written = blob.write(ARRAYS, tmp_path / "blobs")
    content = written.path.read_bytes()
    assert written.path.name == written.sha256 == hashlib.sha256(content).hexdigest()
    assert written.size == len(content)
    found = safetensors.numpy.load(content)
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


def test_the_same_arrays_are_the_same_bytes_in_whatever_order_and_layout(tmp_path):
    other = {name: np.asfortranarray(array) for name, array in reversed(ARRAYS.items())}
    one, two = (blob.write(arrays, tmp_path) for arrays in (ARRAYS, other))
    assert one == two
    assert [path.name for path in tmp_path.iterdir()] == [one.sha256]


def test_where_it_cannot_be_written_a_sentence_says_so(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="cannot be written"):
        blob.write(ARRAYS, tmp_path / "file")
