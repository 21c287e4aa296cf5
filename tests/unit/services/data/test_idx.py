"""IDX files: what is written can be read, and nothing else can."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from services.data.formats import idx

LAW = settings(database=None, max_examples=30)


@LAW
@given(hnp.arrays(np.uint8, hnp.array_shapes(max_dims=3)))
def test_an_idx_file_gives_back_its_array(array: np.ndarray) -> None:
    assert np.array_equal(idx.parse(idx.compose(array), array.shape), array)


def test_an_idx_file_begins_as_the_published_ones_do() -> None:
    assert idx.header((60_000, 28, 28)).hex() == "00000803" + "0000ea60" + "0000001c" * 2


@LAW
@given(st.binary(max_size=40))
def test_other_content_is_no_idx_file(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"header|reshape|buffer"):
        idx.parse(content, (7, 5, 3))
