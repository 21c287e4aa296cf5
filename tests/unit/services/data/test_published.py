"""The published datasets: what the catalogue says of them, and their authors' files."""

from pathlib import Path

import numpy as np
import pytest
from twinrun.contract.spec import Dataset

from services.data import catalog
from services.data.published import SOURCES
from services.data.source import Batches
from tests.builders.datasets import loaded

FASHION = Path(__file__).parents[5] / "shared/data/fashion-mnist"


@pytest.mark.parametrize("name", SOURCES)
def test_the_published_sizes_are_the_catalogues(name: str) -> None:
    info, source = catalog.DATASETS[name], SOURCES[name]
    if isinstance(source, Batches):
        assert sum(source.train.values()) == info.train_samples
        assert sum(source.test.values()) == info.test_samples
        assert info.shape == (32, 32, 3)
        return
    assert source.train_images.shape == (info.train_samples, *info.shape[:2])
    assert source.test_images.shape == (info.test_samples, *info.shape[:2])
    assert source.train_labels.shape == (info.train_samples,)
    assert source.test_labels.shape == (info.test_samples,)
    assert info.shape[2] == 1


def test_every_catalogued_dataset_has_a_source() -> None:
    assert set(SOURCES) == set(catalog.DATASETS)


@pytest.mark.skipif(not FASHION.is_dir(), reason="Fashion-MNIST's files are not on this machine")
def test_fashion_mnist_is_read_from_its_authors_files(tmp_path: Path) -> None:
    folder = tmp_path / "fashion-mnist"
    folder.mkdir()
    for path in FASHION.iterdir():
        (folder / path.name).symlink_to(path)
    one = loaded(Dataset("fashion-mnist", test_limit=100), tmp_path)
    assert one.data.train_images.shape == (60_000, 28, 28, 1)
    assert one.data.test_images.shape == (100, 28, 28, 1)
    assert np.bincount(one.data.train_labels).tolist() == [6_000] * 10
    assert one.data.train_images.min() == -1
    assert one.data.train_images.max() == 1
