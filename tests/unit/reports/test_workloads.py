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
