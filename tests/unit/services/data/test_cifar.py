"""CIFAR's archives: read as they are published, and nothing in them is run or written."""

import gzip
import os
import pickle
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from twinrun.contract.spec import Dataset, Normalization

from services.data.datasets import load
from services.data.download import Mirror
from services.data.source import Batches
from services.errors import DataUnavailable
from tests.builders.datasets import job, silent
from tests.builders.mirrors import Unwanted, mirrors
from tests.builders.pickles import SAMPLES, TEST, TRAIN, archive, batch, pickled, rows, source

_DRAW = np.random.default_rng(5)
NAMES = (*TRAIN, TEST)
IMAGES = {name: _DRAW.integers(0, 256, (SAMPLES, 32, 32, 3), dtype=np.uint8) for name in NAMES}
LABELS = {name: _DRAW.integers(0, 10, SAMPLES, dtype=np.int32) for name in NAMES}
BATCHES = {name: batch(IMAGES[name], LABELS[name]) for name in NAMES}
# As the published archives have them: folders, texts, and a batch of names.
WHOLE = archive({**BATCHES, "batches/readme.html": b"hello", "batches/batches.meta": pickled({})})
PLAIN = Normalization(0.0, 1.0)


def laid(folder: Path, content: bytes, **given: str) -> Mapping[str, Batches]:
    """The archive lies in the data directory, and nobody else has it."""
    found = source(content, **given)
    (folder / "cifar-10").mkdir()
    (folder / "cifar-10" / found.archive.name).write_bytes(content)
    return {"cifar-10": found}


def read(folder: Path, sources: Mapping[str, Batches], **given: int):
    dataset = Dataset("cifar-10", normalization=PLAIN, **given)
    return load(job(dataset), folder, silent, sources).data


def fault(folder: Path, content: bytes) -> str:
    with pytest.raises(DataUnavailable) as caught:
        read(folder, laid(folder, content))
    return caught.value.message


def test_batches_are_read_in_order_and_their_planes_become_channels(tmp_path: Path) -> None:
    data = read(tmp_path, laid(tmp_path, WHOLE))
    expected = np.concatenate([IMAGES[name] for name in TRAIN])
    assert np.array_equal(data.train_pixels, expected)
    assert np.array_equal(data.test_pixels, IMAGES[TEST])
    assert data.train_labels.tolist() == [*LABELS[TRAIN[0]].tolist(), *LABELS[TRAIN[1]].tolist()]
    assert data.test_labels.tolist() == LABELS[TEST].tolist()
    assert data.train_labels.dtype == np.int32


def test_the_first_samples_are_taken_where_there_are_limits(tmp_path: Path) -> None:
    data = read(tmp_path, laid(tmp_path, WHOLE), train_limit=SAMPLES + 1, test_limit=2)
    assert data.train_labels.tolist() == [*LABELS[TRAIN[0]].tolist(), LABELS[TRAIN[1]][0]]
    assert np.array_equal(data.test_pixels, IMAGES[TEST][:2])


def test_the_fine_labels_of_cifar_100_are_taken(tmp_path: Path) -> None:
    both = {
        name: batch(IMAGES[name], LABELS[name] * 0, fine_labels=LABELS[name].tolist())
        for name in NAMES
    }
    data = read(tmp_path, laid(tmp_path, archive(both), labels="fine_labels"))
    assert data.test_labels.tolist() == LABELS[TEST].tolist()


def test_the_archive_comes_from_a_mirror_once_and_stays(tmp_path: Path) -> None:
    with mirrors() as serve:
        mirror = serve(files={"cifar-small.tar.gz": WHOLE}, breaks_after=len(WHOLE) // 2)
        sources = {"cifar-10": source(WHOLE, Mirror(mirror.url))}
        read(tmp_path, sources)
        read(tmp_path, sources)
        asked = mirror.asked_for("cifar-small.tar.gz")
    assert asked == [None, f"bytes={len(WHOLE) // 2}-"]
    names = {path.name for path in (tmp_path / "cifar-10").iterdir()}
    assert names == {"cifar-small.tar.gz", ".lock"}


def test_an_archive_laid_by_hand_is_used_and_nobody_is_asked(tmp_path: Path) -> None:
    laid(tmp_path, WHOLE)
    read(tmp_path, {"cifar-10": source(WHOLE, Unwanted())})


def test_an_archive_of_another_hash_is_refused_unread_with_what_to_do(tmp_path: Path) -> None:
    laid(tmp_path, b"anything")
    with pytest.raises(DataUnavailable) as caught:
        read(tmp_path, {"cifar-10": source(WHOLE)})
    path = tmp_path / "cifar-10" / "cifar-small.tar.gz"
    assert caught.value.message.count("has SHA-256") == 1
    assert f"{path} has SHA-256" in caught.value.message
    assert f"Go online, or lay it, as it is published, into {path.parent}: " in caught.value.message


# ----------------------------------------------------------------------------------- pickles


class Calls:
    """Calls a function when it is unpickled."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.parts = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.parts


def _evil(path: Path) -> dict[str, bytes]:
    touch = f"__import__('pathlib').Path({str(path)!r}).touch()"
    call = Calls(os.system, f"touch {path}")
    return {
        "system": pickled(call),
        "eval": pickled(Calls(eval, touch)),
        "within a batch": pickled({b"data": rows(IMAGES[TEST]), b"labels": [call]}),
        "as a key": pickled({"data": [], Calls(eval, touch): 1}),
        "in an array of objects": pickled({b"data": np.array([call], object)}),
        "a newer protocol": pickle.dumps(call, protocol=5),
        "an attribute of what is allowed": b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.",
        "a function of NumPy": pickled(Calls(np.save, str(path), [1])),
    }


EVIL = list(_evil(Path("unused")))


@pytest.mark.parametrize("kind", EVIL)
def test_a_pickle_that_would_run_anything_is_refused_and_nothing_runs(
    tmp_path: Path, kind: str
) -> None:
    (tmp_path / "data").mkdir()
    trap = tmp_path / "trap.npy"
    members = {**BATCHES, TRAIN[1]: _evil(trap)[kind]}
    message = fault(tmp_path / "data", archive(members))
    assert "has no place in it" in message
    assert not trap.exists()
    with pytest.MonkeyPatch.context() as patched:  # a plain unpickler would have run it
        patched.chdir(tmp_path)
        if kind != "an attribute of what is allowed":
            pickle.loads(_evil(trap)[kind], encoding="latin1")
            assert trap.exists()


# ---------------------------------------------------------------------------------- archives


def test_members_of_other_names_are_neither_read_nor_written(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    others = {"../trap": b"x", str(tmp_path / "trap"): b"x", "batches/../../trap": b"x"}
    read(folder, laid(folder, archive({**others, **BATCHES})))
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert [path.name for path in (folder / "cifar-10").iterdir()] == ["cifar-small.tar.gz"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_a_member_that_is_no_file_is_not_followed(tmp_path: Path, kind: bytes) -> None:
    entry = tarfile.TarInfo(TEST)
    entry.type, entry.linkname = kind, TRAIN[0]
    message = fault(tmp_path, archive({name: BATCHES[name] for name in TRAIN}, entry))
    assert message == f"cifar-small.tar.gz: it lacks {TEST}."


def test_a_member_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    large = archive({**BATCHES, TEST: bytes(10_000_000)})
    assert fault(tmp_path, large) == f"cifar-small.tar.gz: {TEST} has 10,000,000 bytes."


BROKEN = [
    (WHOLE[: len(WHOLE) // 2], "it cannot be unpacked"),
    (b"no archive", "it cannot be unpacked"),
    (gzip.compress(b"no tar file" * 100), "it cannot be unpacked"),
    (WHOLE[:100] + bytes(100) + WHOLE[200:], "it cannot be unpacked"),
    (archive({name: BATCHES[name] for name in TRAIN}), f"it lacks {TEST}"),
    (archive({**BATCHES, TEST: b"no pickle"}), "it is no pickle of arrays"),
    (archive({**BATCHES, TEST: pickled([1, 2])}), f"{TEST} is no batch"),
    (archive({**BATCHES, TEST: pickled({b"labels": [1]})}), f"{TEST} has no pixels"),
    (
        archive({**BATCHES, TEST: batch(IMAGES[TEST][1:], LABELS[TEST])}),
        f"{TEST} has pixels [19, 3072]",
    ),
    (
        archive({**BATCHES, TEST: batch(IMAGES[TEST], LABELS[TEST][1:])}),
        "labels of int64 [19]; it must be 20 samples",
    ),
    (
        archive({**BATCHES, TEST: batch(IMAGES[TEST], LABELS[TEST] / 2)}),
        "labels of float64 [20]",
    ),
    (
        archive({**BATCHES, TEST: pickled({b"data": rows(IMAGES[TEST])})}),
        "labels of object []",
    ),
    (
        archive({**BATCHES, TEST: batch(IMAGES[TEST], LABELS[TEST] * 0 + 10)}),
        "has label 10 of 10 classes",
    ),
    (
        archive({**BATCHES, TEST: batch(IMAGES[TEST], LABELS[TEST] * 0 - 1)}),
        "has label -1 of 10 classes",
    ),
]


@pytest.mark.parametrize(("content", "said"), BROKEN, ids=range(len(BROKEN)))
def test_a_broken_archive_is_said_to_be_in_a_sentence(
    tmp_path: Path, content: bytes, said: str
) -> None:
    message = fault(tmp_path, content)
    assert message.startswith("cifar-small.tar.gz")
    assert said in message
    assert message.count("\n") == 0
