"""A job's data: made or read, checked, cut, normalised, and known by its hash."""

import gzip
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from twinrun.contract.enums import Precision
from twinrun.contract.layers import Dense, Flatten
from twinrun.contract.optimizers import Adam, Optimizer
from twinrun.contract.spec import Dataset, JobSpec, Normalization, Synthetic

from services.data import catalog, idx, synthetic
from services.data.datasets import Loaded, load
from services.data.published import SOURCES
from services.data.source import File, Source
from services.errors import DataUnavailable, InvalidRequest

LAW = settings(database=None, max_examples=30)
SMALL = Synthetic(train_samples=300, test_samples=50, height=6, width=5, channels=2, classes=4)
FASHION = Path(__file__).parents[5] / "shared/data/fashion-mnist"


def job(dataset: Dataset, **fields: Any) -> JobSpec:
    layers = (Flatten(), Dense(10))
    return JobSpec(dataset, layers, Optimizer(Adam()), **{"threads": 1, **fields})


def silent(_progress: object) -> None:
    pass


def loaded(dataset: Dataset, data_dir: Path = Path("unused"), **fields: Any) -> Loaded:
    return load(job(dataset, **fields), data_dir, silent)


# ----------------------------------------------------------------------------------- synthetic


@LAW
@given(st.integers(0, 2**31 - 1), st.integers(1, 300), st.integers(1, 50))
def test_limits_cut_and_change_nothing_else(seed: int, train: int, test: int) -> None:
    whole = loaded(Dataset("synthetic", synthetic=SMALL), seed=seed).data
    cut = loaded(Dataset("synthetic", train, test, synthetic=SMALL), seed=seed).data
    assert np.array_equal(cut.train_images, whole.train_images[:train])
    assert np.array_equal(cut.train_labels, whole.train_labels[:train])
    assert np.array_equal(cut.test_images, whole.test_images[:test])
    assert np.array_equal(cut.test_labels, whole.test_labels[:test])


@LAW
@given(st.floats(0, 1, exclude_max=True))
def test_a_part_of_the_training_samples_is_held_back_before_the_test_split(part: float) -> None:
    whole = loaded(Dataset("synthetic", synthetic=SMALL))
    split = loaded(Dataset("synthetic", synthetic=SMALL, validation_fraction=part))
    held = split.validation_samples
    assert held == int(300 * part)
    found = split.data
    assert len(found.train_labels) == 300 - held
    assert np.array_equal(found.train_images, whole.data.train_images[: 300 - held])
    assert np.array_equal(found.test_images[:held], whole.data.train_images[300 - held :])
    assert np.array_equal(found.test_images[held:], whole.data.test_images)
    assert np.array_equal(found.test_labels[:held], whole.data.train_labels[300 - held :])
    assert np.array_equal(found.test_pixels[held:], whole.data.test_pixels)
    assert split.sha256 == whole.sha256  # of the same data, however it is split


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


# ---------------------------------------------------------------------------------- normalised


@LAW
@given(st.floats(-10, 10), st.floats(1e-3, 10), st.sampled_from(Precision))
def test_pixels_are_normalised_in_double_precision_and_then_cast(
    mean: float, std: float, precision: Precision
) -> None:
    dataset = Dataset("synthetic", 20, 5, Normalization(mean, std), SMALL)
    data = loaded(dataset, precision=precision).data
    pixels, _ = synthetic.make(0, synthetic.Split.TRAIN, 20, (6, 5, 2), 4)
    expected = (pixels.astype(np.float64) / 255 - mean) / std
    dtype = np.float64 if precision is Precision.FLOAT64 else np.float32
    assert data.train_images.dtype == data.test_images.dtype == dtype
    assert np.array_equal(data.train_images, expected.astype(dtype))


@pytest.mark.parametrize(
    ("std", "precision"), [(1e-39, Precision.FLOAT32), (1e-320, Precision.FLOAT64)]
)
def test_a_normalisation_that_leaves_the_precision_is_refused(
    std: float, precision: Precision
) -> None:
    dataset = Dataset("synthetic", normalization=Normalization(0.5, std), synthetic=SMALL)
    with pytest.raises(InvalidRequest) as caught:
        loaded(dataset, precision=precision)
    (found,) = caught.value.violations
    assert found.field == "dataset.normalization.std"
    assert found.message == f"is {std:g}; pixels overflow {precision}"


# ---------------------------------------------------------------------------------------- hash


def test_the_hash_is_of_the_data_before_normalisation() -> None:
    one = loaded(Dataset("synthetic", synthetic=SMALL))
    other = loaded(
        Dataset("synthetic", normalization=Normalization(0.1, 0.3), synthetic=SMALL),
        precision=Precision.FLOAT64,
    )
    assert one.sha256 == other.sha256


def test_the_hash_is_of_the_data_that_limits_leave() -> None:
    datasets = [Dataset("synthetic", *limits, synthetic=SMALL) for limits in [(), (299,), (300, 9)]]
    assert len({loaded(dataset).sha256 for dataset in datasets}) == 3
    assert (
        loaded(datasets[0]).sha256 == loaded(Dataset("synthetic", 300, 50, synthetic=SMALL)).sha256
    )


def test_the_same_bytes_in_another_shape_have_another_hash(tmp_path: Path) -> None:
    hashes = set()
    for shape in [(6, 4, 4), (6, 2, 8)]:
        images = np.arange(96, dtype=np.uint8).reshape(shape)
        folder = tmp_path / str(shape)
        source = laid(folder / "mnist", images, np.arange(6, dtype=np.uint8))
        hashes.add(load(job(Dataset("mnist")), folder, silent, {"mnist": source}).sha256)
    assert len(hashes) == 2


def test_the_hash_of_synthetic_data_is_the_same_on_every_machine() -> None:
    found = loaded(Dataset("synthetic", synthetic=SMALL)).sha256
    assert found == "fc3681b3390130b30633e99022438f78bc857516e11fd1f41043fa58d5e3b96d"


# ----------------------------------------------------------------------------------------- idx


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


# --------------------------------------------------------------------------------- laid by hand


def file_of(name: str, shape: tuple[int, ...], content: bytes) -> File:
    packed = gzip.compress(content)
    hashes = hashlib.sha256(content).hexdigest(), hashlib.sha256(packed).hexdigest()
    return File(name, shape, hashes[0], len(packed), (hashes[1],))


def laid(
    folder: Path,
    images: np.ndarray,
    labels: np.ndarray,
    tested: tuple[np.ndarray, np.ndarray] | None = None,
    *,
    packed: bool = False,
) -> Source:
    """A dataset in files of ``folder``, its test split alike or ``tested``; no one else has it."""
    folder.mkdir(parents=True)
    files = []
    for split, arrays in (("train", (images, labels)), ("t10k", tested or (images, labels))):
        for kind, array in zip(("images-idx3-ubyte", "labels-idx1-ubyte"), arrays, strict=True):
            content = idx.compose(array)
            file = file_of(f"{split}-{kind}", array.shape, content)
            name, data = (
                (file.packed_name, gzip.compress(content)) if packed else (file.name, content)
            )
            (folder / name).write_bytes(data)
            files.append(file)
    return Source(*files, origins=())


IMAGES = np.arange(12 * 4 * 4, dtype=np.uint8).reshape(12, 4, 4)
LABELS = np.arange(12, dtype=np.uint8) % 10


@pytest.mark.parametrize("packed", [True, False])
def test_files_that_a_user_laid_there_are_used(tmp_path: Path, packed: bool) -> None:
    source = laid(tmp_path / "mnist", IMAGES, LABELS, packed=packed)
    data = load(job(Dataset("mnist", 7)), tmp_path, silent, {"mnist": source}).data
    assert np.array_equal(data.train_labels, LABELS[:7])
    expected = (IMAGES[:7, ..., None] / 255 - 0.5) / 0.5
    assert np.array_equal(data.train_images, expected.astype(np.float32))
    assert data.test_images.shape == (12, 4, 4, 1)


@pytest.mark.parametrize("limit", [None, 3])
def test_each_split_is_read_from_its_own_files_as_far_as_its_limit_goes(
    tmp_path: Path, limit: int | None
) -> None:
    tested = 255 - IMAGES[:5], (LABELS[:5] + 3) % 10
    source = laid(tmp_path / "mnist", IMAGES, LABELS, tested)
    data = load(job(Dataset("mnist", 7, limit)), tmp_path, silent, {"mnist": source}).data
    assert np.array_equal(data.train_pixels[..., 0], IMAGES[:7])
    assert np.array_equal(data.train_labels, LABELS[:7])
    assert np.array_equal(data.test_pixels[..., 0], tested[0][:limit])
    assert np.array_equal(data.test_labels, tested[1][:limit])
    assert {data.train_labels.dtype, data.test_labels.dtype} == {np.dtype(np.int32)}


def test_complete_files_are_read_without_a_lock_or_any_writing(tmp_path: Path) -> None:
    source = laid(tmp_path / "mnist", IMAGES, LABELS)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    load(job(Dataset("mnist")), tmp_path, silent, {"mnist": source})
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_unpacked_files_are_laid_beside_the_packed_ones(tmp_path: Path) -> None:
    folder = tmp_path / "mnist"
    source = laid(folder, IMAGES, LABELS, packed=True)
    load(job(Dataset("mnist")), tmp_path, silent, {"mnist": source})
    packed = {file.packed_name for file in source.files}
    unpacked = {file.name for file in source.files}
    assert {path.name for path in folder.iterdir()} == packed | unpacked | {".lock"}


def test_a_label_outside_the_classes_is_refused(tmp_path: Path) -> None:
    source = laid(tmp_path / "mnist", IMAGES, LABELS + 1)
    with pytest.raises(DataUnavailable, match="has label 10 of 10 classes"):
        load(job(Dataset("mnist")), tmp_path, silent, {"mnist": source})


def test_a_file_of_another_shape_is_refused(tmp_path: Path) -> None:
    source = laid(tmp_path / "mnist", IMAGES.reshape(12, 8, 2), LABELS)
    files = [
        File(file.name, (12, 4, 4), file.sha256, file.packed_size, file.packed_sha256)
        if "images" in file.name
        else file
        for file in source.files
    ]
    with pytest.raises(DataUnavailable, match="its header is"):
        load(job(Dataset("mnist")), tmp_path, silent, {"mnist": Source(*files, origins=())})


# ----------------------------------------------------------------------------------- published


@pytest.mark.parametrize("name", SOURCES)
def test_the_published_sizes_are_the_catalogues(name: str) -> None:
    info, source = catalog.DATASETS[name], SOURCES[name]
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
