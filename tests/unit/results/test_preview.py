"""What each framework makes of images, held against each other and drawn."""

import json
from pathlib import Path

import numpy as np
import pytest

from orchestrator.figures import plots
from orchestrator.results.preview import as_dict, preview
from services.data import catalog
from services.runner.validation import valid_spec
from tests.builders.previews import FLIP, PIXELS, shown, spec


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
