"""Images that are made from the seed: the same ones anywhere, and neither too easy nor too hard."""

import numpy as np
import pytest
from twinrun.contract.spec import Dataset

from services.data import synthetic
from tests.builders.datasets import SMALL, loaded


def test_the_first_samples_stay_the_same_across_the_chunks_in_which_they_are_made() -> None:
    shape = (64, 64, 4)  # 64 samples a chunk
    most, _ = synthetic.make(0, synthetic.Split.TRAIN, 200, shape, 3)
    for samples in (1, 63, 64, 65, 130):
        images, _ = synthetic.make(0, synthetic.Split.TRAIN, samples, shape, 3)
        assert np.array_equal(images, most[:samples])


def test_synthetic_data_has_the_sizes_types_and_labels_that_were_asked_for() -> None:
    data = loaded(Dataset("synthetic", synthetic=SMALL)).data
    assert data.train_images.shape == (300, 6, 5, 2)
    assert data.test_images.shape == (50, 6, 5, 2)
    assert data.train_images.dtype == np.float32
    assert data.train_labels.dtype == data.test_labels.dtype == np.int32
    assert set(data.train_labels.tolist()) == {0, 1, 2, 3}


def test_classes_are_about_equally_many() -> None:
    _, labels = synthetic.make(0, synthetic.Split.TRAIN, 10_000, (1, 1, 1), 10)
    counts = np.bincount(labels, minlength=10)
    assert counts.min() > 850
    assert counts.max() < 1150


def test_splits_and_seeds_have_noise_of_their_own() -> None:
    made = [
        synthetic.make(seed, split, 100, (8, 8, 1), 2)[0]
        for seed in (0, 1)
        for split in synthetic.Split
    ]
    # Bytes that are independent agree once in some hundred times.
    pairs = [(made[i], made[j]) for i in range(4) for j in range(i)]
    assert all((one == two).mean() < 0.05 for one, two in pairs)


@pytest.mark.parametrize("shape", [(28, 28, 1), (8, 8, 1), (32, 32, 3)])
def test_synthetic_classes_can_be_learnt_from_many_samples_but_not_from_few(
    shape: tuple[int, int, int],
) -> None:
    images, labels = synthetic.make(0, synthetic.Split.TRAIN, 4_000, shape, 10)
    others, answers = synthetic.make(0, synthetic.Split.TEST, 500, shape, 10)

    def accuracy(samples: int) -> float:
        """Of the nearest class mean."""
        flat = images[:samples].reshape(samples, -1).astype(np.float64)
        means = np.stack([flat[labels[:samples] == c].mean(axis=0) for c in range(10)])
        scores = others.reshape(500, -1) @ means.T - (means**2).sum(axis=1) / 2
        return float((scores.argmax(axis=1) == answers).mean())

    assert accuracy(4_000) > 0.9
    assert accuracy(4_000) > 0.85
    assert accuracy(50) < accuracy(4_000) - 0.1


def test_the_hash_of_synthetic_data_is_the_same_on_every_machine() -> None:
    found = loaded(Dataset("synthetic", synthetic=SMALL)).sha256
    assert found == "fc3681b3390130b30633e99022438f78bc857516e11fd1f41043fa58d5e3b96d"
