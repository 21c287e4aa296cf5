"""Images in a row, and differences of images."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from orchestrator.language.palette import GREY

_SMALL = 0.01  # below which a number is written with an exponent


def images(axes: Sequence[Axes], name: str, row: NDArray[np.float64]) -> None:
    """Draw ``row`` float64[n, h, w, c], pixels from 0 to 1, named on the left."""
    for each, image in zip(axes, row, strict=True):
        each.imshow(_shown(image), cmap="gray", vmin=0, vmax=1)
    _bare(axes, name)


def differences(axes: Sequence[Axes], name: str, row: NDArray[np.float64]) -> None:
    """Draw ``row`` float64[n, h, w, c], each image on its own scale, with its maximum below it.

    Nothing is drawn of one that is NaN: a framework lacks it.
    """
    for each, difference in zip(axes, row, strict=True):
        if np.isnan(difference).any():
            continue
        largest = float(np.abs(difference).max())
        scale = largest or 1.0
        flat = difference[..., np.abs(difference).max(axis=(0, 1)).argmax()]
        each.imshow(flat, cmap="RdBu", vmin=-scale, vmax=scale)
        each.set_xlabel(_written(largest), color=GREY, fontsize="small")
    _bare(axes, name)


def _written(largest: float) -> str:
    return f"{largest:.1e}" if 0 < largest < _SMALL else f"{largest:.2g}"


def _shown(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return [h, w, c] for matplotlib: colours if there are three channels, else the first."""
    image = np.clip(np.nan_to_num(image, nan=1.0), 0, 1)
    return image if image.shape[-1] == 3 else image[..., 0]


def _bare(axes: Sequence[Axes], name: str) -> None:
    for each in axes:
        each.grid(visible=False)
        each.set(xticks=[], yticks=[])
        each.spines[:].set_visible(True)
        each.spines[:].set_color("#E0E0E0")
    axes[0].set_ylabel(name, fontsize="medium")
