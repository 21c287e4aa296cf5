"""The own files of images: laid by number alone, and refused if they are not what is said."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy
from twinrun.contract.converters.specs import spec_to_proto
from twinrun.contract.data_dir import BLOBS
from twinrun.contract.enums import Recipe, TargetKind
from twinrun.contract.spec import Arrays, Dataset

from services.data import datasets
from services.errors import DataUnavailable, InvalidRequest, StateUnwritable
from services.pipe import FILES_FOLDER, Task
from services.runner.validation import valid_spec
from services.trial import files
from tests.builders.datasets import job, silent
from tests.builders.pictures import png

TRAIN, TEST = 5, 3
PIXELS = np.random.default_rng(3).integers(0, 256, (TRAIN, 2, 2, 3), np.uint8)
FILES = [png(each) for each in PIXELS[:3]] + [b"\xff\xd8\xff and so on", png(PIXELS[4])]
LABELS = np.int32([2, 0, 2, 1, 0])


def laid(tmp_path, contents=tuple(FILES), limits=None, classes=3, **changed):
    """Lay a blob's files for an idiomatic job; arrays of ``changed`` stand in for sound ones."""
    arrays = {}
    for name, count in (("train", TRAIN), ("test", TEST)):
        arrays[f"{name}_features"] = PIXELS[:count]
        arrays[f"{name}_targets"] = LABELS[:count]
        arrays[f"{name}_files"] = np.frombuffer(b"".join(contents[:count]), np.uint8)
        arrays[f"{name}_file_sizes"] = np.int32([len(each) for each in contents[:count]])
    arrays = {name: array for name, array in (arrays | changed).items() if array is not None}
    content = safetensors.numpy.save({n: np.ascontiguousarray(a) for n, a in arrays.items()})
    sha256 = hashlib.sha256(content).hexdigest()
    (tmp_path / BLOBS).mkdir(exist_ok=True)
    (tmp_path / BLOBS / sha256).write_bytes(content)
    held = Arrays(
        *(sha256, len(content), TRAIN, TEST, (2, 2, 3), TargetKind.CLASS, classes),
        pixels=True,
        files=True,
    )
    spec = replace(job(Dataset("file", arrays=held, **(limits or {}))), recipe=Recipe.IDIOMATIC)
    loaded = datasets.load(spec, tmp_path, silent)
    return files.laid(Task(spec, tmp_path, tmp_path / "job"), loaded).data


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_names_are_the_numbers_of_class_and_sample(tmp_path):
    data = laid(tmp_path)
    assert data.files == tmp_path / "job" / FILES_FOLDER
    assert names(data.files / "train") == [
        "0000000000/0000000001.png",
        "0000000000/0000000004.png",
        "0000000001/0000000003.jpg",
        "0000000002/0000000000.png",
        "0000000002/0000000002.png",
    ]
    for number, content in enumerate(FILES):
        (path,) = (data.files / "train").rglob(f"*{number}.*")
        assert path.read_bytes() == content
    assert len(names(data.files / "test")) == TEST


def test_each_class_has_a_folder_though_the_first_samples_have_none(tmp_path):
    data = laid(tmp_path, classes=4, limits={"train_limit": 1, "test_limit": 1})
    for split in ("train", "test"):
        assert len(list((data.files / split).iterdir())) == 4
        assert names(data.files / split) == ["0000000002/0000000000.png"]


def test_samples_for_validation_stand_before_those_for_the_test(tmp_path):
    data = laid(tmp_path, limits={"validation_fraction": 0.4})
    assert len(names(data.files / "train")) == 3
    found = [next((data.files / "test").rglob(f"*{n}.*")).read_bytes() for n in range(2 + TEST)]
    assert found == [*FILES[3:], *FILES[:TEST]]


SIZES = np.int32([len(each) for each in FILES])
WRONG = {
    "no files": ({"train_files": None}, "lacks train_files"),
    "no sizes": ({"test_file_sizes": None}, "lacks test_file_sizes"),
    "too few": ({"train_file_sizes": SIZES[:-1]}, "lacks the sizes of 5 files for train"),
    "nothing": ({"train_file_sizes": SIZES[:0]}, "lacks the sizes of 5 files for train"),
    "an empty one": (
        {"train_file_sizes": SIZES * np.int32([1, 0, 1, 1, 1])},
        "lacks the sizes of 5 files for train",
    ),
    "a negative one": (
        {"train_file_sizes": SIZES * np.int32([-1, 1, 1, 1, 1])},
        "lacks the sizes of 5 files for train",
    ),
    "no numbers": ({"train_file_sizes": SIZES.astype(float)}, "lacks the sizes of 5 files"),
    "no list": ({"train_file_sizes": SIZES[np.newaxis]}, "lacks the sizes of 5 files"),
    "more than there is": ({"train_file_sizes": SIZES + 1}, "their sizes say"),
    "less than there is": ({"train_file_sizes": SIZES - 1}, "their sizes say"),
}


@pytest.mark.parametrize("name", WRONG)
def test_files_that_are_not_as_the_job_says_are_refused(tmp_path, name):
    changed, said = WRONG[name]
    with pytest.raises(DataUnavailable, match=said):
        laid(tmp_path, **changed)


@pytest.mark.parametrize("content", [b"#!/bin/sh", b"GIF89a", b"\x89PN"])
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    with pytest.raises(DataUnavailable, match="File 2 of train is neither PNG nor JPEG"):
        laid(tmp_path, (FILES[0], content, *FILES[2:]))


def test_a_directory_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "job").write_text("a file")
    with pytest.raises(StateUnwritable):
        laid(tmp_path)


def test_files_of_what_is_no_image_are_refused_before_any_job(tmp_path):
    held = Arrays("a" * 64, 9, 5, 3, (4,), TargetKind.CLASS, 3, files=True)
    asked = spec_to_proto(job(Dataset("file", arrays=held)))
    with pytest.raises(InvalidRequest, match=r"files are of pixels of one class each"):
        valid_spec(asked, 4)
