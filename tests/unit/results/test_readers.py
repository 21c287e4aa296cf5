"""Differences between readers are planted one by one: each is found where it is, and named."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from orchestrator.language.phrases import say
from orchestrator.results.readers.causes import Cause
from orchestrator.results.readers.diagnosis import Rules, parting
from orchestrator.results.readers.resizing import WAYS, Filter, Way, resized
from orchestrator.results.readers.samples import Read
from orchestrator.results.readers.sources import Source

COUNT, SIZE, FIRST = 9, (12, 10), 3
MEAN, STD = np.array([0.4, 0.5, 0.6]), np.array([0.2, 0.25, 0.3])
LABELS = (2, 0, 1, 1, 2, 0, 0, 2, 1)
TOLERANCE = 1e-6


def pictures(size=(31, 27)):
    """Return uint8[n, h, w, 3] with edges and slopes, as photographs have."""
    random = np.random.default_rng(5)
    made = []
    for _ in range(COUNT):
        coarse = random.integers(0, 256, (9, 8, 3), np.uint8)
        made.append(
            np.asarray(Image.fromarray(coarse).resize(size[::-1], Image.Resampling.BICUBIC))
        )
    return np.stack(made)


def by_pillow(pixels, how=Image.Resampling.BILINEAR):
    return np.stack([np.asarray(Image.fromarray(each).resize(SIZE[::-1], how)) for each in pixels])


def normalised(pixels, mean=MEAN, std=STD):
    return ((pixels / 255 - mean) / std).astype(np.float32).astype(np.float64)


SOURCES = pictures()
PIXELS = by_pillow(SOURCES)
ONE = Read(normalised(PIXELS), LABELS)
RULES = Rules(TOLERANCE, MEAN, STD, [Source(each, jpeg=False) for each in SOURCES])


def from_first(made):
    """Return the reader's images, with those that were ``made`` from `FIRST` on."""
    return Read(np.concatenate([ONE.images[:FIRST], made[FIRST:]]), LABELS)


def in_pixels(change):
    return from_first(normalised(change(PIXELS.astype(float))))


def by_way(way):
    made = [resized(each.astype(float), SIZE, way) for each in SOURCES]
    return from_first(normalised(np.clip(np.stack(made), 0, 255)))


def relabelled(labels):
    return replace(ONE, labels=tuple(labels))


def reordered(places):
    places = list(places)
    return Read(ONE.images[places], tuple(LABELS[place] for place in places))


def shifted(images, down, right):
    made = np.roll(images, (down, right), axis=(1, 2))
    made[:, :down], made[:, :, :right] = 0, 0
    return made


def with_one_pixel():
    images = ONE.images.copy()
    images[FIRST, 4, 5, 2] += 0.3
    return Read(images, LABELS)


ORDER = (0, 1, 2, 5, 4, 3, 6, 8, 7)
TURNED = PIXELS[:, :10, :10]
# Each: what is planted, its cause, and words of its sentence.
PLANTED = {
    "last batch": (ONE.first(FIRST), Cause.LAST_BATCH, "TensorFlow leaves out the last 6,"),
    "labels one late": (
        relabelled((0, *LABELS[:-1])),
        Cause.LABELS_SHIFTED,
        "labels of TensorFlow are shifted by +1",
    ),
    "labels one early": (relabelled((*LABELS[1:], 0)), Cause.LABELS_SHIFTED, "by -1"),
    "classes from 1": (relabelled(x + 1 for x in LABELS), Cause.CLASS_NUMBERS, "numbers: +1"),
    "class order": (relabelled((1, 2, 0)[x] for x in LABELS), Cause.CLASS_ORDER, "classes in an"),
    "sample order": (reordered(ORDER), Cause.SAMPLE_ORDER, "samples in another order"),
    "image order": (
        Read(ONE.images[list(ORDER)], LABELS),
        Cause.IMAGE_ORDER,
        "images in another order, but not their labels",
    ),
    "blue first": (from_first(ONE.images[..., ::-1]), Cause.CHANNEL_ORDER, "order: 3, 2, 1 where"),
    "channels rolled": (
        from_first(np.roll(ONE.images, 1, axis=3)),
        Cause.CHANNEL_ORDER,
        "order: 3, 1, 2 where",
    ),
    "channels first": (
        from_first(ONE.images.transpose(0, 3, 1, 2).reshape(ONE.images.shape)),
        Cause.CHANNELS_FIRST,
        "channel by channel",
    ),
    "mirrored": (from_first(ONE.images[:, :, ::-1]), Cause.ORIENTATION, "mirrored left to right"),
    "upside down": (from_first(ONE.images[:, ::-1]), Cause.ORIENTATION, "upside down"),
    "half turn": (from_first(ONE.images[:, ::-1, ::-1]), Cause.ORIENTATION, "by 180 degrees"),
    "crop": (from_first(shifted(ONE.images, 1, 0)), Cause.CROP, "by +1 rows and +0 columns"),
    "crop both ways": (from_first(shifted(ONE.images, 1, 2)), Cause.CROP, "+1 rows and +2 columns"),
    "0 to 255": (in_pixels(lambda p: 255 * p), Cause.SCALE, "255 times those of PyTorch"),
    "divided twice": (in_pixels(lambda p: p / 255), Cause.SCALE, "0.003922 times"),
    "divided by 256": (in_pixels(lambda p: p * 255 / 256), Cause.SCALE, "0.9961 times"),
    "inverted": (in_pixels(lambda p: 255 - p), Cause.INVERTED, "dark and light"),
    "not normalised": (from_first(PIXELS / 255), Cause.NOT_NORMALISED, "does not normalise"),
    "normalised twice": (
        from_first((ONE.images - MEAN) / STD),
        Cause.NORMALISED_TWICE,
        "normalises twice",
    ),
    "other mean": (
        from_first(normalised(PIXELS, np.array([0.485, 0.456, 0.406]))),
        Cause.NORMALISATION,
        "mean 0.485, 0.456, 0.406, standard deviation 0.2, 0.25, 0.3",
    ),
    "-1 to 1": (
        from_first(PIXELS / 127.5 - 1),
        Cause.NORMALISATION,
        "mean 0.5, 0.5, 0.5, standard deviation 0.5, 0.5, 0.5",
    ),
    "no antialiasing": (
        by_way(Way(Filter.BILINEAR)),
        Cause.ANTIALIAS,
        "TensorFlow resizes without antialiasing, PyTorch with it",
    ),
    "nearest": (
        by_way(Way(Filter.NEAREST)),
        Cause.RESIZER,
        "by nearest neighbour, PyTorch by bilinear interpolation with antialiasing",
    ),
    "bicubic by Pillow": (
        from_first(normalised(by_pillow(SOURCES, Image.Resampling.BICUBIC))),
        Cause.RESIZER,
        "by bicubic interpolation with antialiasing, PyTorch by bilinear",
    ),
    "aligned corners": (by_way(Way(Filter.BILINEAR_CORNERS)), Cause.RESIZER, "aligned corners"),
    "rounding": (by_way(Way(Filter.BILINEAR, antialias=True)), Cause.ROUNDING, "whole levels"),
    "noise": (with_one_pixel(), Cause.UNKNOWN, "no known one"),
    "not a number": (
        from_first(np.where(ONE.images > 1, np.nan, ONE.images)),
        Cause.UNKNOWN,
        "no known one",
    ),
}
AT = {"labels one late": 0, "labels one early": 0, "classes from 1": 0, "class order": 0}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_difference_is_found_at_its_sample_and_named(name):
    other, cause, words = PLANTED[name]
    found = parting(ONE, other, RULES)
    assert (found.sample, found.why.cause) == (AT.get(name, FIRST), cause)
    assert words in say(found.why.said("PyTorch", "TensorFlow"))


@pytest.mark.parametrize("name", ["0 to 255", "no antialiasing", "noise", "crop"])
def test_its_first_pixel_and_the_largest_difference_are_told(name):
    other = PLANTED[name][0]
    found = parting(ONE, other, RULES)
    apart = np.abs(ONE.images - other.images)
    assert found.largest == apart.max()
    assert found.worst == np.unravel_index(apart.argmax(), apart.shape)[0]
    assert found.pixel == tuple(np.argwhere(apart[FIRST] > TOLERANCE)[0])
    if name == "noise":
        assert found.pixel == (4, 5, 2)


@pytest.mark.parametrize("name", ["last batch", "labels one late", "class order"])
def test_where_no_pixel_differs_there_is_none_and_no_difference(name):
    found = parting(ONE, PLANTED[name][0], RULES)
    assert (found.pixel, found.largest) == (None, 0)


@pytest.mark.parametrize("name", ["last batch", "no antialiasing"])
def test_what_is_with_the_first_reader_is_said_of_it(name):
    other, cause, words = PLANTED[name]
    found = parting(other, ONE, RULES)
    assert found.why.cause is cause
    assert words in say(found.why.said("TensorFlow", "PyTorch"))


@pytest.mark.parametrize("off", [0, 9e-7])
def test_readers_that_rounding_alone_parts_are_not_accused(off):
    assert parting(ONE, Read(ONE.images + off, LABELS), RULES) is None


def test_two_causes_at_once_are_not_taken_for_one():
    order = list(ORDER)
    for other in (
        Read(ONE.images[order], tuple(reversed(LABELS))),
        Read(ONE.images[..., ::-1], (0, *LABELS[:-1])),
        Read(ONE.images[:FIRST, ::-1], LABELS[:FIRST]),
        from_first(0.5 * ONE.images[:, :, ::-1]),
    ):
        assert parting(ONE, other, RULES).why.cause is Cause.UNKNOWN


def test_turned_images_are_said_to_be_where_they_are_square():
    one = Read(normalised(TURNED), LABELS)
    for quarters, words in ((1, "by 90 degrees"), (3, "by 270 degrees")):
        other = Read(np.rot90(one.images, quarters, axes=(1, 2)), LABELS)
        found = parting(one, other, RULES)
        assert (found.sample, found.why.cause) == (0, Cause.ORIENTATION)
        assert words in say(found.why.said("one", "other"))
    other = Read(one.images.transpose(0, 2, 1, 3), LABELS)
    said = say(parting(one, other, RULES).why.said("one", "other"))
    assert "rows and columns exchanged" in said


def grey(mix, rounded):
    mixed = SOURCES @ np.array(mix)
    return np.round(mixed)[..., np.newaxis] if rounded else mixed[..., np.newaxis]


def test_greys_of_other_shares_of_colours_are_named():
    one = Read(normalised(grey((0.299, 0.587, 0.114), rounded=True), 0.5, 0.5), LABELS)
    other = Read(normalised(grey((0.2126, 0.7152, 0.0722), rounded=True), 0.5, 0.5), LABELS)
    rules = replace(RULES, mean=np.array([0.5]), std=np.array([0.5]))
    found = parting(one, other, rules)
    assert (found.sample, found.why.cause) == (0, Cause.GREY)
    said = say(found.why.said("PyTorch", "TensorFlow"))
    assert "TensorFlow mixes grey of 0.213, 0.715, 0.0722 red, green and blue" in said


def jpegs():
    """Return files' pixels by Pillow, and as another decoder: colours not made smooth."""
    first, second = [], []
    for each in SOURCES:
        file = io.BytesIO()
        Image.fromarray(each).save(file, "JPEG", quality=90)
        with Image.open(file) as opened:
            first.append(np.asarray(opened.convert("RGB")))
        with Image.open(file) as opened:
            luminance = np.asarray(opened.convert("YCbCr")).astype(float)
        second.append(_rgb(luminance))
    return np.stack(first), np.stack(second)


def _rgb(ycc):
    y, blue, red = ycc[..., 0], ycc[..., 1] - 128, ycc[..., 2] - 128
    made = [y + 1.402 * red, y - 0.344 * blue - 0.714 * red, y + 1.772 * blue]
    return np.clip(np.floor(np.stack(made, axis=-1)), 0, 255)


def test_decoders_of_jpeg_are_named_and_with_them_a_resizer_is_too():
    first, second = jpegs()
    rules = replace(RULES, sources=[Source(each, jpeg=True) for each in first])
    found = parting(Read(normalised(first), LABELS), Read(normalised(second), LABELS), rules)
    assert (found.sample, found.why.cause) == (0, Cause.DECODER)
    plain = np.stack([resized(each, SIZE, Way(Filter.BILINEAR)) for each in second])
    one = Read(normalised(by_pillow(first)), LABELS)
    found = parting(one, Read(normalised(plain), LABELS), rules)
    assert found.why.cause is Cause.ANTIALIAS


def test_the_same_without_files_is_rounding_or_unknown():
    rules = replace(RULES, sources=())
    assert parting(ONE, PLANTED["rounding"][0], rules).why.cause is Cause.ROUNDING
    assert parting(ONE, PLANTED["no antialiasing"][0], rules).why.cause is Cause.UNKNOWN


PILLOWS = {
    Way(Filter.BILINEAR, antialias=True): Image.Resampling.BILINEAR,
    Way(Filter.BICUBIC, antialias=True): Image.Resampling.BICUBIC,
    Way(Filter.NEAREST): Image.Resampling.NEAREST,
}


@pytest.mark.parametrize("size", [(16, 16), (64, 80), (31, 11)])
@pytest.mark.parametrize("way", PILLOWS)
def test_formulas_resize_as_pillow_does_to_two_levels(way, size):
    made = resized(SOURCES[0].astype(float), size, way)
    theirs = Image.fromarray(SOURCES[0]).resize(size[::-1], PILLOWS[way])
    assert np.abs(np.clip(made, 0, 255) - np.asarray(theirs)).max() < 2


@pytest.mark.parametrize("way", WAYS)
def test_a_constant_image_stays_what_it_is_in_any_size(way):
    for size in ((5, 7), (40, 31)):
        made = resized(np.full((20, 15, 3), 42.0), size, way)
        np.testing.assert_allclose(made, np.full((*size, 3), 42.0))
