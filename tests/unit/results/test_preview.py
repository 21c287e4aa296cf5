"""What each framework makes of images, held against each other and drawn."""

import json
from pathlib import Path

import numpy as np
import pytest
from twinrun.v1 import job_pb2

from orchestrator.figures import plots
from orchestrator.language.phrases import say, speaking
from orchestrator.results.preview import as_dict, preview
from services.data import catalog
from services.runner.validation import valid_spec
from tests.builders.previews import FLIP, PIXELS, SHAPE, shown, spec


def both(off, **changes):
    return preview("mine", spec(**changes), {"pytorch": shown(), "tensorflow": shown(off)})


def test_pixels_are_shown_as_they_were_before_normalisation():
    found = both(0, **FLIP)
    np.testing.assert_allclose(found.originals, PIXELS, atol=1e-15)
    np.testing.assert_allclose(found.augmented["tensorflow"], PIXELS, atol=1e-15)
    assert found.labels == (0, 1, 2)


def test_images_that_rounding_alone_parts_are_the_same():
    found = both(5e-7, **FLIP)
    assert found.largest == pytest.approx(5e-7)
    assert found.sentence == (
        "mine: PyTorch and TensorFlow produce the same images; the largest difference of a "
        "normalised pixel is 5.0e-07."
    )


@pytest.mark.parametrize(
    ("precision", "off"), [("PRECISION_FLOAT32", 2e-6), ("PRECISION_FLOAT64", 2e-12)]
)
def test_images_that_more_than_rounding_parts_are_not_the_same(precision, off):
    found = both(off, precision=precision, **FLIP)
    assert "do not produce the same images" in found.sentence
    assert f"but at most {off / 2:.0e} is allowed" in found.sentence


def test_the_idiomatic_recipe_says_that_images_differ_by_design():
    found = both(0.75, recipe="RECIPE_IDIOMATIC", **FLIP)
    assert "differ by design; the largest difference of a normalised pixel is 0.75." in (
        found.sentence
    )


@pytest.mark.parametrize("given", [{}, {"augmentation": {"flip": 0, "zoom": 0}}])
def test_a_workload_that_augments_nothing_says_so(given):
    found = both(0, **given)
    assert found.sentence == "mine has no augmentation: training uses the images as they are."
    assert found.largest == 0


def test_one_framework_alone_has_no_difference():
    found = preview("mine", spec(**FLIP), {"tensorflow": shown()})
    assert found.sentence == "mine, as augmented by TensorFlow."
    assert not found.differences
    assert found.largest is None
    assert plots.preview_canvas(found).drawing().png.startswith(b"\x89PNG")


@pytest.mark.parametrize("shape", [(1, 4, 5, 1), (3, 4, 5, 3), (12, 4, 5, 2)])
def test_figures_of_any_number_of_images_and_channels_are_drawn(shape):
    images = {"pytorch": shown(shape=shape), "tensorflow": shown(1e-7, shape)}
    drawn = plots.preview_canvas(preview("mine", spec(**FLIP), images)).drawing()
    assert drawn.png.startswith(b"\x89PNG")
    for said in (b"originals", b"PyTorch", b"TensorFlow", b"difference", b"1.0e-07"):
        assert said in drawn.svg


def test_it_is_json():
    made = json.loads(json.dumps(as_dict("mine", both(5e-7, **FLIP), Path("a/b.png"))))
    assert made["largest_difference"] == pytest.approx(5e-7)
    assert made["frameworks"] == ["pytorch", "tensorflow"]
    assert (made["images"], made["figure"]) == (3, "a/b.png")


def test_more_images_than_fit_into_a_message_are_refused_with_how_many_do():
    asked = spec()
    assert not list(catalog.preview_violations(valid_spec(asked, 4).dataset))
    asked.dataset.ClearField("train_limit")
    (violation,) = catalog.preview_violations(valid_spec(asked, 4).dataset)
    assert violation.field == "dataset.train_limit"
    assert "leaves 60,000 images of 784 numbers" in violation.message
    assert "at most 127 of them" in violation.message


def reader(images, labels, read_labels=None):
    """Return what a framework shows of normalised ``images`` [n, h, w, c], of three originals."""
    return job_pb2.ImagesPreviewed(
        shape=SHAPE,
        originals=NORMAL.ravel(),
        augmented=images.ravel(),
        labels=labels,
        read_labels=labels if read_labels is None else read_labels,
    )


NORMAL = (PIXELS - 0.25) / 0.5
OWN = {"recipe": "RECIPE_IDIOMATIC"}


def previewed(other, first=None, **changes):
    found = {"pytorch": first or reader(NORMAL, (0, 1, 2)), "tensorflow": other}
    return preview("mine", spec(**OWN, **changes), found)


def test_where_and_why_readers_differ_is_said_and_in_json():
    images = NORMAL.copy()
    images[1:] = images[1:, :, ::-1]
    found = previewed(reader(images, (0, 1, 2)))
    apart = np.abs(images - NORMAL)
    worst = int(apart.max(axis=(1, 2, 3)).argmax()) + 1
    assert found.sentence == (
        "mine: PyTorch and TensorFlow differ from image 2 on, there from row 1, column 1, channel "
        f"1; the largest difference of a normalised pixel is {apart.max():.2g}, in image {worst}. "
        "Likely cause: TensorFlow has the images mirrored left to right."
    )
    told = json.loads(json.dumps(as_dict("mine", found)))["differences"]["tensorflow"]
    assert (told["cause"], told["first_sample"], told["first_pixel"]) == (
        *("orientation", 2, [1, 1, 1]),
    )
    assert told["by_sample"] == pytest.approx(apart.max(axis=(1, 2, 3)).tolist())
    assert (told["largest"], told["largest_in_sample"]) == (pytest.approx(apart.max()), worst)
    with speaking("zh-TW"):
        assert "左右" in say(found.sentence)


def test_labels_that_a_framework_reads_otherwise_are_said():
    found = previewed(reader(NORMAL, (0, 1, 2), (1, 2, 3)))
    assert found.sentence.endswith(
        "differ from image 1 on. Likely cause: the classes of TensorFlow have other numbers: +1."
    )
    assert found.largest == 0


def test_a_batch_that_is_left_out_is_said_and_drawn():
    found = previewed(reader(NORMAL[:2], (0, 1, 2), (0, 1)))
    assert "from image 3 on. Likely cause: TensorFlow leaves out the last 1," in found.sentence
    told = json.loads(json.dumps(as_dict("mine", found)))["differences"]["tensorflow"]
    assert told["by_sample"] == [0, 0, None]
    assert plots.preview_canvas(found).drawing().png.startswith(b"\x89PNG")


def test_readers_of_files_that_agree_are_said_to():
    dataset = {"name": "file", "arrays": {"files": True}, "normalization": {"mean": 0, "std": 1}}
    found = previewed(reader(NORMAL, (0, 1, 2)), dataset=dataset)
    said = "mine, idiomatic: PyTorch and TensorFlow make the same samples of the files."
    assert found.sentence == said


def test_images_of_targets_that_are_no_classes_are_drawn_without_labels():
    found = previewed(reader(NORMAL, ()), reader(NORMAL, ()))
    assert (found.labels, found.partings) == ((), {})
    assert plots.preview_canvas(found).drawing().png.startswith(b"\x89PNG")


def test_pixels_are_those_of_0_to_1_by_the_mean_of_each_channel():
    shape = (3, 4, 5, 3)
    pixels = np.random.default_rng(2).random(shape)
    means, stds = [0.1, 0.5, 0.7], [0.2, 0.3, 0.4]
    normal = (pixels - means) / stds
    message = job_pb2.ImagesPreviewed(
        shape=shape, originals=normal.ravel(), augmented=normal.ravel(), labels=(0, 1, 2)
    )
    dataset = {"name": "file", "normalization": {"means": means, "stds": stds}}
    found = preview("mine", spec(dataset=dataset), {"pytorch": message})
    np.testing.assert_allclose(found.originals, pixels, atol=1e-12)
    np.testing.assert_allclose(found.augmented["pytorch"], pixels, atol=1e-12)
