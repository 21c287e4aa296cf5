"""From how many epochs on the side that starts up later is ahead, and what helps short steps."""

from dataclasses import replace

import numpy as np
import pytest

from orchestrator.figures import plots
from orchestrator.page.of_comparison import comparison_page
from orchestrator.reports.comparison import sentences
from orchestrator.results.break_even import ahead, remedies
from orchestrator.results.comparison import compare
from orchestrator.results.comparison_file import as_dict
from orchestrator.results.estimate import estimate_quotient
from orchestrator.storage.about import About, Kind
from tests.builders.comparisons import NOISE, timed
from tests.builders.events import JOB, job

COMPILED = "pytorch-execution=compiled"


def trials(side, start, epoch, count=8, **spec):
    for number, noise in enumerate(NOISE[:count], 1):
        made = timed(side, epoch * noise, number)
        phases = {"import": 3.0, "build": 0.1, "compile": (start - 3.1) / noise}
        yield replace(made, spec=job(**spec) if spec else JOB, phases=phases | made.phases)


def both(start, epoch, other_start, other_epoch, *, side=COMPILED, count=8):
    execution = {"execution": "EXECUTION_COMPILED"} if side == COMPILED else {}
    return compare(
        JOB,
        [
            *trials("pytorch", start, epoch, count),
            *trials(side, other_start, other_epoch, count, **execution),
        ],
    )


def test_the_side_with_the_slower_start_is_ahead_from_some_number_of_epochs_on():
    (found,) = ahead(both(4.0, 1.0, 92.0, 0.5))
    assert (found.faster, found.slower) == (COMPILED, "pytorch")
    assert found.low < 176 < found.high
    assert "starts up 88.0 s later than PyTorch and takes 0.500 s less" in found.sentence
    assert "it is ahead from epoch 17" in found.sentence
    assert "8 pairs; import, build and compile counted)" in found.sentence


def test_a_side_that_starts_sooner_and_is_faster_needs_no_such_number():
    assert ahead(both(4.0, 0.5, 92.0, 1.0)) == []


def test_where_no_difference_of_epochs_is_shown_there_is_none():
    assert ahead(both(4.0, 1.0, 92.0, 1.0)) == []


def test_few_pairs_are_provisional_and_have_no_figure():
    found = both(4.0, 1.0, 92.0, 0.5, count=1)
    (one,) = ahead(found)
    assert one.low is None
    assert "(one trial each: provisional" in one.sentence
    assert "ahead" not in plots.names(found)


def test_every_report_has_it():
    found = both(4.0, 1.0, 92.0, 0.5)
    (one,) = ahead(found)
    assert one.sentence in sentences(found)
    assert as_dict(found)["ahead"][0]["sentence"] == one.sentence
    drawing = plots.drawing(found, "ahead")
    assert drawing.title == one.sentence
    page = comparison_page(found, About("r", Kind.COMPARE, "w", None), [drawing])
    assert any(one.sentence in each.sentences for each in page.answers)


@pytest.mark.parametrize(
    ("side", "epoch", "named"),
    [
        (COMPILED, 0.05, "--execution compiled: torch.compile, XLA"),
        ("tensorflow", 0.05, "--execution compiled"),
        (COMPILED, 500.0, None),  # seconds of a step
    ],
)
def test_short_steps_op_by_op_have_a_remedy(side, epoch, named):
    (*found,) = remedies(both(4.0, 2 * epoch, 5.0, epoch, side=side))
    assert len(found) == (named is not None)
    assert all(named in each and "PyTorch runs its steps op by op" in each for each in found)


def test_a_side_in_graphs_has_no_such_remedy():
    assert list(remedies(both(4.0, 0.05, 5.0, 0.1))) == []


def test_the_interval_of_a_quotient_contains_it_as_often_as_it_says():
    """Of 20 at 95 % all but four at least: fewer happen in one of 400 such tests."""
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(20):
        above = 88 * np.exp(0.1 * rng.standard_normal(10))
        below = 0.5 + 0.05 * rng.standard_normal(10)
        found = estimate_quotient(above.tolist(), below.tolist())
        inside += found.low < 176 < found.high
    assert inside >= 16
