"""Whether a metric differs: what is said of which differences, and how often it is right."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.losses import MeanSquaredError

from orchestrator.errors import BadInput
from orchestrator.reports.comparison import sentences
from orchestrator.results.comparison import compare
from orchestrator.results.comparison_file import as_dict
from orchestrator.results.estimate import estimate_mean
from orchestrator.results.quality import quality
from orchestrator.settings import config
from tests.builders.events import JOB, trial

NOISE = (-0.002, 0.001, 0.003, -0.001, 0.0, 0.002, -0.003, 0.001, 0.0, -0.001)  # mean 0
SIMULATED = 4000
SAMPLES = 1000  # of the test split of `trial`


def made(framework, number, accuracy, seed=None):
    found = trial(framework, number, seconds=(1.0,), accuracies=(accuracy,))
    return replace(found, spec=replace(JOB, seed=number if seed is None else seed))


def of(differences, seed=None, **given):
    """The quality of TensorFlow's accuracies minus PyTorch's, which are 0.9."""
    numbered = list(enumerate(differences, start=1))
    sides = {
        "pytorch": [made("pytorch", number, 0.9, seed) for number, _ in numbered],
        "tensorflow": [made("tensorflow", number, 0.9 + d, seed) for number, d in numbered],
    }
    return quality(sides, JOB, **given)


def noisy(middle):
    return [middle + each for each in NOISE]


def test_a_difference_that_luck_explains_is_not_shown():
    found = of(noisy(0.0002))
    assert not found.shown
    assert found.sentence == (
        "No difference in test accuracy is shown: over 10 seeds that of TensorFlow minus that of "
        "PyTorch is +0.02 points (95 %: -0.11 to +0.15)."
    )


def test_a_difference_that_luck_does_not_explain_is_shown():
    found = of(noisy(-0.01))
    assert found.shown
    assert found.sentence == (
        "Test accuracy differs: over 10 seeds that of TensorFlow minus that of PyTorch is "
        "-1.00 points (95 %: -1.13 to -0.87)."
    )


@pytest.mark.parametrize(
    ("margin", "shown", "said"),
    [
        (1.0, True, "They are equivalent within 1 point (two one-sided tests at 5 %; 90 %: "),
        (0.2, True, "They are equivalent within 0.2 points (two one-sided tests at 5 %; 90 %: "),
        (0.1, False, "They are not shown to be equivalent within 0.1 points (two one-sided tests"),
    ],
)
def test_equivalence_is_judged_by_the_margin_in_points(margin, shown, said):
    found = of(noisy(0.0002), margin=margin)
    assert found.equivalence.shown is shown
    assert said in found.sentence
    assert "-0.09 to +0.13" in found.sentence


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (1, "One pair is too few for an interval, which needs 6: test accuracy of TensorFlow "),
        (5, "5 pairs are too few for an interval, which needs 6: test accuracy of TensorFlow "),
    ],
)
def test_too_few_pairs_are_said_first_and_show_nothing(pairs, said):
    found = of(NOISE[:pairs], margin=5.0)
    assert found.sentence.startswith(said)
    assert found.difference.low is None
    assert not found.equivalence.shown


def test_pairs_of_one_seed_say_nothing_about_others():
    found = of(noisy(0.0), seed=7, margin=5.0)
    assert found.sentence.startswith("All 10 pairs have the same seed, which says nothing about")
    assert found.difference.low is None
    assert not found.equivalence.shown


def test_equal_metrics_have_no_interval_without_width():
    found = of([0.0] * 10, margin=0.1)
    assert found.constant
    assert found.difference.low is None
    assert found.equivalence.shown
    assert found.sentence == (
        "Test accuracy of PyTorch and TensorFlow is equal in each of 10 pairs. An interval without "
        "width would claim too much, so there is none: up to 25.89 % of other seeds may show "
        "something else (95 %). For at least half of all seeds they are equivalent within 0.1 "
        "points (sign test at 5 %)."
    )


def test_a_constant_difference_that_is_only_rounded_is_constant_too():
    # 0.98 - 0.97 and 0.96 - 0.95 differ in floating point.
    firsts = [0.97, 0.95, 0.93, 0.91, 0.9, 0.89]
    sides = {
        side: [made(side, number, value + more) for number, value in enumerate(firsts, start=1)]
        for side, more in (("pytorch", 0.0), ("tensorflow", 0.01))
    }
    found = quality(sides, JOB, margin=1.0)
    assert found.constant
    assert found.sentence.startswith(
        "Test accuracy of TensorFlow minus that of PyTorch is +1.00 points in each of 6 pairs."
    )
    assert not found.equivalence.shown  # as large as the margin


def test_a_margin_finer_than_a_test_sample_is_said_to_be():
    said = "The margin is finer than one of 1,000 test samples, which is 0.1 points."
    assert said in of(noisy(0.0), margin=0.05).sentence
    assert "finer" not in of(noisy(0.0), margin=0.1).sentence
    assert "finer" not in of(noisy(0.0)).sentence


def test_a_regression_has_its_own_metric_and_the_margin_its_unit():
    job = replace(JOB, loss=MeanSquaredError())

    def of_r2(framework, number, value):
        found = made(framework, number, 0.5)
        last = found.epochs[-1]
        test = replace(last.test, accuracy=None, others={"r2": value})
        return replace(found, epochs=(replace(last, test=test),))

    sides = {
        "pytorch": [of_r2("pytorch", number, 0.5) for number, _ in enumerate(NOISE, 1)],
        "tensorflow": [of_r2("tensorflow", number, 0.6 + d) for number, d in enumerate(NOISE, 1)],
    }
    found = quality(sides, job, margin=0.2)
    assert found.metric == "r2"
    assert found.equivalence.margin == 0.2
    assert found.sentence.startswith(
        "Test R² differs: over 10 seeds that of TensorFlow minus that of PyTorch is +0.100 (95 %: "
        "+0.0987 to +0.101). They are equivalent within 0.2 (two one-sided tests at 5 %; 90 %: "
    )


def test_a_metric_that_no_pair_has_is_not_compared():
    sides = {side: [trial(side, seconds=(1.0,))] for side in ("pytorch", "tensorflow")}
    assert quality(sides, replace(JOB, loss=MeanSquaredError())) is None


def compared(differences, **given):
    numbered = enumerate(differences, start=1)
    pairs = ((made("pytorch", n, 0.9), made("tensorflow", n, 0.9 + d)) for n, d in numbered)
    return compare(JOB, [*itertools.chain(*pairs)], **given)


def test_a_comparison_says_it_stores_it_and_warns_if_equivalence_was_asked_for_in_vain():
    found = compared(noisy(0.0002), margin=0.1)
    (only,) = found.qualities
    assert only.sentence in sentences(found)
    stored = json.loads(json.dumps(as_dict(found)))["quality"]
    assert stored["metric"] == "accuracy"
    assert stored["difference"]["value"] == pytest.approx(0.0002)
    assert stored["equivalence"]["margin"] == pytest.approx(0.001)
    (caution,) = [each for each in found.cautions if each.code == "NOT_EQUIVALENT"]
    assert caution.sentence == (
        "Test accuracy of PyTorch and TensorFlow is not shown to be equivalent within 0.1 points."
    )
    assert not [each for each in compared(noisy(0.0)).cautions if each.code == "NOT_EQUIVALENT"]


def test_one_pair_is_not_spoken_of_unless_a_margin_was_given():
    assert compared([0.01]).qualities[0].sentence not in sentences(compared([0.01]))
    with_margin = compared([0.01], margin=1.0)
    assert with_margin.qualities[0].sentence in sentences(with_margin)


def test_several_sides_hold_at_once_so_each_interval_is_wider():
    alone, together = of(noisy(0.0)), of(noisy(0.0), together=4, margin=0.2)
    assert together.difference.low < alone.difference.low
    assert "95 %, 4 differences at once" in together.sentence
    assert "97.5 %" in together.sentence  # each test at 5 % / 4


@pytest.mark.parametrize("margin", [0.0, -1.0, float("nan"), float("inf")])
def test_a_margin_that_is_no_size_is_refused(margin):
    with pytest.raises(BadInput, match="it must be above 0"):
        config.margin("--margin", margin)


def normal(rng, pairs):
    """Each side's accuracy varies with the seed by 0.3 points, in steps of a test sample."""
    sides = rng.normal(0.9, 0.003, (2, pairs))
    first, second = np.round(sides * SAMPLES) / SAMPLES
    return second - first


def coarse(rng, pairs):
    """The sides differ on a few test samples, so that many differences are equal."""
    second, first = rng.binomial(3, 0.3, (2, pairs)) / SAMPLES
    return second - first


def heavy(rng, pairs):
    """Now and then a seed is far off."""
    return 0.002 * rng.standard_t(3, pairs)


@pytest.mark.parametrize("pairs", [6, 10, 20])
@pytest.mark.parametrize("noise", [normal, coarse, heavy])
def test_the_interval_holds_the_truth_as_often_as_it_says(noise, pairs):
    rng = np.random.default_rng(1)
    found = [estimate_mean(noise(rng, pairs).tolist()) for _ in range(SIMULATED)]
    assert 0.93 <= np.mean([each.low <= 0 <= each.high for each in found]) <= 0.97


@pytest.mark.parametrize("pairs", [6, 10, 20])
@pytest.mark.parametrize("noise", [normal, coarse, heavy])
def test_sides_that_differ_by_the_margin_are_rarely_called_equivalent(noise, pairs):
    rng = np.random.default_rng(2)
    margin = 0.01  # wide against the noise: only there an error is as frequent as 5 %
    claims = []
    for _ in range(SIMULATED):
        found = estimate_mean((margin + noise(rng, pairs)).tolist(), level=0.9)
        claims.append(-margin < found.low and found.high < margin)
    # 5 %, and two standard errors of 4,000 simulated ones.
    assert np.mean(claims) <= 0.05 + 2 * (0.05 * 0.95 / SIMULATED) ** 0.5
