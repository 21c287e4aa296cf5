"""Dropout's masks: the same for whoever asks, whenever, and in however many parts."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twinrun.contract.layers import Dense, Dropout, Flatten, Repeat, Residual
from twinrun.contract.optimizers import Adam, Optimizer
from twinrun.contract.spec import Dataset, JobSpec

from services.model import dropout, order, sites
from services.trial import chunks

LAW = settings(database=None, max_examples=50)
MASKS = "layers.1.mask"


def job(**changes):
    layers = (Flatten(), Dropout(0.5), Dense(10))
    return replace(
        JobSpec(Dataset("mnist"), layers, Optimizer(Adam()), threads=1, batch_size=7), **changes
    )


def drawn(spec, epoch=0, samples=40, shape=(3, 2, 1)):
    """The masks of an epoch's samples in their order."""
    indices = order.permutation(spec.seed, epoch, samples)
    cut = order.chunks(indices, spec.batch_size, spec.report_every_steps)
    found = chunks.carried(spec, (samples, *shape), epoch, cut, sites.of_layers(spec.layers, shape))
    return np.concatenate([c.drawn[MASKS].reshape(-1, *c.drawn[MASKS].shape[2:]) for c in found])


@LAW
@given(
    st.floats(0, 1, exclude_max=True),
    st.lists(st.integers(1, 6), min_size=1, max_size=3),
    st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 9_999), st.integers(0, 999)),
    st.integers(0, 100),
    st.integers(1, 30),
    st.data(),
)
def test_masks_are_the_same_in_however_many_parts_they_are_drawn(  # noqa: PLR0917
    rate, shape, stream, first, samples, data
):
    def draw(first, samples):
        return dropout.masks(rate, tuple(shape), stream=stream, first=first, samples=samples)

    whole = draw(first, samples)
    assert whole.shape == (samples, *shape)
    cut = data.draw(st.integers(0, samples))
    parts = [draw(first, cut), draw(first + cut, samples - cut)]
    assert np.array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.25, 0.5, 0.9, 0.999])
def test_so_large_a_part_is_dropped_and_the_mean_stays_as_it_was(rate):
    kept = dropout.masks(rate, (500,), stream=(0, 0, 0), first=0, samples=2_000)
    spread = np.sqrt(rate * (1 - rate) / kept.size)
    assert abs(1 - kept.mean() - rate) <= 5 * spread + 2**-17
    assert kept.mean() * dropout.scale(rate) == pytest.approx(1, abs=5e-2)
    for of_one in (kept.mean(axis=0), kept.mean(axis=1)):  # no value, no sample more than others
        assert np.abs(1 - of_one - rate).max() <= 6 * np.sqrt(rate * (1 - rate) / 500) + 2**-17


def test_every_seed_epoch_layer_and_sample_has_a_mask_of_its_own():
    streams = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1)]
    masks = [
        mask.tobytes()
        for stream in streams
        for mask in dropout.masks(0.5, (64,), stream=stream, first=0, samples=20)
    ]
    assert len(set(masks)) == len(masks)


def test_the_streams_are_those_of_nothing_else_that_is_drawn():
    # Batch order has [seed, epoch], initial values [seed, 2**32 + i], synthetic data 2**33 + i.
    keys = [2**62 + layer * 2**32 + epoch for layer in (0, 1, 999) for epoch in (0, 1, 10_000)]
    assert len(set(keys)) == len(keys)
    assert min(keys) > 2**33 + 2**32
    assert max(keys) < 2**63


def test_neither_chunks_nor_the_size_of_a_short_last_batch_change_a_mask():
    spec = job()
    whole = drawn(spec)
    assert whole.shape == (40, 6)
    for every in (1, 2, 100):
        assert np.array_equal(drawn(replace(spec, report_every_steps=every)), whole)
    assert not np.array_equal(drawn(spec, epoch=1), whole)
    assert not np.array_equal(drawn(replace(spec, seed=1)), whole)


def test_of_a_limited_epoch_the_first_masks_are_those_of_the_whole():
    assert np.array_equal(drawn(job(), samples=21), drawn(job())[:21])


def test_masks_have_the_names_of_their_dropouts_by_place():
    spec = job(layers=(Dropout(0.2), Flatten(), Dense(10), Dropout(0.5)))
    assert dropout.names(spec.layers) == ["layers.0.mask", "layers.3.mask"]
    (chunk,) = chunks.carried(
        spec, (7, 3, 2, 1), 0, [np.arange(7)[None]], sites.of_layers(spec.layers, (3, 2, 1))
    )
    assert list(chunk.drawn) == dropout.names(spec.layers)


def test_masks_are_drawn_when_their_chunk_is_asked_for(monkeypatch):
    asked = []
    original = dropout.masks

    def counted(*args, **how):
        asked.append(how["first"])
        return original(*args, **how)

    monkeypatch.setattr(dropout, "masks", counted)
    spec = job(report_every_steps=2)
    cut = order.chunks(order.permutation(0, 0, 40), spec.batch_size, 2)
    carried = chunks.carried(spec, (40, 3, 2, 1), 0, cut, sites.of_layers(spec.layers, (3, 2, 1)))
    for number in itertools.count(1):
        if next(carried, None) is None:
            break
        assert len(asked) == number
    assert asked == [0, 14, 28, 35]


def test_a_job_without_a_dropout_draws_nothing():
    spec = job(layers=(Flatten(), Dense(10)))
    cut = order.chunks(order.permutation(0, 0, 40), spec.batch_size, 100)
    assert all(
        not chunk.drawn
        for chunk in chunks.carried(
            spec, (40, 3, 2, 1), 0, cut, sites.of_layers(spec.layers, (3, 2, 1))
        )
    )


def test_masks_in_a_nest_are_named_by_the_way_and_numbered_through_all_layers():
    layers = (
        Flatten(),
        Repeat(2, (Residual((Dropout(0.1), Dense(6)), (Dropout(0.2),)),)),
        Dropout(0.3),
    )
    found = sites.of_layers(layers, (3, 2, 1))
    assert dropout.names(layers) == [site.name for site in found]
    assert [(site.name, site.rate, site.stream) for site in found] == [
        ("layers.1.0.0.layers.0.mask", 0.1, 1),
        ("layers.1.0.0.shortcut.0.mask", 0.2, 3),
        ("layers.1.1.0.layers.0.mask", 0.1, 4),
        ("layers.1.1.0.shortcut.0.mask", 0.2, 6),
        ("layers.2.mask", 0.3, 7),
    ]
    assert {site.shape for site in found} == {(6,)}
