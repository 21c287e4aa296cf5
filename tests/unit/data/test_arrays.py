"""Arrays of NumPy's files: what they become, and every fault that one may have."""

import numpy as np
import pytest

from orchestrator.data import arrays
from orchestrator.errors import BadInput

LABELS = np.array([0, 1, 2, 1])


def npz(tmp_path, **held):
    path = tmp_path / "data.npz"
    np.savez(path, **held)
    return path


@pytest.mark.parametrize(
    ("values", "shape", "dtype"),
    [
        (np.ones((4, 3), np.float32), (4, 3), np.float32),
        (np.ones((4, 3), np.int64), (4, 3), np.float64),
        (np.ones((4, 5, 6), np.uint8), (4, 5, 6, 1), np.uint8),
        (np.ones((4, 5, 6, 3), np.uint8), (4, 5, 6, 3), np.uint8),
        (np.ones((4, 5, 6, 3), np.float16), (4, 5, 6, 3), np.float64),
        (np.ones((4, 5, 2)), (4, 5, 2), np.float64),
    ],
)
def test_features_of_each_form(tmp_path, values, shape, dtype):
    found = arrays.samples(npz(tmp_path, x=values, y=LABELS), "y")
    assert found.features.shape == shape
    assert found.features.dtype == dtype
    assert found.classes == ("0", "1", "2")
    assert found.targets.dtype == np.int32


def test_a_target_of_fractions_is_numbers_and_one_of_texts_is_classes(tmp_path):
    path = npz(tmp_path, x=np.ones((4, 3)), y=LABELS / 2, z=np.array(["b", "a", "b", "b"]))
    found = arrays.samples(path, "y", "x")
    assert found.targets.shape == (4, 1)
    assert found.classes == ()
    found = arrays.samples(path, "z", "x")
    assert found.classes == ("a", "b")
    np.testing.assert_array_equal(found.targets, [1, 0, 1, 1])


BAD = np.ones((4, 3))
BAD[2, 1] = np.nan


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({"x": np.ones((4, 3)), "z": LABELS}, "has no array y; it has x, z"),
        ({"x": np.ones(4), "z": np.ones(4), "y": LABELS}, "has 2 arrays beside the target: x, z"),
        ({"x": np.ones((5, 3)), "y": LABELS}, "x has 5 samples and y has 4"),
        ({"x": np.ones((0, 3)), "y": np.ones(0, int)}, "has no samples|has the shape"),
        ({"x": BAD, "y": LABELS}, "x has 1 values that are NaN or infinite, the first in sample 3"),
        ({"x": np.ones(4), "y": LABELS}, r"x has the shape \[4\]"),
        ({"x": np.ones((4, 5, 6, 2)), "y": LABELS}, r"x has the shape \[4, 5, 6, 2\]"),
        ({"x": np.ones((4, 1, 5000, 1)), "y": LABELS}, "at most 4096 pixels a side"),
        ({"x": np.array([["a"]] * 4), "y": LABELS}, "x holds <U1; make numbers of it"),
        ({"x": np.ones((4, 3)), "y": LABELS - 1}, "y has the class -1"),
        ({"x": np.ones((4, 3)), "y": LABELS * 0}, "all samples are of class 0"),
        ({"x": np.ones((4, 3)), "y": np.ones((4, 2, 2))}, r"a target is \[samples\]"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_a_sentence(tmp_path, held, said):
    with pytest.raises(BadInput, match=said) as caught:
        arrays.samples(npz(tmp_path, **held), "y")
    assert len(str(caught.value).splitlines()) == 1


class Spy:
    """Whoever unpickles it shows that it did."""

    ran = False

    def __reduce__(self):
        return exec, ("from tests.unit.data.test_arrays import Spy\nSpy.ran = True",)


def test_python_objects_and_ragged_arrays_are_never_unpickled(tmp_path):
    held = np.empty(4, object)
    held[:] = [Spy(), [1], [1, 2], None]
    with pytest.raises(BadInput, match="x holds Python objects"):
        arrays.samples(npz(tmp_path, x=held, y=LABELS), "y")
    assert not Spy.ran


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"\x93NUMPY", b"text"])
def test_what_is_no_file_of_numpy_is_refused(tmp_path, content):
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="cannot be read"):
        arrays.samples(path, "y")


def test_one_array_alone_has_no_target(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.ones(3))
    with pytest.raises(BadInput, match="holds one array"):
        arrays.samples(path, "y")


CLASSES = np.arange(4 * 5 * 6).reshape(4, 5, 6) % 3


@pytest.mark.parametrize("images", [np.ones((4, 5, 6), np.uint8), np.ones((4, 5, 6, 3))])
def test_whole_numbers_of_each_pixel_are_classes_of_pixels(tmp_path, images):
    found = arrays.samples(npz(tmp_path, x=images, y=CLASSES.astype(np.uint8)), "y")
    np.testing.assert_array_equal(found.targets, CLASSES)
    assert found.targets.dtype == np.int32
    assert (found.tokens, found.classes, found.codes) == (("0", "1", "2"), (), 0)


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        (CLASSES[:, :4], r"y has the shape \[4, 4, 6\] and the images have \[4, 5, 6, 1\]"),
        (CLASSES - 1, "y has the class -1"),
        (CLASSES * 0 + 2, "all samples are of class 2"),
        (CLASSES / 2, "a target is .*a class at each pixel"),
    ],
)
def test_classes_of_pixels_that_do_not_fit_are_refused(tmp_path, classes, said):
    with pytest.raises(BadInput, match=said):
        arrays.samples(npz(tmp_path, x=np.ones((4, 5, 6), np.uint8), y=classes), "y")
