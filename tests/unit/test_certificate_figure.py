"""The figure of a certificate: what is drawn, and that nothing falls off a logarithmic axis."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from orchestrator import panels, plots
from orchestrator.envelope import FLOAT32, FLOAT64, envelope
from tests.unit.events import losses
from tests.unit.test_certificate import evidence, made, perturbed


def drawn(certificate):
    axes = Figure().add_subplot()
    panels.parting(axes, certificate)
    return axes


def rounded(precision, rule):
    values = np.array(losses(2)) * (1 + 1e-7)
    sides = (
        evidence(precision=precision),
        evidence("tensorflow", precision=precision, step_losses=values),
    )
    held = envelope(*(side.trial for side in sides), perturbed(1e-7), rule)
    return made(*sides, envelope=held)


def test_in_float64_each_step_is_a_point_and_what_is_allowed_a_line():
    values = np.array(losses(2))
    values[3] *= 1 + 1e-14
    axes = drawn(made(second=evidence("tensorflow", step_losses=values)))
    points, allowed = axes.lines
    assert len(points.get_ydata()) == 100
    assert points.get_ydata()[3] == pytest.approx(1e-14, rel=0.1)
    assert set(allowed.get_ydata()) == {1e-12}
    assert "the same" in [text.get_text() for text in axes.texts]


@pytest.mark.parametrize(("precision", "rule"), [("FLOAT32", FLOAT32), ("FLOAT64", FLOAT64)])
def test_where_rounding_is_held_against_rounding_there_are_three_curves(precision, rule):
    axes = drawn(rounded(precision, rule))
    labels = [line.get_label() for line in axes.lines]
    assert labels[0] == "PyTorch and TensorFlow"
    assert [label.partition(" and itself")[0] for label in labels[1:]] == ["PyTorch", "TensorFlow"]
    low, high = axes.get_ylim()
    for line in axes.lines:
        assert ((line.get_ydata() > low) & (line.get_ydata() < high)).all()


def test_infinite_differences_are_drawn_at_the_top():
    values = [float("inf"), *losses(2)[1:]]
    axes = drawn(made(second=evidence("tensorflow", step_losses=values)))
    assert np.isfinite(axes.lines[0].get_ydata()).all()


@pytest.mark.parametrize("certificate", [made(), rounded("FLOAT32", FLOAT32)])
def test_it_is_made_as_svg_and_png(certificate):
    assert set(plots.certificate_canvas(certificate).drawing().files()) == {
        "certificate.svg",
        "certificate.png",
    }
