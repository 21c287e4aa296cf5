"""A job's data: read from files, checked, cut, normalised, and known by its hash."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twinrun.contract.enums import Precision
from twinrun.contract.spec import Dataset, Normalization

from services.data import synthetic
from services.data.datasets import load
from services.data.formats import idx
from services.data.source import File, Source
from services.errors import DataUnavailable, InvalidRequest
from tests.builders.datasets import SMALL, file_of, job, loaded, packed, silent

LAW = settings(database=None, max_examples=30)


# ------------------------------------------------------------------------------------------ cut


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


def test_the_target_of_a_sample_can_be_the_sample_itself_normalised() -> None:
    data = loaded(Dataset("synthetic", validation_fraction=0.1, synthetic=SMALL, reconstruct=True))
    pairs = (
        (data.data.train_images, data.data.train_labels),
        (data.data.test_images, data.data.test_labels),
    )
    for images, targets in pairs:
        assert np.array_equal(targets, images.reshape(len(images), -1))
    plain = loaded(Dataset("synthetic", validation_fraction=0.1, synthetic=SMALL))
    assert data.sha256 == plain.sha256


# ----------------------------------------------------------------------------------- normalised


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


# ----------------------------------------------------------------------------------------- hash


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


# --------------------------------------------------------------------------------- laid by hand


def laid(
    folder: Path,
    images: np.ndarray,
    labels: np.ndarray,
    tested: tuple[np.ndarray, np.ndarray] | None = None,
    *,
    gzipped: bool = False,
) -> Source:
    """A dataset in files of ``folder``, its test split alike or ``tested``; no one else has it."""
    folder.mkdir(parents=True)
    files = []
    for split, arrays in (("train", (images, labels)), ("t10k", tested or (images, labels))):
        for kind, array in zip(("images-idx3-ubyte", "labels-idx1-ubyte"), arrays, strict=True):
            content, file = idx.compose(array), file_of(f"{split}-{kind}", array)
            if gzipped:
                (folder / file.packed_name).write_bytes(packed(content))
            else:
                (folder / file.name).write_bytes(content)
            files.append(file)
    return Source(*files, origins=())


IMAGES = np.arange(12 * 4 * 4, dtype=np.uint8).reshape(12, 4, 4)
LABELS = np.arange(12, dtype=np.uint8) % 10


@pytest.mark.parametrize("gzipped", [True, False])
def test_files_that_a_user_laid_there_are_used(tmp_path: Path, gzipped: bool) -> None:
    source = laid(tmp_path / "mnist", IMAGES, LABELS, gzipped=gzipped)
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
    source = laid(folder, IMAGES, LABELS, gzipped=True)
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
