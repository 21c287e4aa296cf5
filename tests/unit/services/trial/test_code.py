"""The user's code: unpacked, imported and called; its errors are the user's own."""

import io
import zipfile
from dataclasses import replace

import pytest
from twinrun.contract.code import Code, CodeSource, StoredFile
from twinrun.contract.data_dir import BLOBS
from twinrun.contract.files import sha256
from twinrun.contract.layers import Dense, Flatten
from twinrun.contract.optimizers import Adam, Optimizer
from twinrun.contract.spec import Dataset, JobSpec

from services.errors import CodeFailed, DataUnavailable
from services.pipe import ProcessUse, Task
from services.trial import code


def task(tmp_path, files, source, framework="pytorch"):
    blobs = tmp_path / "data" / BLOBS
    blobs.mkdir(parents=True, exist_ok=True)
    archive = tmp_path / "archive.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for name, text in files.items():
            made.writestr(name, text)
    content = archive.read_bytes()
    (blobs / sha256(content)).write_bytes(content)
    given = Code(**{framework: source}, files=StoredFile(sha256(content), len(content)))
    spec = JobSpec(Dataset("mnist"), (), Optimizer(Adam()), threads=1, code=given)
    (tmp_path / "out").mkdir(exist_ok=True)
    return Task(spec, tmp_path / "data", tmp_path / "out")


def built(tmp_path, files, source=None):
    source = source or CodeSource("/somewhere/net.py")
    return code.builder(task(tmp_path, files, source), "pytorch")()


def test_a_job_of_layers_builds_nothing(tmp_path):
    spec = JobSpec(Dataset("mnist"), (), Optimizer(Adam()), threads=1)
    assert code.builder(Task(spec, tmp_path, tmp_path), "pytorch") is None


def test_of_a_framework_without_code_the_layers_are_its_model(tmp_path):
    given = task(tmp_path, {}, CodeSource("net.py"), framework="tensorflow")
    spec = replace(given.spec, layers=(Flatten(), Dense(10)))
    assert code.builder(replace(given, spec=spec), "pytorch") is None
    assert code.source(spec, "tensorflow").file == "net.py"
    assert code.source(spec, "pytorch").file == "the workload's layers"
    assert code.notes(spec, "tensorflow") == []
    assert len(code.notes(spec, "pytorch")) == 1
    with pytest.raises(CodeFailed, match="no code for pytorch"):
        code.source(given.spec, "pytorch")


def test_the_function_is_called_with_its_arguments(tmp_path):
    text = "def make(width, depth=2):\n    return [width] * depth\n"
    source = CodeSource("net.py", "make", '{"width": 7, "depth": 3}')
    assert built(tmp_path, {"pytorch/net.py": text}, source) == [7, 7, 7]


def test_a_package_beside_the_file_is_imported_and_nothing_of_the_other_side(tmp_path):
    files = {
        "pytorch/net.py": "from beside.blocks import WIDTH\n\ndef build():\n    return WIDTH\n",
        "pytorch/beside/__init__.py": "",
        "pytorch/beside/blocks.py": "WIDTH = 5\n",
        "tensorflow/net.py": "raise RuntimeError\n",
    }
    assert built(tmp_path, files) == 5


def test_a_file_named_like_an_installed_module_is_the_users(tmp_path):
    text = "import json\ndef build():\n    return json.dumps(1)"
    assert built(tmp_path, {"pytorch/net.py": text}) == "1"
    source = CodeSource("json.py")
    assert built(tmp_path, {"pytorch/json.py": "def build():\n    return 'own'"}, source) == "own"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("def build():\n    return 1 / 0\n", ["ZeroDivisionError", "net.py:2, in build"]),
        ("import nothing_like_it\n", ["ModuleNotFoundError", "net.py:1"]),
        ("def build(:\n", ["SyntaxError"]),
        ("def other():\n    pass\n", ["net.py of pytorch has no function build"]),
        ("def build(width):\n    pass\n", ["TypeError", "width"]),
        ("raise SystemExit(3)\n", ["SystemExit: 3", "net.py:1"]),
    ],
)
def test_an_error_is_told_in_the_users_own_frames(tmp_path, text, parts):
    with pytest.raises(CodeFailed) as caught:
        built(tmp_path, {"pytorch/net.py": text})
    assert all(part in caught.value.message for part in parts)
    assert "services" not in caught.value.message
    assert "importlib" not in caught.value.message


def test_an_archive_that_lacks_the_file_or_is_none(tmp_path):
    with pytest.raises(CodeFailed, match=r"lacks the file net\.py"):
        built(tmp_path, {"pytorch/other.py": ""})
    given = task(tmp_path, {"pytorch/net.py": ""}, CodeSource("net.py"))
    (path,) = (tmp_path / "data" / BLOBS).glob(given.spec.code.files.sha256)
    path.write_bytes(b"x" * given.spec.code.files.size_bytes)
    with pytest.raises(CodeFailed, match="cannot be unpacked"):
        code.builder(given, "pytorch")()
    path.unlink()
    with pytest.raises(DataUnavailable):
        code.builder(given, "pytorch")()


def test_a_name_that_leads_out_of_the_directory_stays_in_it(tmp_path):
    files = {"../../outside.py": "", "/outside.py": "", "pytorch/net.py": "def build(): return 1"}
    assert built(tmp_path, files) == 1
    assert not list(tmp_path.glob("outside.py"))
    assert not list(tmp_path.parent.glob("outside.py"))


def test_an_archive_that_grows_beyond_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(code, "_MOST_BYTES", 100)
    with pytest.raises(CodeFailed, match="at most 100"):
        built(tmp_path, {"pytorch/net.py": "#" * 101})


def test_a_shared_process_is_left_to_jobs_of_the_same_code(tmp_path):
    one = replace(task(tmp_path, {"a": "1"}, CodeSource("a.py")), process=ProcessUse.SHARED)
    other = replace(task(tmp_path, {"a": "2"}, CodeSource("a.py")), process=ProcessUse.SHARED)
    assert one.fits(one)
    assert not one.fits(other)


def _stored(files=("pytorch/net.py",), method=zipfile.ZIP_STORED):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name in files:
            archive.writestr(name, "def build():\n    return 1\n" * 100)
    return bytearray(made.getvalue())


def _encrypted():
    content = _stored()
    content[6] |= 1
    content[content.find(b"PK\x01\x02") + 8] |= 1
    return content


def _damaged(method, after):
    content = _stored(method=method)
    place = content.find(b"net.py") + after
    content[place : place + 10] = b"\xff" * 10
    return content


BROKEN = {
    "password": _encrypted,
    "invalid": lambda: _damaged(zipfile.ZIP_DEFLATED, 10),
    "Corrupt": lambda: _damaged(zipfile.ZIP_LZMA, 18),
    "Not a directory": lambda: _stored(("pytorch", "pytorch/net.py")),
}


@pytest.mark.parametrize("said", BROKEN)
def test_a_broken_archive_is_refused_in_a_sentence(said, tmp_path):
    given = task(tmp_path, {}, CodeSource("net.py"))
    content = bytes(BROKEN[said]())
    files = StoredFile(sha256(content), len(content))
    (tmp_path / "data" / BLOBS / files.sha256).write_bytes(content)
    given = replace(given, spec=replace(given.spec, code=replace(given.spec.code, files=files)))
    with pytest.raises(CodeFailed, match=f"cannot be unpacked: .*{said}"):
        code.builder(given, "pytorch")()


def test_a_file_of_a_name_that_no_file_can_have_is_not_there(tmp_path):
    with pytest.raises(CodeFailed, match=r"lacks the file nnn"):
        built(tmp_path, {"pytorch/net.py": ""}, CodeSource("n" * 300 + ".py"))


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        ("Mute()", r"Mute: \(its text fails with KeyError\)"),
        (r"ValueError('\ud800')", r"ValueError: \?"),
        ("ValueError('x' * 10**7)", "ValueError: x"),
    ],
)
def test_an_error_whose_text_cannot_be_sent_is_told_all_the_same(tmp_path, raised, said):
    text = f"""
class Mute(Exception):
    def __str__(self):
        raise KeyError

def build():
    raise {raised}
"""
    with pytest.raises(CodeFailed, match=said) as caught:
        built(tmp_path, {"pytorch/net.py": text})
    assert len(caught.value.message.encode()) < 10_000


def test_an_error_of_endless_recursion_has_its_last_frames(tmp_path):
    with pytest.raises(CodeFailed, match="RecursionError") as caught:
        built(tmp_path, {"pytorch/net.py": "def build():\n    return build()\n"})
    assert caught.value.message.count("in build: return build()") == 20
