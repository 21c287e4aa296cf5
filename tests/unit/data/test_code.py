"""The archive of the user's code: their files, what these import beside them, and nothing else."""

import zipfile

import pytest
from twinrun.v1 import job_pb2

from orchestrator.data import code
from orchestrator.errors import BadInput


def files(tmp_path, **texts):
    for name, text in texts.items():
        path = tmp_path / name.replace("__", "/")
        path = path.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def spec_of(**sources):
    spec = job_pb2.JobSpec()
    for framework, path in sources.items():
        getattr(spec.code, framework).file = str(path)
    return spec


def test_what_is_imported_beside_a_source_is_sent_and_nothing_else(tmp_path):
    folder = files(
        tmp_path / "mine",
        net="import os\nfrom blocks import deep\nimport torch\nraise RuntimeError('never run')\n",
        blocks__deep="from . import shallow\n",
        blocks__shallow="",
        unrelated="",
    )
    (folder / "blocks/__init__.py").touch()
    keras = files(tmp_path / "theirs", net_keras="def build(): pass\n")
    spec = spec_of(pytorch=folder / "net.py", tensorflow=keras / "net_keras.py")
    sent = code.prepare(spec, tmp_path / "blobs")
    names = {(each.framework, each.name) for each in sent}
    assert names == {
        ("pytorch", "net.py"),
        ("pytorch", "blocks/__init__.py"),
        ("pytorch", "blocks/deep.py"),
        ("pytorch", "blocks/shallow.py"),
        ("tensorflow", "net_keras.py"),
    }
    path = tmp_path / "blobs" / spec.code.files.sha256
    assert path.stat().st_size == spec.code.files.size_bytes
    with zipfile.ZipFile(path) as archive:
        assert {*archive.namelist()} == {f"{framework}/{name}" for framework, name in names}
        assert archive.read("tensorflow/net_keras.py") == b"def build(): pass\n"


def test_the_same_files_make_the_same_archive_and_a_change_another(tmp_path):
    folder = files(tmp_path / "mine", net="WIDTH = 1\n")
    digests = []
    for text in ("WIDTH = 1\n", "WIDTH = 1\n", "WIDTH = 2\n"):
        (folder / "net.py").write_text(text)
        spec = spec_of(pytorch=folder / "net.py")
        code.prepare(spec, tmp_path / "blobs")
        digests.append(spec.code.files.sha256)
    assert digests[0] == digests[1] != digests[2]


def test_a_source_that_is_missing_or_not_python(tmp_path):
    with pytest.raises(BadInput, match=r"code of pytorch.*net\.py"):
        code.prepare(spec_of(pytorch=tmp_path / "net.py"), tmp_path / "blobs")
    (tmp_path / "net.py").write_text("x = 1\ndef build(:\n")
    with pytest.raises(BadInput, match=r"not Python.*line 2"):
        code.prepare(spec_of(pytorch=tmp_path / "net.py"), tmp_path / "blobs")


def test_too_much_beside_a_source_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(code, "_MOST_FILES", 1)
    folder = files(tmp_path / "mine", net="import beside\n", beside="")
    with pytest.raises(BadInput, match="2 files"):
        code.prepare(spec_of(pytorch=folder / "net.py"), tmp_path / "blobs")
