"""A folder of images: read alike everywhere, and the first bad one is named."""

import numpy as np
import pytest
from PIL import Image

from orchestrator.data import images
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
