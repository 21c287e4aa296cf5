"""The figure of an explanation: what stands on its axes can be read."""

from dataclasses import replace
from itertools import pairwise

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from orchestrator.figures import plots
from orchestrator.results.estimate import Amount
from orchestrator.results.habits.numbering import number_of
from orchestrator.results.habits.pitfalls import PITFALLS
from tests.builders.explained import pair, rows


@pytest.mark.parametrize("apart", [0.0, 1e-4, 0.012, 0.11, 0.9])
def test_the_numbers_of_an_axis_do_not_run_into_each_other(apart):
    ended = (pair(number_of(pitfall)) for pitfall in (None, *PITFALLS))
    found = [replace(row, apart=Amount(apart, None, None, 1)) for row in rows(*ended)]
    figure = plots.explanation_canvas(found).figure
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    for axes in figure.axes:
        low, high = sorted(axes.get_xlim())
        labels = [
            text.get_window_extent()
            for at, text in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
            if text.get_text() and low <= at <= high
        ]
        assert len(labels) > 1
        for left, right in pairwise(sorted(labels, key=lambda box: box.x0)):
            assert left.x1 + 3 < right.x0
