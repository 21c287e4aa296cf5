import pytest
from google.protobuf import json_format
from twinrun.v1 import job_pb2

from orchestrator import workloads
from orchestrator.errors import BadInput


def test_the_presets_are_listed_by_name():
    assert workloads.names() == ["fashion-mlp", "mnist-mlp", "synthetic-mlp"]


@pytest.mark.parametrize("name", workloads.names())
def test_every_preset_is_a_job_spec_with_dataset_layers_and_optimizer(name):
    spec = json_format.ParseDict(workloads.load(name), job_pb2.JobSpec())
    assert spec.dataset.name
    assert spec.layers[-1].dense.units == 10
    assert spec.optimizer.WhichOneof("kind") == "adam"


def test_mnist_mlp_is_the_model_of_the_lesson():
    spec = json_format.ParseDict(workloads.load("mnist-mlp"), job_pb2.JobSpec())
    assert [layer.dense.units for layer in spec.layers if layer.HasField("dense")] == [128, 64, 10]
    assert [layer.WhichOneof("kind") for layer in spec.layers] == [
        "flatten",
        *("dense", "activation", "dense", "activation", "dense"),
    ]
    assert spec.optimizer.learning_rate == 0.001
    assert (spec.batch_size, spec.epochs, spec.seed) == (64, 5, 0)


@pytest.mark.parametrize(
    "name", ["resnet", "", "../workloads/mnist-mlp", "/etc/passwd", "mnist-mlp.yaml", "a\0b"]
)
def test_an_unknown_name_is_bad_input_that_lists_what_there_is(name):
    with pytest.raises(BadInput, match="fashion-mlp, mnist-mlp, synthetic-mlp") as caught:
        workloads.load(name)
    assert repr(name) in caught.value.message
    assert caught.value.exit_code == 2
