"""What the user's code imports from elsewhere is noted, and by its digest."""

import importlib.util
import sys

import numpy
import pytest

from services.errors import CodeFailed
from services.machine import outside
from services.trial import code


def imported(path, name):
    found = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture
def library(tmp_path):
    path = tmp_path / "layers.py"
    path.write_text("SCALE = 1.0\n")
    return path


def test_a_module_that_is_not_installed_is_noted(library):
    (note,) = outside.notes(code.DIRECTORY, {"mylib.layers": imported(library, "mylib.layers")})
    assert note.startswith("It imports mylib, which is neither sent with it nor installed")
    assert "(SHA-256 of its files: " in note


def test_another_content_is_another_note(library, tmp_path):
    other = tmp_path / "other.py"
    other.write_text("SCALE = 1.02\n")
    noted = [
        outside.notes(code.DIRECTORY, {"mylib": imported(path, "mylib")})
        for path in (library, other)
    ]
    assert noted[0] != noted[1]


def test_what_has_changed_since_it_was_imported_is_refused(library):
    """The process may have been left by an earlier command, and would still run the old code."""
    modules = {"mylib.layers": imported(library, "mylib.layers")}
    assert outside.notes(code.DIRECTORY, modules) == outside.notes(code.DIRECTORY, modules)
    library.write_text("SCALE = 1.02\n")
    with pytest.raises(CodeFailed, match=r"layers\.py.* has changed since"):
        outside.notes(code.DIRECTORY, modules)


def test_what_is_installed_sent_or_twinruns_own_is_not_noted(tmp_path):
    sent = tmp_path / code.DIRECTORY / "pytorch" / "net.py"
    sent.parent.mkdir(parents=True)
    sent.write_text("")
    known = {"numpy": numpy, "services": sys.modules["services"], "json": sys.modules["json"]}
    assert (
        outside.notes(code.DIRECTORY, {**known, "sys": sys, "code_net": imported(sent, "code_net")})
        == []
    )
