"""What a runner answers: jobs come back as they were asked for; files are what was announced."""

import copy
import math
import re

import numpy as np
import pytest
import safetensors.numpy
from google.protobuf import json_format
from twinrun.contract.converters.specs import spec_to_proto
from twinrun.contract.enums import Precision
from twinrun.contract.files import sha256
from twinrun.v1 import job_pb2, runner_service_pb2

from orchestrator.errors import WrongReport, WrongRunner
from orchestrator.gate import status, tensors
from orchestrator.gate.fault import Fault, Origin
from orchestrator.gate.files import Download, File, trace_file
from orchestrator.gate.spec import check_completed, check_same, check_taken
from orchestrator.language.phrases import Phrase, english
from orchestrator.settings import config, workloads
from services.data import catalog
from services.model import shapes, weights
from services.runner.validation import valid_spec
from tests.mutants import matrix

PRESETS = [preset.name for preset in workloads.presets()]
ORIGIN = Origin("pytorch", "127.0.0.1:1", "pytorch-1")


def completed(name):
    return spec_to_proto(valid_spec(config.job_spec(name, {}), 2))


def changes(mapping, path=()):
    """The mapping with one of its leaves changed or left out, each way once."""
    for key in mapping:
        inner = mapping[key] if isinstance(mapping, dict) else key
        name = key if isinstance(mapping, dict) else mapping.index(key)
        if isinstance(inner, (dict, list)) and inner:
            for path_, changed in changes(inner, (*path, name)):
                whole = copy.copy(mapping)
                whole[name] = changed
                yield path_, whole
        elif isinstance(mapping, dict):
            yield (*path, name), {k: v for k, v in mapping.items() if k != name}
            if isinstance(inner, float):
                yield (*path, name), {**mapping, name: inner / 2 + 0.1}


@pytest.mark.parametrize("name", PRESETS)
def test_a_job_comes_back_as_it_was_asked_for_with_defaults_filled_in(name):
    asked, whole = config.job_spec(name, {}), completed(name)
    check_completed(asked, whole)
    check_taken(whole, whole)
    check_same(["pytorch", "tensorflow"], [whole, copy.deepcopy(whole)])


@pytest.mark.parametrize("name", PRESETS)
def test_no_field_that_was_set_can_be_changed_or_dropped(name):
    whole = completed(name)
    mapping = json_format.MessageToDict(whole, preserving_proto_field_name=True)
    tried = 0
    for path, changed in changes(mapping):
        given = json_format.ParseDict(changed, job_pb2.JobSpec())
        if given == whole:
            continue
        tried += 1
        with pytest.raises(Fault, match=str(path[0])):
            check_completed(whole, given)
        with pytest.raises(WrongRunner, match="pytorch and tensorflow runners complete the"):
            check_same(["pytorch", "tensorflow"], [whole, given])
    assert tried > 20


def test_a_class_may_begin_with_a_space_which_an_answer_loses():
    asked = config.job_spec("synthetic-mlp", {})
    asked.dataset.arrays.classes.extend([" <=50K", " >50K"])
    given = completed("synthetic-mlp")
    given.dataset.arrays.classes.extend(["<=50K", ">50K"])
    check_completed(asked, given)
    given.dataset.arrays.classes[0] = ">50K"
    with pytest.raises(Fault, match="classes"):
        check_completed(asked, given)


def test_what_nobody_asked_for_is_refused():
    asked = config.job_spec("synthetic-mlp", {})
    for field, value in {"own_ways": [1], "allow_tf32": True, "profile": True}.items():
        given = completed("synthetic-mlp")
        list_or_flag = getattr(given, field)
        list_or_flag.extend(value) if isinstance(value, list) else setattr(given, field, value)
        with pytest.raises(Fault, match=field):
            check_completed(asked, given)
    given = completed("synthetic-mlp")
    given.layers[0].MergeFromString(b"\xf8\x3f\x01")
    with pytest.raises(Fault, match="field number 1023"):
        check_completed(asked, given)


@pytest.mark.parametrize("name", PRESETS)
def test_the_tensors_of_a_model_are_those_that_runners_make(name):
    whole = completed(name)
    spec = valid_spec(whole, 2)
    shape = catalog.info(spec.dataset).shape
    found, classes = tensors.of_model(whole)
    made = shapes.parameters(spec.layers, shape)
    assert [(n, t.shape) for n, t in found.items()] == [(p.name, p.shape) for p in made]
    assert [each.trained for each in found.values()] == [p.trained for p in made]
    assert classes == catalog.info(spec.dataset).outputs
    for precision, dtype in (Precision.FLOAT32, "F32"), (Precision.FLOAT64, "F64"):
        whole.precision = job_pb2.Precision.Value(f"PRECISION_{precision.name}")
        found, _ = tensors.of_model(whole)
        assert {dtypes for t in found.values() for dtypes in t.dtypes} == {dtype}
        content = weights.to_safetensors(weights.initial(spec.layers, shape, 0, precision))
        least, most = tensors.size_range(found)
        assert least < len(content) <= most < least + 1024 * (len(found) + 3)
        assert tensors.check_file(english(Phrase("w")), content, found).keys() == found.keys()


DENSE = {"dense": {"units": 4}}
SUM = {"residual": {"layers": [DENSE, {"batch_norm": {}}], "shortcut": [DENSE]}}
BESIDE = {"concat": {"branches": [{"layers": [SUM]}, {}]}}
NESTED = [{"flatten": {}}, {"repeat": {"times": 2, "layers": [SUM, BESIDE]}}]


def nested(layers):
    """Return synthetic-mlp, completed, with other layers before its last one."""
    whole = completed("synthetic-mlp")
    last = whole.layers.pop()
    del whole.layers[:]
    given = json_format.ParseDict({"layers": layers}, job_pb2.JobSpec()).layers
    whole.layers.extend([*given, last])
    return whole


def test_the_tensors_of_a_model_whose_layers_hold_others_are_those_that_runners_make():
    spec = valid_spec(nested(NESTED), 2)
    found, _ = tensors.of_model(spec_to_proto(spec))
    made = shapes.parameters(spec.layers, catalog.info(spec.dataset).shape)
    assert [(n, t.shape) for n, t in found.items()] == [(p.name, p.shape) for p in made]
    assert "layers.1.1.1.branches.0.0.layers.1.moving_mean" in found


@pytest.mark.parametrize(
    "layers",
    [
        [{"flatten": {}}, {"residual": {"layers": [DENSE]}}],
        [{"concat": {}}, {"flatten": {}}],
        [{"concat": {"branches": [{"layers": [{"flatten": {}}]}, {}]}}, {"flatten": {}}],
        [{"flatten": {}}, {"repeat": {"times": 2_000_000_000, "layers": [DENSE]}}],
    ],
)
def test_layers_that_do_not_fit_each_other_determine_no_tensors(layers):
    assert tensors.of_model(nested(layers)) is None


@pytest.mark.parametrize("case", matrix.CASES, ids=lambda case: case.name)
def test_the_tensors_of_every_kind_of_layer_are_those_that_runners_make(case):
    spec = valid_spec(case.spec(), 2)
    shape, outputs = catalog.info(spec.dataset).shape, catalog.info(spec.dataset).outputs
    found, classes = tensors.of_model(spec_to_proto(spec))
    made = shapes.parameters(spec.layers, shape)
    assert [(n, t.shape) for n, t in found.items()] == [(p.name, p.shape) for p in made]
    assert [each.trained for each in found.values()] == [p.trained for p in made]
    assert classes == outputs


def test_a_file_of_another_precision_is_refused():
    whole = completed("synthetic-mlp")
    spec = valid_spec(whole, 2)
    shape = catalog.info(spec.dataset).shape
    content = weights.to_safetensors(weights.initial(spec.layers, shape, 0, Precision.FLOAT64))
    found, _ = tensors.of_model(whole)
    with pytest.raises(Fault, match="dtype is F64, but should be one of F32"):
        tensors.check_file(english(Phrase("w")), content, found)


def test_a_download_without_end_ends(monkeypatch):
    file = File(english(Phrase("the weights")), "0" * 64, 1_000, None)
    download = Download(ORIGIN, file)
    piece = {"chunk": b"x", "total_bytes": 1_000, "sha256": "0" * 64}

    message = runner_service_pb2.DownloadWeightsResponse(**piece)
    download.take(message)
    monkeypatch.setattr("time.monotonic", lambda: math.inf)
    with pytest.raises(WrongReport, match="1 of 1000 bytes, but should be all of it within 30 s"):
        download.take(message)


def test_nobody_waits_for_years():
    assert status._LONGEST_PAUSE_SECONDS <= 10


ARRAYS = {
    "input": np.zeros((4, 2)),
    "labels": np.zeros(4, np.int32),
    "logits": np.zeros((4, 3)),
    "loss": np.zeros(1),
    "output/0": np.zeros((4, 3)),
    **{f"{what}/a.kernel": np.zeros((2, 3)) for what in ("initial", "updated", "gradient")},
    **{f"{what}/a.kernel@t": np.zeros((3, 2)) for what in ("initial", "updated", "gradient")},
    **{f"{what}/n": np.zeros(()) for what in ("initial", "updated")},
}
MODEL = job_pb2.ModelTraced(
    layers=[job_pb2.TracedLayer(path="a", output_shape=[3])],
    tensors=[
        job_pb2.TracedTensor(key="a.kernel", shape=[2, 3], trained=True, variants=["@t"]),
        job_pb2.TracedTensor(key="n"),
    ],
)


def _traced(content):
    said = job_pb2.LogitsSaved(sha256=sha256(content), size_bytes=len(content))
    download = Download(ORIGIN, trace_file(said, MODEL))
    answer = runner_service_pb2.DownloadLogitsResponse(
        chunk=content, total_bytes=len(content), sha256=said.sha256
    )
    download.take(answer)
    return download.content()


def test_the_arrays_of_an_honest_trace_pass():
    content = safetensors.numpy.save(ARRAYS)
    assert _traced(content) == content


@pytest.mark.parametrize("name", [name for name in ARRAYS if name != "output/0"])
def test_a_trace_without_an_array_of_its_model_is_refused(name):
    content = safetensors.numpy.save({key: ARRAYS[key] for key in ARRAYS.keys() - {name}})
    with pytest.raises(WrongReport, match=f"have no array {name}, which"):
        _traced(content)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("initial/a.kernel", np.zeros((3, 2))),
        ("gradient/a.kernel@t", np.zeros((3, 3))),
        ("updated/n", np.zeros(1)),
        ("output/0", np.zeros(())),
        ("output/0", np.zeros((4, 2))),
        ("slope/0", np.zeros((4, 3, 1))),
        ("input", np.zeros(())),
        ("labels", np.zeros(3)),
        ("logits", np.zeros((5, 3))),
        ("logits", np.zeros(4)),
        ("loss", np.zeros(())),
    ],
)
def test_a_traced_array_of_another_shape_is_refused(name, array):
    with pytest.raises(WrongReport, match=re.escape(name)):
        _traced(safetensors.numpy.save({**ARRAYS, name: array}))


@pytest.mark.parametrize("name", ["output/1", "initial/b.kernel", "case/given0", "input/case0"])
def test_a_traced_array_that_the_model_has_not_is_refused(name):
    with pytest.raises(WrongReport, match=f"have an array {name}, which"):
        _traced(safetensors.numpy.save({**ARRAYS, name: np.zeros(3)}))


@pytest.mark.parametrize("kind", [np.float16, np.int64, np.bool_])
@pytest.mark.parametrize("name", ["logits", "initial/a.kernel", "updated/a.kernel@t"])
def test_a_traced_array_of_another_type_is_refused(name, kind):
    changed = {**ARRAYS, name: ARRAYS[name].astype(kind)}
    with pytest.raises(WrongReport, match=f"{name}: type is"):
        _traced(safetensors.numpy.save(changed))


@pytest.mark.parametrize("content", [b"x" * 50, b"\xff" * 50, b"\2\0\0\0\0\0\0\0[]"])
def test_a_trace_that_is_no_file_of_arrays_is_refused(content):
    with pytest.raises(WrongReport, match="are not a safetensors file"):
        _traced(content)
