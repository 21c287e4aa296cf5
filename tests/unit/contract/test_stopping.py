"""The rule of early stopping, which every side follows and every report is held against."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinrun.contract.events import Metrics
from twinrun.contract.stopping import EarlyStopping

NAN = math.nan
VALUES = st.lists(st.none() | st.floats(-3, 3) | st.just(NAN), max_size=12)


@pytest.mark.parametrize(
    ("metric", "min_delta", "values", "best", "ends"),
    [
        ("loss", 0.0, [3.0, 2.0, 1.0], 2, False),
        ("loss", 0.0, [3.0, 2.0, 2.5, 2.0], 1, True),  # as good is not better
        ("loss", 0.0, [3.0, 2.0, 2.5, 1.9], 3, False),
        ("loss", 0.5, [3.0, 2.75, 2.5], 0, True),  # by 0.5, which is not over it
        ("loss", 0.5, [3.0, 2.75, 2.4], 2, False),  # against the best, not the one before
        ("rmse", 0.0, [3.0, 2.0], 1, False),
        ("perplexity", 0.0, [3.0, 4.0, 5.0], 0, True),
        ("accuracy", 0.0, [0.5, 0.6], 1, False),
        ("accuracy", 0.0, [0.5, 0.4, 0.5], 0, True),
        ("roc_auc", 0.0, [None, 0.5, None, NAN], 1, True),
        ("loss", 0.0, [NAN, NAN], None, True),
        ("loss", 0.0, [], None, False),
    ],
)
def test_an_epoch_is_better_by_more_than_the_least_difference(
    metric, min_delta, values, best, ends
):
    rule = EarlyStopping(2, metric, min_delta)
    assert rule.best(values) == best
    assert rule.ends(values) is ends
    assert rule.kept(values) == len(values) - 1
    keeping = replace(rule, keep_best=True)
    assert keeping.kept(values) == (len(values) - 1 if best is None else best)


@given(VALUES, st.integers(1, 4), st.floats(0, 1))
def test_it_ends_once_as_many_epochs_as_its_patience_were_no_better(values, patience, least):
    rule = EarlyStopping(patience, "loss", least)
    better = [rule.best(values[: n + 1]) == n for n in range(len(values))]
    assert rule.ends(values) is (len(values) >= patience and not any(better[-patience:]))


def test_it_decides_on_the_metric_that_it_names():
    found = Metrics(0.3, 0.9, 10, {"roc_auc": 0.8})
    values = [EarlyStopping(1, name).value(found) for name in ("loss", "accuracy", "roc_auc", "f1")]
    assert values == [0.3, 0.9, 0.8, None]
    assert EarlyStopping(1).value(None) is None
