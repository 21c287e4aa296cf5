"""A folder of images: read alike everywhere, and the first bad one is named."""

import numpy as np
import pytest
from PIL import Image

from orchestrator.data import files, images
from orchestrator.data.blob import write
from orchestrator.data.samples import Samples
from orchestrator.errors import BadInput


def folder(tmp_path, sizes=((8, 6), (8, 6), (8, 6))):
    pixels = np.random.default_rng(0).integers(0, 256, (3, *sizes[0], 3), np.uint8)
    for index, (name, size) in enumerate(
        zip(("b/1.png", "a/2.png", "a/x/1.PNG"), sizes, strict=True)
    ):
        path = tmp_path / "animals" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[index][: size[0], : size[1]]).save(path)
    return tmp_path / "animals", pixels


def test_they_are_sorted_by_class_and_name(tmp_path):
    path, pixels = folder(tmp_path)
    found = images.samples(path)
    np.testing.assert_array_equal(found.features, pixels[[1, 2, 0]])
    assert found.classes == ("a", "b")
    np.testing.assert_array_equal(found.targets, np.array([0, 0, 1], np.int32), strict=True)


def test_grey_ones_have_one_channel(tmp_path):
    path, _ = folder(tmp_path)
    assert images.samples(path, colour=False).features.shape == (3, 8, 6, 1)


def test_other_sizes_are_refused_unless_all_are_resized(tmp_path):
    path, _ = folder(tmp_path, ((8, 6), (8, 6), (7, 6)))
    with pytest.raises(BadInput, match=r"1.PNG is 6x7 pixels.*the first is 6x8"):
        images.samples(path)
    assert images.samples(path, (4, 5)).features.shape == (3, 4, 5, 3)


def test_a_corrupt_image_is_named(tmp_path):
    path, _ = folder(tmp_path)
    bad = path / "a" / "2.png"
    bad.write_bytes(bad.read_bytes()[:60])
    with pytest.raises(BadInput, match=r"2\.png is no image that can be read"):
        images.samples(path)
    bad.write_bytes(b"no image")
    with pytest.raises(BadInput, match=r"2\.png is no image that can be read"):
        images.samples(path)


def test_a_folder_without_classes_is_refused(tmp_path):
    path, _ = folder(tmp_path)
    with pytest.raises(BadInput, match="fewer than two folders"):
        images.samples(path / "a")
    (path / "c").mkdir()
    with pytest.raises(BadInput, match="c has no images"):
        images.samples(path)


def test_files_are_packed_in_the_order_of_the_samples_and_read_again(tmp_path):
    path, pixels = folder(tmp_path)
    found = images.samples(path)
    train, test = found.taken(np.array([2, 0])), found.taken(np.array([1]))
    packed = files.packed(train, test)
    contents = [file.read_bytes() for file in train.files]
    assert [file.name for file in train.files] == ["1.png", "2.png"]
    assert packed["train_files"].tobytes() == b"".join(contents)
    assert packed["train_file_sizes"].tolist() == list(map(len, contents))
    assert packed["test_files"].tobytes() == found.files[1].read_bytes()
    read = files.read(write(packed, tmp_path / "blobs").path, 2)
    np.testing.assert_array_equal([each for each, _ in read], pixels[[0, 1]])
    assert [jpeg for _, jpeg in read] == [False, False]


def test_a_jpeg_is_told_by_its_content(tmp_path):
    path, pixels = folder(tmp_path)
    Image.fromarray(pixels[0]).save(path / "b" / "1.png", "JPEG")
    found = images.samples(path)
    packed = files.packed(found, found)
    read = files.read(write(packed, tmp_path / "blobs").path, 3)
    assert [jpeg for _, jpeg in read] == [False, False, True]


def test_no_files_are_packed_if_a_framework_cannot_read_one(tmp_path):
    path, pixels = folder(tmp_path)
    Image.fromarray(pixels[0]).save(path / "b" / "3.gif")
    found = images.samples(path)
    assert files.packed(found, found.taken(np.array([0]))) == {}


def test_arrays_and_tables_have_no_files():
    found = Samples(np.zeros((2, 3)), np.array([0, 1], np.int32))
    assert files.packed(found, found) == {}
