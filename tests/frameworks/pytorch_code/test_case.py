"""A call of a layer as a program of PyTorch alone returns what it returned in the model."""

from dataclasses import replace

import numpy as np
import pytest

from tests.frameworks.code_cases import result
from tests.frameworks.pytorch_code import models

torch = pytest.importorskip("torch")
SPEC = models.spec()


@pytest.fixture(autouse=True)
def _precision():
    before = torch.get_default_dtype()
    yield
    torch.set_default_dtype(before)


def asking(*calls):
    source = replace(SPEC.code.pytorch, case=calls)
    return replace(SPEC, code=replace(SPEC.code, pytorch=source))


def traced(folder, text, *calls):
    return models.traced(asking(*calls), models.builder(folder, text))


@pytest.mark.parametrize("model", models.SOURCES)
def test_every_call_without_dropout_is_a_program(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    layers = traced(tmp_path, models.SOURCES[model]).model.layers
    for index, layer in enumerate(layers):
        found = traced(tmp_path, models.SOURCES[model], index)
        if layer.kind.endswith("dropout") or layer.settings.get("rate", "0.0") != "0.0":
            continue  # whose random numbers are the framework's own
        assert found.model.case.program, (layer.path, found.model.case.reason)
        made = result(found, "pytorch", tmp_path)
        wanted = found.arrays[f"output/{index}"]
        np.testing.assert_allclose(made, wanted, 1e-9, 1e-12, err_msg=layer.path)


def test_calls_in_a_row_are_one_program_that_hands_on_what_each_returns(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = traced(tmp_path, models.SOURCES["mlp"], 1, 2)
    assert "relu" in found.model.layers[2].kind
    assert "given1" not in found.model.case.program
    np.testing.assert_allclose(
        result(found, "pytorch", tmp_path), found.arrays["output/2"], 1e-12, 1e-15
    )
    assert found.arrays["input/case0"].shape == (6, 24)
    assert "input/case1" not in found.arrays


def test_what_does_not_say_how_it_was_made_is_no_program(tmp_path):
    text = """
def build():
    out = nn.Linear(24, 5)
    del out.in_features
    return nn.Sequential(nn.Flatten(), out)
"""
    found = traced(tmp_path, text, 1).model.case
    assert found.program == ""
    assert found.reason == "a Linear does not say which in_features it was made with"


def test_without_being_asked_there_is_none(tmp_path):
    assert traced(tmp_path, models.SOURCES["mlp"]).model.case is None
