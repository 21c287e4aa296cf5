"""A transformer's block is short for its layers."""

import pytest
import yaml

from orchestrator.errors import BadInput
from orchestrator.settings import workloads
from orchestrator.settings.workloads.forms import mapping_of

BLOCK = {"width": 32, "heads": 4}


def written(block) -> list:
    (made,) = mapping_of({"layers": [{"transformer_block": block}]})["layers"]
    return made["repeat"]


def test_gpt_tiny_is_two_blocks():
    spec = workloads.load("gpt-tiny")
    block = {**BLOCK, "times": 2, "causal": True, "dropout": 0.1}
    (there,) = (layer["repeat"] for layer in spec["layers"] if "repeat" in layer)
    assert written(block) == there


def test_a_norm_stands_after_each_sum_if_not_before_its_parts():
    found = written({**BLOCK, "pre_norm": False, "hidden": 5, "attention_dropout": 0.2})
    kinds = [next(iter(layer)) for layer in found["layers"]]
    assert kinds == ["residual", "layer_norm", "residual", "layer_norm"]
    attention, perceptron = (each["residual"]["layers"] for each in found["layers"][::2])
    assert attention == [{"multi_head_attention": {"heads": 4, "dropout": 0.2}}]
    assert [next(iter(layer)) for layer in perceptron] == ["dense", "activation", "dense"]
    assert [layer["dense"]["units"] for layer in perceptron[::2]] == [5, 32]
    assert found["times"] == 1


def test_a_block_may_stand_in_another_nest():
    spec = {"layers": [{"residual": {"layers": [{"transformer_block": BLOCK}]}}]}
    (made,) = mapping_of(spec)["layers"][0]["residual"]["layers"]
    assert list(made) == ["repeat"]


@pytest.mark.parametrize(
    ("block", "faults"),
    [
        ({}, "has no width, no heads;"),
        ({"heads": 4, "size": 3}, "has no width, a field size;"),
        ({**BLOCK, "width": "wide", "pre_norm": 2}, "has pre_norm 2, width 'wide';"),
        ([1], "has no width, no heads;"),
    ],
)
def test_everything_that_is_wrong_with_a_block_is_said_at_once(block, faults, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"layers": [{"transformer_block": block}]}))
    with pytest.raises(BadInput) as caught:
        workloads.load(str(path))
    assert faults in caught.value.message
    assert "Line " in caught.value.message


def test_a_value_of_a_block_that_is_no_number_is_named_with_its_line(tmp_path):
    path = tmp_path / "mine.yaml"
    text = "layers:\n  - transformer_block:\n      width: 32\n      heads: many\n"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        workloads.load(str(path))
    assert f"{path}:4: " in caught.value.message
    assert "heads is 'many'; it must be a number" in caught.value.message
