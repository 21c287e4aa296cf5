"""Three models of users' code: each is paired with the first one's, and arrays have one name."""

from types import SimpleNamespace

import numpy as np
import pytest
from twinrun.contract.traced import ModelTraced, TracedLayer, TracedTensor
from twinrun.v1 import job_pb2

from orchestrator.errors import BadInput, NotTheSameJob
from orchestrator.pairing.pair import pair
from orchestrator.runners import coded
from orchestrator.settings import by_code


@pytest.fixture(autouse=True)
def _data(tmp_path, monkeypatch):
    monkeypatch.setenv("TWINRUN_DATA_DIR", str(tmp_path))


def model(path, *, spare=False, square=False):
    """Return a dense layer called ``path``; ``spare``: with an array that nothing depends on."""
    shape = (3, 3) if square else (3, 2)
    layer = TracedLayer(path, "Linear", "" if square else "dense", 0, {}, (3,), shape[1:])
    variants = ("@transposed",) if square else ()
    tensors = [
        TracedTensor(f"{path}.kernel", path, "kernel", shape, True, True, variants=variants),
        TracedTensor(f"{path}.bias", path, "bias", shape[1:], True, True),
    ]
    if spare:
        tensors.append(TracedTensor(f"{path}.spare", path, "spare", (7,), True, False))
    return ModelTraced((layer,), tuple(tensors))


def trace(name, made):
    arrays = {f"initial/{each.key}": np.ones(each.shape) for each in made.tensors}
    return coded.Trace(name, made, arrays)


def paired(**models):
    (first, one), *others = models.items()
    pairings = [pair(one, other, (first, name), {}) for name, other in others]
    return coded.with_tensors(job_pb2.JobSpec(), pairings[0], trace(first, one), pairings[1:])


def test_an_array_has_the_first_sides_name_and_a_key_for_each_side():
    spec = paired(pytorch=model("fc"), tensorflow=model("dense"), jax=model("linear"))
    keys = [(each.name, each.pytorch, each.tensorflow, each.jax) for each in spec.code.tensors]
    assert keys == [
        ("fc.kernel", "fc.kernel", "dense.kernel", "linear.kernel"),
        ("fc.bias", "fc.bias", "dense.bias", "linear.bias"),
    ]
    assert all(each.trained for each in spec.code.tensors)


def test_an_array_that_a_side_lacks_and_nothing_depends_on_is_left_out():
    spec = paired(
        pytorch=model("fc", spare=True), tensorflow=model("dense", spare=True), jax=model("linear")
    )
    assert [each.name for each in spec.code.tensors] == ["fc.kernel", "fc.bias"]


def test_an_array_that_is_laid_out_in_two_ways_is_refused(monkeypatch):
    pairing = pair(model("fc", square=True), model("own", square=True), ("pytorch", "jax"), {})
    kernel, bias = pairing.code_tensors
    turned = type(kernel)("fc.kernel", (3, 3), True, pytorch="fc.kernel@transposed", jax="w")
    other = SimpleNamespace(code_tensors=(turned, bias), frameworks=("pytorch", "jax"))
    first = trace("pytorch", model("fc", square=True))
    with pytest.raises(NotTheSameJob, match=r"fc\.kernel of PyTorch's .* compare two at a time"):
        coded.with_tensors(job_pb2.JobSpec(), pairing, first, [other])


def test_pairs_by_hand_are_of_two_models():
    spec = job_pb2.JobSpec()
    for name in ("pytorch", "tensorflow", "jax"):
        getattr(spec.code, name).file = "net.py"
    spec.code.pairs["fc"] = "dense"
    clients = [SimpleNamespace(framework=name) for name in ("pytorch", "tensorflow", "jax")]
    with pytest.raises(BadInput, match="3 models are compared"):
        coded.paired(spec, clients)


USUAL = ("pytorch", "tensorflow")


@pytest.mark.parametrize(
    ("code", "named", "wanted"),
    [
        (("pytorch", "tensorflow"), USUAL, USUAL),
        (("pytorch",), USUAL, USUAL),
        (("jax",), USUAL, ("pytorch", "jax")),
        (("tensorflow", "jax"), USUAL, ("tensorflow", "jax")),
        (("pytorch", "tensorflow", "jax"), USUAL, ("pytorch", "tensorflow", "jax")),
        (("pytorch", "jax"), ("jax", "pytorch"), ("jax", "pytorch")),
        ((), USUAL, USUAL),
    ],
)
def test_without_names_the_frameworks_are_those_of_the_code(code, named, wanted):
    spec = job_pb2.JobSpec()
    for name in code:
        getattr(spec.code, name).file = "net.py"
    assert by_code.frameworks(named, spec) == wanted


def test_code_that_no_side_is_for_is_refused_where_layers_would_be_trained_instead():
    spec = job_pb2.JobSpec(layers=[job_pb2.Layer(flatten=job_pb2.Flatten())])
    spec.code.jax.file = "net.py"
    with pytest.raises(BadInput, match="There is code for JAX, which no side is"):
        coded.require_sources(spec, ["pytorch", "tensorflow"])
    coded.require_sources(spec, ["pytorch", "jax"])
    for name in ("pytorch", "tensorflow"):
        getattr(spec.code, name).file = "net.py"
    coded.require_sources(spec, ["pytorch", "tensorflow"])  # two of three


def test_the_job_that_is_traced_has_nothing_of_the_idiomatic_recipe():
    spec = job_pb2.JobSpec(recipe=job_pb2.RECIPE_IDIOMATIC, matched_initial_values=True)
    spec.matched_batch_order = True
    asked = coded.to_trace(spec)
    assert asked.recipe == job_pb2.RECIPE_MATCHED
    assert not asked.matched_initial_values
    assert not asked.matched_batch_order
