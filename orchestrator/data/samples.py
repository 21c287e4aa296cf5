"""What a user's file holds, as arrays."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english

_NO_FILE = Phrase("There is no file {path}.")
_NO_PLAIN_FILE = Phrase("{path} is not a plain file; give one that can be read to its end.")
_NOT_READ = Phrase("{path} cannot be read: {error}.")


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples in the file's order.

    ``features``: uint8 pixels [n, h, w, c], or float32 or float64[n, ...]; ``names`` are those of
    its last axis, if the file has any. ``targets``: int32[n] of classes, or float64[n, outputs].
    ``classes``: their names, if the targets are classes. ``files``: of images, each one's own.
    ``codes``: features are whole numbers below it, int32[n, time]. ``tokens``: targets are what
    follows each of them, int32[n, time], or the class of each pixel, int32[n, h, w], and these are
    their names.
    """

    features: NDArray[np.generic]
    targets: NDArray[np.generic]
    names: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    codes: int = 0
    tokens: tuple[str, ...] = ()

    def taken(self, rows: NDArray[np.intp]) -> "Samples":
        """Return those of the ``rows``, in their order."""
        files = tuple(self.files[row] for row in rows) if self.files else ()
        return replace(self, features=self.features[rows], targets=self.targets[rows], files=files)


def require_file(path: Path) -> None:
    """Check that ``path`` is a file. Raises BadInput: for a device, a pipe, a loop of links."""
    try:
        if not path.exists():
            raise BadInput(english(_NO_FILE, path=path))
        if not path.is_file():
            raise BadInput(english(_NO_PLAIN_FILE, path=path))
    except OSError as error:  # links that lead to each other
        raise BadInput(english(_NOT_READ, path=path, error=error.strerror)) from None
