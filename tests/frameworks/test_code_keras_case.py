"""A call of a Keras layer as a program of Keras alone returns what it returned in the model."""

from dataclasses import replace

import numpy as np
import pytest

from tests.frameworks import code_models as models
from tests.frameworks.code_cases import result


@pytest.fixture(autouse=True)
def _only_in_tensorflow(name):
    if name != "tensorflow":
        pytest.skip("TensorFlow's")
    import keras  # noqa: PLC0415 - one environment has it

    before = keras.config.floatx(), keras.config.dtype_policy()
    yield
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])


@pytest.fixture
def trace(framework, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    traced = models.tracing(framework, tmp_path)

    def with_case(text, *calls):
        source = replace(models.SPEC.code.tensorflow, case=calls)
        code = replace(models.SPEC.code, tensorflow=source)
        return traced(text, replace(models.SPEC, code=code))

    return with_case


@pytest.mark.parametrize("model", models.ALL)
def test_every_call_without_dropout_is_a_program(model, trace, tmp_path):
    layers = trace(models.ALL[model]).model.layers
    for index, layer in enumerate(layers):
        if layer.kind == "dropout" or layer.settings.get("rate", "0.0") != "0.0":
            continue  # whose random numbers are the framework's own
        found = trace(models.ALL[model], index)
        assert found.model.case.program, (layer.path, found.model.case.reason)
        made = result(found, "tensorflow", tmp_path)
        wanted = found.arrays[f"output/{index}"]  # Keras's constants are in float32
        np.testing.assert_allclose(made, wanted, 1e-6, 1e-7, err_msg=layer.path)


def test_calls_in_a_row_are_one_program_that_hands_on_what_each_returns(trace, tmp_path):
    text = models.sequential("layers.Conv2D(3, 2)", "layers.ReLU()")
    found = trace(text, 0, 1)
    assert "given1" not in found.model.case.program
    made = result(found, "tensorflow", tmp_path)
    np.testing.assert_allclose(made, found.arrays["output/1"], 1e-12, 1e-15)
    assert "input/case1" not in found.arrays


def test_a_function_of_the_users_own_is_no_program(trace):
    found = trace(models.sequential("layers.Conv2D(3, 2, activation=lambda x: x * 2)"), 0)
    assert found.model.case.program == ""
    assert found.model.case.reason


def test_without_being_asked_there_is_none(trace):
    assert trace(models.MLP).model.case is None
