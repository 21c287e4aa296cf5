"""Which samples each step gets, and what is drawn for them, held against plain Python."""

import hashlib
import struct

import numpy as np
import pytest
from twinrun.contract.enums import Precision
from twinrun.contract.layers import Dense, Dropout, Flatten
from twinrun.contract.optimizers import Adam, Optimizer
from twinrun.contract.spec import Augmentation, Dataset, JobSpec

from services.model import augmentation, dropout, order, sites
from services.trial import chunks
from services.trial.matched import chunk_shapes, epoch_chunks
from tests.builders import philox

LATE = [0, 1, 2, 39, 9_999]  # epochs
SEEDS = [0, 1, 2**31 - 1]
SHAPE = (61, 3, 2, 1)


def job(*layers, **given) -> JobSpec:
    given = {"batch_size": 8, "report_every_steps": 3, **given}
    return JobSpec(
        Dataset("mnist"), (Flatten(), *layers, Dense(3)), Optimizer(Adam()), threads=1, **given
    )


def batches(indices: list[int], size: int) -> list[list[int]]:
    return [indices[start : start + size] for start in range(0, len(indices), size)]


# ----------------------------------------------------------------------------------- batch order


@pytest.mark.parametrize("epoch", LATE)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_any_epoch_is_that_of_the_shuffle_by_hand(seed, epoch):
    for samples in (1, 2, 7, 61, 1000):
        found = order.permutation(seed, epoch, samples)
        assert found.dtype == np.int32
        assert found.tolist() == philox.permutation(seed, epoch, samples)


def test_no_two_epochs_of_a_long_job_have_the_same_order():
    found = {order.permutation(3, epoch, 100).tobytes() for epoch in range(1_000)}
    assert len(found) == 1_000


@pytest.mark.parametrize("limit", [None, 1, 2, 5, 6, 7, 8, 9])
@pytest.mark.parametrize("samples", [61, 64, 8, 7, 1])
@pytest.mark.parametrize("epoch", [0, 39])
def test_an_epochs_chunks_are_its_first_batches_and_its_last_cut_by_hand(epoch, samples, limit):
    spec = job(seed=5, steps_per_epoch_limit=limit)
    whole = batches(philox.permutation(5, epoch, samples), 8)
    kept = whole if limit is None or limit >= len(whole) else [*whole[: limit - 1], whole[-1]]
    full, short = [b for b in kept if len(b) == 8], [b for b in kept if len(b) < 8]
    wanted = [full[start : start + 3] for start in range(0, len(full), 3)]
    wanted += [[batch] for batch in short]
    found = epoch_chunks(spec, epoch, samples)
    assert [chunk.tolist() for chunk in found] == wanted
    assert {chunk.dtype for chunk in found} == {np.dtype(np.int32)}
    shapes = [(len(chunk), len(chunk[0])) for chunk in wanted]
    assert chunk_shapes(spec, samples) == sorted(set(shapes), key=shapes.index)


def test_a_frameworks_own_order_is_cut_alike():
    def own(seed: int, epoch: int, samples: int) -> np.ndarray:
        return (np.arange(samples, dtype=np.int32) + seed + epoch) % samples

    found = epoch_chunks(job(seed=2), 3, 20, own)
    assert np.concatenate([chunk.ravel() for chunk in found]).tolist() == [*range(5, 20), *range(5)]


@pytest.mark.parametrize(("samples", "size"), [(61, 8), (64, 8), (7, 8), (8, 1)])
def test_sizes_of_batches_are_those_of_the_batches(samples, size):
    wanted = [len(batch) for batch in batches(list(range(samples)), size)]
    found = order.batch_sizes(samples, size, len(wanted))
    assert found.tolist() == wanted
    assert found.dtype == np.int64


def test_the_digest_is_of_the_indices_of_all_epochs_one_after_the_other():
    epochs = [philox.permutation(1, epoch, 9) for epoch in range(3)]
    content = b"".join(struct.pack("<9i", *indices) for indices in epochs)
    found = order.digest(order.permutation(1, epoch, 9) for epoch in range(3))
    assert found == hashlib.sha256(content).hexdigest()


# --------------------------------------------------------------------------- what chunks carry


@pytest.mark.parametrize("epoch", LATE)
@pytest.mark.parametrize("every", [1, 3, 100])
def test_each_sample_of_an_epoch_has_the_mask_of_its_place_whatever_the_chunks(epoch, every):
    spec = job(Dropout(0.3), seed=4, report_every_steps=every)
    masks = [chunk.drawn["layers.1.mask"] for chunk in carried(spec, epoch)]
    assert {mask.dtype for mask in masks} == {np.dtype(bool)}
    found = np.concatenate([mask.reshape(-1, 6) for mask in masks])
    numbers = philox.quarters(4, 2**62 + 2**32 + epoch)
    wanted = [[next(numbers) >= round(0.3 * 65536) for _ in range(16)][:6] for _ in range(61)]
    assert found.tolist() == wanted


def carried(spec: JobSpec, epoch: int) -> list[chunks.Chunk]:
    return list(
        chunks.carried(
            spec,
            SHAPE,
            epoch,
            epoch_chunks(spec, epoch, SHAPE[0]),
            sites.of_layers(spec.layers, SHAPE[1:]),
        )
    )


def test_masks_have_a_value_for_each_value_of_their_layers_input():
    spec = job(Dense(20), Dropout(0.5), Dense(5), Dropout(0.5))
    (first, *_, last) = carried(spec, 0)
    assert {name: mask.shape for name, mask in first.drawn.items()} == {
        "layers.2.mask": (3, 8, 20),
        "layers.4.mask": (3, 8, 5),
    }
    assert {name: mask.shape for name, mask in last.drawn.items()} == {
        "layers.2.mask": (1, 5, 20),
        "layers.4.mask": (1, 5, 5),
    }


@pytest.mark.parametrize("values", [1, 15, 16, 17, 33])
def test_masks_begin_anew_with_so_many_whole_blocks_of_numbers_a_sample(values):
    blocks = -(-values // 16)
    found = dropout.masks(0.25, (values,), stream=(9, 7, 3), first=5, samples=3)
    for place in range(3):
        numbers = philox.quarters(9, 2**62 + 3 * 2**32 + 7, counter=(5 + place) * blocks)
        assert found[place].tolist() == [next(numbers) >= 16384 for _ in range(values)]


@pytest.mark.parametrize("rate", [0.2, 4e-6, 0.1])
def test_a_rate_is_rounded_to_the_nearest_of_65536_levels(rate):
    numbers = np.random.Philox(key=[1, 2**62]).random_raw(500_000).view("<u2")
    level = round(rate * 65536)
    assert (numbers == level).any()
    kept = dropout.masks(rate, (2_000_000,), stream=(1, 0, 0), first=0, samples=1)
    np.testing.assert_array_equal(kept[0], numbers >= level)


@pytest.mark.parametrize("epoch", LATE)
@pytest.mark.parametrize("precision", [Precision.FLOAT32, Precision.FLOAT64])
def test_each_step_carries_the_maps_of_its_own_samples_in_the_jobs_precision(epoch, precision):
    spec = job(augmentation=Augmentation(0.5, 10), precision=precision)
    maps = augmentation.transforms(spec, SHAPE, epoch)
    dtype = np.float64 if precision is Precision.FLOAT64 else np.float32
    for chunk in carried(spec, epoch):
        found = chunk.drawn["transforms"]
        assert found.dtype == dtype
        for indices, of_step in zip(chunk.indices, found, strict=True):
            np.testing.assert_array_equal(of_step, [maps[i].astype(dtype) for i in indices])


def test_a_part_of_a_chunk_has_all_that_was_drawn_for_its_steps():
    spec = job(Dropout(0.5), augmentation=Augmentation(0.5, 10))
    first, *_ = carried(spec, 0)
    part = first.part(slice(1, 3))
    np.testing.assert_array_equal(part.indices, first.indices[1:3])
    assert part.drawn.keys() == first.drawn.keys()
    for name, array in first.drawn.items():
        np.testing.assert_array_equal(part.drawn[name], array[1:3])


def test_the_whole_is_one_step_of_all_samples_in_their_order():
    spec = job(augmentation=Augmentation(0.5, 10))
    found = chunks.whole(spec, SHAPE)
    assert found.indices.tolist() == [list(range(61))]
    maps = augmentation.transforms(spec, SHAPE, 0)
    np.testing.assert_array_equal(found.drawn["transforms"], maps[None].astype(np.float32))


def test_a_blank_chunk_has_the_shapes_of_what_it_warms_up_for():
    spec = job(Dropout(0.5), augmentation=Augmentation(0.5, 10))
    found, real = (
        chunks.blank(spec, SHAPE, 3, 8, sites.of_layers(spec.layers, SHAPE[1:])),
        carried(spec, 0)[0],
    )
    assert found.indices.shape == real.indices.shape
    assert not found.indices.any()
    assert {name: (a.shape, a.dtype) for name, a in found.drawn.items()} == {
        name: (a.shape, a.dtype) for name, a in real.drawn.items()
    }
