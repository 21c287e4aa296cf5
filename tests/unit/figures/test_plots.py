import dataclasses
import hashlib
import io
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import matplotlib as mpl
import pytest
from PIL import Image

from orchestrator.certificate.certificates import Certificates
from orchestrator.figures import plots, titles
from orchestrator.figures.drawing import FOOTER
from orchestrator.results.comparison import compare
from orchestrator.trials.fold import fold
from tests.builders.comparisons import NOISE, pairs
from tests.builders.drawn import BOTH, figures, overview
from tests.builders.events import JOB, failed_trial, losses, trial
from tests.builders.proofs import certified

NAN = float("nan")
CASES = {
    "one trial": [trial("pytorch")],
    "one epoch": [trial("pytorch", seconds=(1.0,)), trial("tensorflow", seconds=(1.2,))],
    "one step": [trial("pytorch", seconds=(1.0,), step_losses=[2.3])],
    "three frameworks": [trial("pytorch"), trial("tensorflow"), trial("jax")],
    "several trials": [trial("pytorch", n) for n in (1, 2, 3)] + [trial("tensorflow", 1)],
    "a failed trial": [trial("pytorch"), failed_trial("tensorflow")],
    "a trial that failed early": [trial("pytorch"), failed_trial("tensorflow", after=0)],
    "a failed trial among several": [trial("pytorch"), failed_trial("pytorch", 2, after=0)],
    "a trial that never started": [trial("pytorch"), fold("tensorflow", 1, [])],
    "losses that became NaN": [
        trial("pytorch"),
        trial("tensorflow", step_losses=[*losses(3)[:70], *80 * [NAN]]),
    ],
    "losses that all are NaN": [trial("pytorch", step_losses=150 * [NAN])],
    "an infinite loss": [trial("pytorch", step_losses=[*losses(3)[:149], float("inf")])],
    "losses of zero": [trial("pytorch", step_losses=150 * [0.0])],
    "no trial": [],
}


@pytest.fixture(scope="module")
def made():
    return figures(BOTH)


def test_every_figure_is_made_as_svg_and_png(made):
    names = ("overview", "time", "accuracy", "reaching", "loss", "memory")
    assert set(made) == {f"{name}.{kind}" for name in names for kind in ("svg", "png")}
    for name, content in made.items():
        if name.endswith(".svg"):
            assert ET.fromstring(content).tag.endswith("svg")
        else:
            assert Image.open(io.BytesIO(content)).size[0] >= 1290


@pytest.mark.parametrize("ratio", [1.0, 1.3])
def test_several_pairs_have_a_figure_of_their_ratios(ratio):
    drawn = figures(compare(JOB, pairs([ratio * noise for noise in NOISE])))
    assert ET.fromstring(drawn["ratios.svg"]).tag.endswith("svg")
    assert "ratios.png" in drawn


@pytest.mark.parametrize("case", CASES)
def test_a_figure_is_made_without_a_warning_of(case):
    assert ET.fromstring(overview(compare(JOB, CASES[case])))


def test_every_single_figure_has_a_title_where_nothing_was_finished():
    empty = compare(JOB, [])
    assert titles._accuracy_title(empty) == titles._loss_title(empty) == empty.finding


@pytest.mark.parametrize(
    ("other", "accuracy", "loss"),
    [
        (
            {},
            "Test accuracies end within 0.00 points",
            "Training losses of the last epoch are within",
        ),
        (
            {"accuracies": [0.9, 0.9, 0.9]},
            "Test accuracies end within 6.67 points",
            "Training losses",
        ),
        (
            {"step_losses": 150 * [NAN]},
            "Test accuracies end within",
            "The timed trials were not the same job",
        ),
    ],
)
def test_a_title_says_the_finding_of_its_figure(other, accuracy, loss):
    comparison = compare(JOB, [trial("pytorch"), trial("tensorflow", **other)])
    assert titles._accuracy_title(comparison).startswith(accuracy)
    assert titles._loss_title(comparison).startswith(loss)


def test_losses_within_a_bound_are_never_said_to_be_closer_than_they_are():
    other = trial("tensorflow", step_losses=[1.00011 * loss for loss in losses(3)])
    comparison = compare(JOB, [trial("pytorch"), other])
    assert "within 0.02 %" in titles._loss_title(comparison)


def test_one_framework_alone_is_titled_by_what_it_reached():
    alone = compare(JOB, [trial("pytorch")])
    assert titles._accuracy_title(alone) == "PyTorch ends at 96.67 % test accuracy."
    assert titles._loss_title(alone).startswith("PyTorch ends at a training loss of 0.1")


def test_the_same_comparison_makes_the_same_bytes(made):
    assert figures(BOTH) == made


def test_the_same_comparison_makes_the_same_svg_in_another_process(made):
    script = """
import hashlib
from tests.builders.drawn import BOTH, overview
print(hashlib.sha256(overview(BOTH)).hexdigest())
"""
    command = [sys.executable, "-c", script]
    other = subprocess.run(command, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == hashlib.sha256(made["overview.svg"]).hexdigest()


def test_an_svg_holds_no_date_and_no_reference_to_elsewhere(made):
    svg = made["overview.svg"].decode()
    assert "<dc:date>" not in svg
    assert not re.search(r'(href|src)="(?!#)', svg)


def test_drawing_leaves_the_users_settings_alone_and_is_not_changed_by_them(made):
    with mpl.rc_context({"font.size": 99.0, "axes.facecolor": "red"}):
        before = dict(mpl.rcParams)
        assert overview(BOTH) == made["overview.svg"]
        assert dict(mpl.rcParams) == before


def test_no_window_toolkit_and_no_global_figure_is_used():
    script = "import sys, orchestrator.figures.plots; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_message_in_a_title_is_neither_read_as_a_formula_nor_warned_of():
    assert overview(dataclasses.replace(BOTH, finding="It cost $5, \\frac$ and \u4e2d\u6587."))


def test_a_long_message_is_cut_to_a_few_lines_of_title():
    found = plots.overview(dataclasses.replace(BOTH, finding=100 * "word "))
    assert found.figure.get_suptitle().count("\n") == 2


def test_every_figure_says_whether_it_was_the_same_job():
    sentence = "The same job: in float64, they agree."
    trials = [trial("pytorch"), trial("tensorflow")]
    found = compare(JOB, trials, certified(sentence))
    assert sentence in plots.overview(found).figure.get_supxlabel()
    for name in set(plots.names(found)) - {plots.OVERVIEW, plots.CERTIFICATE}:
        drawn = plots.canvas(found, name).figure.texts
        footer = next(text for text in drawn if text.get_gid() == FOOTER)
        assert sentence in " ".join(footer.get_text().split())


def test_the_overview_says_of_every_pair_whether_it_was_the_same_job():
    (long,) = certified(f"The same job: {100 * 'in every loss, '}").pairs
    (failed,) = certified("Not shown to be the same job.", same_job=False, second="jax").pairs
    sides = [trial("pytorch"), trial("tensorflow"), trial("jax")]
    told = plots.overview(compare(JOB, sides, Certificates([long, failed])))
    footer = told.figure.get_supxlabel()
    assert "PyTorch and TensorFlow: The same job: in every loss," in footer
    assert "PyTorch and JAX: Not shown to be the same job." in footer


def test_a_failed_certificate_stands_above_the_figure():
    failed = certified("Not shown to be the same job, because of this.", same_job=False)
    found = compare(JOB, [trial("pytorch"), trial("tensorflow")], failed)
    title = plots.overview(found).figure.get_suptitle()
    assert title.startswith("Not shown to be the same job, because of this.")
    assert "took" in title
