"""A user's arrays: what a client sent is what the job says, or no job trains on it."""

import hashlib
import itertools

import numpy as np
import pytest
import safetensors.numpy
from twinrun.contract.data_dir import BLOBS
from twinrun.contract.enums import TargetKind
from twinrun.contract.layers import Dense, Embedding
from twinrun.contract.losses import NextTokenCrossEntropy
from twinrun.contract.spec import Arrays, Dataset, Normalization

from services.data import own
from services.data.datasets import load
from services.errors import DataUnavailable, InvalidRequest
from tests.builders.datasets import job, silent

TRAIN, TEST = 7, 4
_CLASS = np.int32([0, 1, 2, 1, 0, 2, 1])
_FLAGS = np.float64([[0, 1], [1, 1], [0, 0], [1, 0], [0, 1], [1, 1], [0, 0]])
TARGETS = {
    TargetKind.CLASS: (_CLASS, 3),
    TargetKind.FLAGS: (_FLAGS, 2),
    TargetKind.NUMBERS: (2.5 * _FLAGS[:, :1], 1),
    TargetKind.TOKENS: (np.add.outer(_CLASS, np.int32([0, 1, 0, 2, 1])) % 4, 4),
}
CODES = 9


def loaded(
    tmp_path, kind=TargetKind.CLASS, *, pixels=False, limits=(None, None), fields=(), **changed
):
    """Load arrays of the kind; those of ``changed`` stand in for what the job says.

    ``fields``: further ones of the job.
    """
    targets, outputs = TARGETS[kind]
    shape = (2, 2, 3) if pixels else (5,)
    features = np.arange(TRAIN * np.prod(shape)).reshape(TRAIN, *shape)
    features = features.astype(np.uint8 if pixels else np.float64)
    codes = CODES if kind is TargetKind.TOKENS and not pixels else 0
    features = features.astype(np.int32) % codes if codes else features
    arrays = {"train_features": features, "train_targets": targets}
    arrays |= {"test_features": features[:TEST], "test_targets": targets[:TEST]} | changed
    content = safetensors.numpy.save({n: np.ascontiguousarray(a) for n, a in arrays.items()})
    sha256 = hashlib.sha256(content).hexdigest()
    (tmp_path / BLOBS).mkdir()
    (tmp_path / BLOBS / sha256).write_bytes(content)
    held = Arrays(*(sha256, len(content), TRAIN, TEST, shape, kind, outputs, pixels), codes=codes)
    dataset = Dataset("file", *limits, Normalization(0.0, 1.0), arrays=held)
    return load(job(dataset, **dict(fields)), tmp_path, silent).data


@pytest.mark.parametrize(
    ("kind", "pixels"),
    [*itertools.product(list(TARGETS)[:3], [False, True]), (TargetKind.TOKENS, False)],
)
def test_arrays_that_are_as_the_job_says_are_loaded(tmp_path, kind, pixels):
    data = loaded(tmp_path, kind, pixels=pixels)
    targets, _ = TARGETS[kind]
    np.testing.assert_array_equal(data.train_labels, targets)
    np.testing.assert_array_equal(data.test_labels, targets[:TEST])
    assert (data.train_pixels is not None) is pixels


def test_a_class_at_each_pixel_is_loaded_and_any_other_shape_is_not(tmp_path):
    classes = np.arange(TRAIN * 4, dtype=np.int32).reshape(TRAIN, 2, 2) % 4
    given = {"train_targets": classes, "test_targets": classes[:TEST]}
    data = loaded(tmp_path, TargetKind.TOKENS, pixels=True, **given)
    np.testing.assert_array_equal(data.train_labels, classes)
    (tmp_path / "other").mkdir()
    with pytest.raises(DataUnavailable, match=r"of shape \[7, 5\]; the job says \[7, 2, 2\]"):
        loaded(tmp_path / "other", TargetKind.TOKENS, pixels=True)


@pytest.mark.parametrize("split", ["training", "test"])
def test_a_loss_that_ignores_every_target_of_a_split_is_refused(tmp_path, split):
    which = "train_targets" if split == "training" else "test_targets"
    targets = np.full_like(TARGETS[TOKENS][0][: TRAIN if split == "training" else TEST], 2)
    ignoring = {"loss": NextTokenCrossEntropy(2)}
    with pytest.raises(InvalidRequest, match=f"all {split} targets are that"):
        loaded(tmp_path, TOKENS, fields=ignoring, **{which: targets})
    targets[0, 0] = 1
    (tmp_path / "other").mkdir()
    loaded(tmp_path / "other", TOKENS, fields=ignoring, **{which: targets})


def test_a_padded_step_with_a_target_that_counts_is_refused(tmp_path):
    layers = (Embedding(CODES, 2, padding=1), Dense(4))
    targets = TARGETS[TOKENS][0].copy()
    features = np.where(targets == 2, 1, 3).astype(np.int32)
    given = {"train_features": features, "test_features": features[:TEST]}
    fields = {"loss": NextTokenCrossEntropy(2), "layers": layers}
    loaded(tmp_path, TOKENS, fields=fields, **given)
    features[3, 4], targets[3, 4] = 1, 0
    (tmp_path / "other").mkdir()
    given = {"train_targets": targets, "train_features": features}
    with pytest.raises(InvalidRequest, match="the target of such a step is 0, not the loss's"):
        loaded(tmp_path / "other", TOKENS, fields=fields, **given)


def put(value, kind):
    targets = TARGETS[kind][0].copy()
    targets[3] = value
    return targets


CLASS, FLAGS, NUMBERS, TOKENS = TargetKind
WRONG = {
    "a class of three that is 3": (
        CLASS,
        put(3, CLASS),
        "has train_targets 3, which must be from 0",
    ),
    # PyTorch leaves such a sample out, in silence.
    "a class that is -100": (CLASS, put(-100, CLASS), "has train_targets -100, which must be from"),
    "classes as floats": (CLASS, np.float64(_CLASS), "of float64, which are no class"),
    "classes [n, 1]": (CLASS, _CLASS[:, None], "of shape [7, 1]; the job says [7]"),
    "half a flag": (FLAGS, put(0.5, FLAGS), "has train_targets 0.5, which must be 0 or 1"),
    "a flag that is no number": (FLAGS, put(np.nan, FLAGS), "nan, which must be 0 or 1"),
    "flags as bytes": (FLAGS, np.uint8(_FLAGS), "of uint8, which are no flags"),
    "a number that is none": (NUMBERS, put(np.nan, NUMBERS), "nan, which must be finite"),
    # The classic fault: errors [n, n].
    "numbers [n] for [n, 1]": (NUMBERS, _FLAGS[:, 0], "of shape [7]; the job says [7, 1]"),
    "two numbers for one": (NUMBERS, _FLAGS, "of shape [7, 2]; the job says [7, 1]"),
    "whole numbers": (NUMBERS, np.int32(_FLAGS[:, :1]), "of int32, which are no numbers"),
    "a token of four that is 4": (TOKENS, put(4, TOKENS), "has train_targets 4, which must be"),
    "tokens [n]": (TOKENS, _CLASS, "of shape [7]; the job says [7, 5]"),
    "tokens as floats": (TOKENS, TARGETS[TOKENS][0] * 1.0, "of float64, which are no tokens"),
    "too few": (CLASS, _CLASS[:6], "of shape [6]; the job says [7]"),
}


@pytest.mark.parametrize("what", WRONG)
def test_targets_that_are_not_what_the_job_says_are_refused(tmp_path, what):
    kind, targets, why = WRONG[what]
    with pytest.raises(DataUnavailable) as caught:
        loaded(tmp_path, kind, train_targets=targets)
    assert why in str(caught.value)


@pytest.mark.parametrize("place", range(TRAIN))
@pytest.mark.parametrize("kind", TARGETS)
def test_a_wrong_target_is_found_wherever_it_is(tmp_path, monkeypatch, kind, place):
    monkeypatch.setattr(own, "_ROWS", 3)  # checked at a time
    targets = TARGETS[kind][0].copy()
    targets[place] = {CLASS: 3, TOKENS: 4}.get(kind, np.inf)
    with pytest.raises(DataUnavailable, match=r"has train_targets (3|4|inf), which must be"):
        loaded(tmp_path, kind, train_targets=targets)


@pytest.mark.parametrize("kind", TARGETS)
def test_what_limits_leave_out_is_neither_loaded_nor_checked(tmp_path, kind):
    data = loaded(tmp_path, kind, limits=(3, 2), train_targets=put(99, kind))
    assert (len(data.train_images), len(data.train_labels)) == (3, 3)
    assert (len(data.test_images), len(data.test_labels)) == (2, 2)


@pytest.mark.parametrize(
    ("features", "why"),
    [
        (np.full((TRAIN, 5), CODES, np.int32), f"has train_features {CODES}, which must be from 0"),
        (np.full((TRAIN, 5), -1, np.int32), "has train_features -1, which must be from 0 to 8"),
        (np.zeros((TRAIN, 5)), "has train_features of float64, not codes int32"),
    ],
)
def test_codes_that_no_table_has_are_refused(tmp_path, features, why):
    with pytest.raises(DataUnavailable, match=why):
        loaded(tmp_path, TOKENS, train_features=features)


def test_codes_are_loaded_as_whole_numbers_and_not_normalised(tmp_path):
    data = loaded(tmp_path, TOKENS)
    assert data.train_images.dtype == np.int64
    np.testing.assert_array_equal(data.train_images, np.arange(35).reshape(7, 5) % CODES)


def test_a_wrong_target_of_the_test_split_is_refused(tmp_path):
    with pytest.raises(DataUnavailable, match="has test_targets -1, which must be from 0 to 2"):
        loaded(tmp_path, test_targets=np.int32([0, 1, -1, 2]))


def test_a_target_that_float32_cannot_hold_is_refused(tmp_path):
    with pytest.raises(InvalidRequest) as caught:
        loaded(tmp_path, NUMBERS, train_targets=put(1e39, NUMBERS))
    (violation,) = caught.value.violations
    assert violation.message.startswith("lets targets overflow float32")


@pytest.mark.parametrize(
    ("features", "pixels", "why"),
    [
        (np.zeros((TRAIN, 5), np.uint8), False, "of uint8, not float32 or float64"),
        (np.zeros((TRAIN, 5), np.int32), False, "of int32, not float32 or float64"),
        (np.zeros((TRAIN, 2, 2, 3)), True, "of float64, not pixels uint8"),
        (np.zeros((TRAIN, 6)), False, "of shape [7, 6]; the job says [7, 5]"),
        (np.zeros(TRAIN), False, "of shape [7]; the job says [7, 5]"),
    ],
)
def test_features_that_are_not_what_the_job_says_are_refused(tmp_path, features, pixels, why):
    with pytest.raises(DataUnavailable) as caught:
        loaded(tmp_path, pixels=pixels, train_features=features)
    assert why in str(caught.value)
