"""Whether a dataset can be had is found out without fetching it."""

import threading
from dataclasses import replace

import pytest

from services.data import reach
from services.data.download import Mirror
from services.data.published import SOURCES
from services.data.source import SourceFault
from tests.waiting import HANG_SECONDS

MNIST = SOURCES["mnist"]


class Origin:
    def __init__(self, name, *, has=False, waits=None):
        self.name, self._has, self._waits = name, has, waits

    def reach(self, file):
        assert file in (MNIST.train_images, SOURCES["cifar-10"].archive)
        if self._waits:
            self._waits.wait(HANG_SECONDS)
        if not self._has:
            raise SourceFault("is far away")

    def fetch(self, *_):
        raise AssertionError("nothing is to be fetched")


def fault(folder, *origins):
    return reach.fault("mnist", folder, {"mnist": replace(MNIST, origins=origins)})


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_nobody_is_asked_for_files_that_are_there(tmp_path, suffix):
    (tmp_path / "mnist").mkdir()
    for file in MNIST.files:
        (tmp_path / "mnist" / f"{file.name}{suffix}").touch()
    assert fault(tmp_path, Origin("one")) == ""


def test_an_archive_that_nobody_has_is_named_with_what_to_do(tmp_path):
    source = replace(SOURCES["cifar-10"], origins=(Origin("one"),))
    said = reach.fault("cifar-10", tmp_path, {"cifar-10": source})
    assert said.startswith("The dataset cifar-10 lacks cifar-10-python.tar.gz, and nobody")
    assert f"lay it, as it is published, into {tmp_path / 'cifar-10'}: its SHA-256" in said
    (tmp_path / "cifar-10").mkdir()
    (tmp_path / "cifar-10" / "cifar-10-python.tar.gz").touch()
    assert reach.fault("cifar-10", tmp_path, {"cifar-10": source}) == ""


def test_the_first_who_has_it_is_enough(tmp_path):
    never = threading.Event()
    try:
        assert fault(tmp_path, Origin("a"), Origin("b", has=True), Origin("c", waits=never)) == ""
    finally:
        never.set()


def test_everybody_who_was_asked_is_named_with_what_they_said(tmp_path, monkeypatch):
    monkeypatch.setattr(reach, "_SECONDS", 0.1)
    never = threading.Event()
    try:
        said = fault(tmp_path, Origin("one"), Origin("slow", waits=never))
    finally:
        never.set()
    assert said.startswith("The dataset mnist lacks train-images-idx3-ubyte, ")
    assert "(one: is far away; slow: no answer within 0.1 s)" in said
    assert str(tmp_path / "mnist") in said


def test_a_mirror_that_nobody_listens_at_cannot_be_reached():
    with pytest.raises(SourceFault, match="refused"):
        Mirror("http://127.0.0.1:9/").reach(MNIST.train_images)
