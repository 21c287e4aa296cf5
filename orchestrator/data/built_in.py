"""The data sets that need no download: scikit-learn's own, a made-up language, and drawn shapes."""

from collections.abc import Callable

import numpy as np

from orchestrator.data.samples import Samples
from orchestrator.data.shapes import shapes
from orchestrator.data.text import language


def samples(name: str) -> Samples:
    """Return a data set of `READERS`."""
    return READERS[name]()


def _table(loader: str) -> Samples:
    from sklearn import datasets  # noqa: PLC0415 - takes a second to import

    held = getattr(datasets, loader)()
    names = tuple(map(str, held.feature_names))
    classes = tuple(map(str, held.get("target_names", ())))
    if classes:
        return Samples(held.data, held.target.astype(np.int32), names, classes)
    return Samples(held.data, held.target.astype(np.float64).reshape(-1, 1), names)


def _digits() -> Samples:
    """Return the images uint8[n, 8, 8, 1]; their 17 shades are spread from 0 to 240."""
    from sklearn import datasets  # noqa: PLC0415 - takes a second to import

    held = datasets.load_digits()
    pixels = (held.images * 15).astype(np.uint8)[..., np.newaxis]
    return Samples(pixels, held.target.astype(np.int32), classes=tuple("0123456789"))


READERS: dict[str, Callable[[], Samples]] = {
    "iris": lambda: _table("load_iris"),
    "wine": lambda: _table("load_wine"),
    "breast-cancer": lambda: _table("load_breast_cancer"),
    "digits": _digits,
    "diabetes": lambda: _table("load_diabetes"),
    "synthetic-language": language,
    "synthetic-shapes": shapes,
}
NAMES = tuple(READERS)
