"""What a trace reports: its batch is the job's first, and its names can be printed."""

from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy
from twinrun.contract.code import Code, CodeSource, CodeTensor
from twinrun.contract.optimizers import Adam, Optimizer
from twinrun.contract.spec import Dataset, JobSpec, Synthetic
from twinrun.contract.traced import ModelTraced, TracedLayer, TracedTensor

from services.errors import CodeFailed
from services.pipe import Task
from services.trial import trace

SPEC = JobSpec(
    Dataset("synthetic", synthetic=Synthetic(20, 4, height=2, width=2)),
    (),
    Optimizer(Adam()),
    threads=1,
    batch_size=8,
    code=Code(pytorch=CodeSource("net.py")),
)


def run(tmp_path, path="fc", key="fc.kernel"):
    """Return the batch's shape, and what is emitted of a model with one layer and one array."""
    layer = TracedLayer(path, "Linear", "dense", 0, {}, (4,), (10,))
    model = ModelTraced((layer,), (TracedTensor(key, path, "kernel", (4, 10), True, True),))
    taken, emitted = [], []

    def make_trace(spec, inputs, labels, build, weights, *, returned):
        taken.append((inputs.shape, labels.shape))
        return trace.Traced(model, {"logits": np.zeros((8, 10))})

    trace.run(Task(SPEC, tmp_path, tmp_path), object, make_trace, emitted.append)
    (found,) = (each for each in emitted if isinstance(each, ModelTraced))
    assert (found.layers, found.tensors) == (model.layers, model.tensors)
    return taken, found


def test_one_batch_is_traced(tmp_path):
    assert run(tmp_path)[0] == [((8, 2, 2, 1), (8,))]


def test_what_is_imported_from_elsewhere_is_noted(tmp_path):
    """As these tests are: a certificate's key has the note, so that it is not reused for others."""
    assert any("imports tests, which is neither" in note for note in run(tmp_path)[1].notes)


@pytest.mark.parametrize("tensors", [(), (CodeTensor("fc.kernel", (4, 10), trained=True),)])
def test_what_layers_return_is_kept_once_the_models_are_paired(tmp_path, tensors):
    model = ModelTraced((), ())
    made = {"logits": np.zeros((8, 10)), "output/0": np.ones(3), "slope/0": np.ones(3)}
    spec = replace(SPEC, code=replace(SPEC.code, tensors=tensors))

    def make_trace(*_, returned):
        assert returned == {}
        return trace.Traced(model, made)

    trace.run(Task(spec, tmp_path, tmp_path), object, make_trace, lambda event: None)
    kept = safetensors.numpy.load_file(tmp_path / "logits.safetensors")
    assert set(kept) - {"input", "labels"} == set(made if tensors else ["logits"])


@pytest.mark.parametrize("names", [{"path": "a\x1b[31mb"}, {"key": "fc.\x07kernel"}])
def test_a_name_that_cannot_be_printed_is_refused_by_how_it_is_written(tmp_path, names):
    (name,) = names.values()
    with pytest.raises(CodeFailed) as caught:
        run(tmp_path, **names)
    assert ascii(name) in caught.value.message
    assert caught.value.message.isprintable()
