"""The order of batches: every sample once, in an order of each epoch's own."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.model import order

LAW = settings(database=None, max_examples=50)
SEEDS = st.integers(0, 2**31 - 1)
EPOCHS = st.integers(0, 9_999)


@LAW
@given(SEEDS, EPOCHS, st.integers(1, 2_000))
def test_an_epoch_has_every_sample_once(seed: int, epoch: int, samples: int) -> None:
    found = order.permutation(seed, epoch, samples)
    assert found.dtype == np.int32
    assert np.array_equal(np.sort(found), np.arange(samples))


@LAW
@given(SEEDS, EPOCHS)
def test_every_epoch_and_every_seed_has_an_order_of_its_own(seed: int, epoch: int) -> None:
    one = order.permutation(seed, epoch, 1_000)
    assert np.array_equal(one, order.permutation(seed, epoch, 1_000))
    assert not np.array_equal(one, order.permutation(seed, epoch + 1, 1_000))
    assert not np.array_equal(one, order.permutation(seed + 1, epoch, 1_000))


@LAW
@given(st.integers(1, 500), st.integers(1, 70), st.integers(1, 20))
def test_chunks_are_the_order_cut_with_a_short_last_batch_alone(
    samples: int, batch_size: int, steps: int
) -> None:
    whole = order.permutation(0, 0, samples)
    chunks = order.chunks(whole, batch_size, steps)
    assert np.array_equal(np.concatenate([chunk.ravel() for chunk in chunks]), whole)
    assert sum(len(chunk) for chunk in chunks) == math.ceil(samples / batch_size)
    assert all(1 <= len(chunk) <= steps for chunk in chunks)
    sizes = [chunk.shape[1] for chunk in chunks]
    assert all(size == batch_size for size in sizes[:-1])
    assert sizes[-1] == batch_size or chunks[-1].shape == (1, samples % batch_size)


def test_the_digest_of_the_order_depends_on_all_that_the_order_does() -> None:
    def digest(seed: int, epochs: int, samples: int) -> str:
        return order.digest(order.permutation(seed, epoch, samples) for epoch in range(epochs))

    digests = {digest(*of) for of in [(0, 2, 9), (1, 2, 9), (0, 3, 9), (0, 2, 10)]}
    assert len(digests) == 4


@LAW
@given(st.integers(1, 300), st.integers(1, 70), st.integers(1, 40))
def test_a_limit_leaves_the_first_batches_and_the_last(samples: int, size: int, limit: int) -> None:
    whole = order.permutation(0, 0, samples)
    batches = [whole[start : start + size].tolist() for start in range(0, samples, size)]
    found = order.limited(whole, size, limit).tolist()
    kept = batches if len(batches) <= limit else [*batches[: limit - 1], batches[-1]]
    assert found == [index for batch in kept for index in batch]
    assert order.limited(whole, size, None) is whole


def test_a_short_last_batch_may_be_left_out_and_nothing_else() -> None:
    assert order.batch_sizes(25, 10, 2).tolist() == [10, 10]
    assert order.batch_sizes(25, 10, 3).tolist() == [10, 10, 5]
    with pytest.raises(ValueError, match="1 steps were taken in an epoch of 3"):
        order.batch_sizes(25, 10, 1)
