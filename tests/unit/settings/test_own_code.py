"""A model in the user's own code: flags, the workload's section, what is packed."""

import pytest

from orchestrator.errors import BadInput
from orchestrator.settings import config
from orchestrator.settings.job import JobFlags


@pytest.fixture
def net(tmp_path, monkeypatch):
    monkeypatch.setenv("TWINRUN_DATA_DIR", str(tmp_path / "data"))
    path = tmp_path / "net.py"
    path.write_text("def build(width=1):\n    return width\n")
    return path


def spec_of(*code, workload=None):
    job = JobFlags(workload=workload, code=list(code) or None)
    return config.job_spec(job.workload, job.changes())


def test_the_flag_takes_the_place_of_the_workloads_layers(net, tmp_path):
    spec = spec_of(f"pytorch={net}:make", f"tensorflow={net}")
    assert not spec.layers
    assert (spec.code.pytorch.file, spec.code.pytorch.function) == (str(net), "make")
    assert not spec.code.tensorflow.function
    assert (tmp_path / "data/blobs" / spec.code.files.sha256).is_file()


@pytest.mark.parametrize("text", ["net.py:build", "keras=net.py:build", "pytorch=", "pytorch"])
def test_a_flag_that_names_no_framework_or_no_file_is_refused(text):
    with pytest.raises(BadInput, match="--code takes NAME=FILE:FUNCTION"):
        spec_of(text)


def test_a_workload_names_files_beside_itself_and_arguments_as_a_mapping(net):
    workload = net.parent / "mine.yaml"
    workload.write_text(
        "dataset: {name: mnist}\n"
        "optimizer: {adam: {}}\n"
        "code:\n"
        "  pytorch: {file: net.py, arguments: {width: 3, names: [a, b]}}\n"
        "  tensorflow: {file: net.py, layout: channels_first}\n"
        "  pairs: {fc.kernel: dense.kernel}\n"
    )
    spec = spec_of(workload=str(workload))
    assert spec.code.pytorch.file == str(net)
    assert spec.code.pytorch.arguments == '{"width": 3, "names": ["a", "b"]}'
    assert dict(spec.code.pairs) == {"fc.kernel": "dense.kernel"}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("{}", "names no file"),
        ("{pytorch: {file: net.txt}}", "must be a Python file"),
        ("{pytorch: {file: net.py, function: 'a b'}}", "give a function's name"),
        ("{pytorch: {file: net.py, arguments: '[1]'}}", "give an object in JSON"),
        ("{pytorch: {}}", "is not set"),
        ("{pytorch: {file: net.py, case: [-1]}}", "is -1; it must be from 0 to"),
        ("{tensorflow: {file: net.py, case: [100001]}}", "is 100001; it must be from 0 to"),
    ],
)
def test_what_cannot_be_code_is_refused_by_its_field(net, code, words):
    workload = net.parent / "mine.yaml"
    workload.write_text(f"dataset: {{name: mnist}}\noptimizer: {{adam: {{}}}}\ncode: {code}\n")
    with pytest.raises(BadInput, match=words):
        spec_of(workload=str(workload))


def test_a_framework_without_code_keeps_the_layers(net):
    spec = spec_of(f"tensorflow={net}")
    assert spec.layers
    assert not spec.code.HasField("pytorch")
    assert not spec_of(f"tensorflow={net}", f"pytorch={net}").layers


def test_layers_and_code_of_all_frameworks_exclude_each_other(net):
    workload = net.parent / "mine.yaml"
    workload.write_text(
        "dataset: {name: mnist}\noptimizer: {adam: {}}\nlayers: [flatten: {}, dense: {units: 10}]\n"
        "code: {pytorch: {file: net.py}, tensorflow: {file: net.py}, jax: {file: net.py}}\n"
    )
    with pytest.raises(BadInput, match="and so are layers"):
        spec_of(workload=str(workload))
