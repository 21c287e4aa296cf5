"""Drawn shapes: the same everywhere, and not to be told pixel by pixel."""

import numpy as np
import pytest
from twinrun.contract.enums import TargetKind

from orchestrator.data.shapes import shapes
from orchestrator.data.targets import as_kind
from orchestrator.errors import BadInput


def test_every_class_is_there_and_no_grey_tells_it() -> None:
    made = shapes()
    count = len(made.features)
    assert (made.features.shape, made.targets.shape) == ((count, 32, 32, 1), (count, 32, 32))
    assert (made.features.dtype, made.targets.dtype) == (np.uint8, np.int32)
    assert made.tokens == ("background", "disc", "square", "ring")
    shares = np.bincount(made.targets.ravel()) / made.targets.size
    assert len(shares) == 4
    assert (shares[1:] > 0.05).all()
    assert 0.6 < shares[0] < 0.9
    # The best that the grey of a pixel alone can say is hardly better than always the background.
    met = np.zeros((256, 4))
    np.add.at(met, (made.features.ravel(), made.targets.ravel()), 1)
    assert met.max(axis=1).sum() / met.sum() < shares[0] + 0.05
    np.testing.assert_array_equal(shapes().features, made.features)


def test_another_loss_is_refused_with_the_one_to_take() -> None:
    with pytest.raises(BadInput, match="has a class at each pixel; the loss must be pixel_cross"):
        as_kind(shapes(), TargetKind.CLASS, "synthetic-shapes", "target")
