"""A model by each framework's account, and whether they agree."""

import json

from orchestrator.reports.summary import report
from orchestrator.results.summary import as_dict, summary
from tests.builders.summaries import ONE, model


def test_models_of_the_same_shapes_and_parameters_agree():
    found = summary({"pytorch": ONE, "tensorflow": ONE})
    assert found.agree is True
    assert found.sentence == "PyTorch and TensorFlow agree: 2 layers, 882 parameters."


def test_a_layer_that_differs_is_named_with_both():
    found = summary({"pytorch": ONE, "tensorflow": model(((24, 24, 32), 800), ((9,), 50))})
    assert found.agree is False
    assert found.sentence == (
        "They do not agree: the output of layer 0 is 24x24x32 with 832 parameters for PyTorch and "
        "24x24x32 with 800 parameters for TensorFlow; the output of layer 1 is 10 with 50 "
        "parameters for PyTorch and 9 with 50 parameters for TensorFlow."
    )


def test_a_layer_more_is_said():
    found = summary({"pytorch": ONE, "tensorflow": model(((10,), 50))})
    assert found.sentence == "They do not agree: PyTorch has 2 layers and TensorFlow 1."
    assert report(found)


def test_one_alone_has_nothing_to_agree_with():
    found = summary({"pytorch": ONE})
    assert found.agree is None
    assert found.sentence == "PyTorch: 2 layers, 882 parameters."


def test_what_is_not_trained_is_said_and_must_agree_too():
    normalised = model(((24, 24, 32), 128, 64), ((10,), 50))
    found = summary({"pytorch": normalised, "tensorflow": normalised})
    assert found.sentence == (
        "PyTorch and TensorFlow agree: 2 layers, 178 parameters, 64 of them not trained (moving "
        "statistics, which PyTorch calls buffers)."
    )
    found = summary({"pytorch": normalised, "tensorflow": model(((24, 24, 32), 128), ((10,), 50))})
    assert found.agree is False
    assert "is 24x24x32 with 128 parameters (64 not trained) for PyTorch and" in found.sentence


def test_it_is_json():
    found = as_dict(summary({"pytorch": ONE, "tensorflow": ONE}))
    assert json.loads(json.dumps(found))["models"].keys() == {"pytorch", "tensorflow"}
