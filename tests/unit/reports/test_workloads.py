"""The list of workloads, at any width."""

import pytest

from orchestrator.language.phrases import speaking
from orchestrator.reports import workloads as report
from orchestrator.settings import workloads


@pytest.mark.parametrize("language", ["en", "zh-TW"])
@pytest.mark.parametrize("width", [80, 50])
def test_no_line_is_wider_and_no_word_is_broken(width, language):
    with speaking(language):
        shown = list(report.lines(workloads.presets(), width))
    assert all(len(line) <= width for line in shown)
    words = {word for line in shown for word in line.split()}
    assert set(workloads.names()) <= words
    assert {"dense", "max_pool2d,", "fashion-mnist"} <= words


def test_layers_in_others_are_in_brackets():
    dense = {"dense": {"units": 3}}
    layers = [
        {"residual": {"layers": [dense, dense]}},
        {"residual": {"layers": [dense], "shortcut": [dense]}},
        {"repeat": {"times": 2, "layers": [{"concat": {"branches": [{"layers": [dense]}, {}]}}]}},
    ]
    assert list(report._layers(layers)) == [
        "residual (dense 3, dense 3)",
        "residual (dense 3 | dense 3)",
        "2 x (concat (dense 3 | input))",
    ]
