"""Which samples are held for the test: drawn from the seed, and of classes the same share each."""

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english

_STREAM = 2**36  # of Philox's keys: no other use draws from it
_TOO_FEW = Phrase(
    "{fraction:g} of {samples:,} samples leaves {train:,} to train on and {test:,} to test; "
    "each needs at least 1."
)
_RARE = Phrase(
    "Class {name} has {count} sample, so one of the two splits would lack it; leave the class out, "
    "or give a file of its own for the test."
)


def order(samples: int, seed: int) -> NDArray[np.intp]:
    """Return the samples' numbers in an order drawn from the seed."""
    return np.random.Generator(np.random.Philox(key=[seed, _STREAM])).permutation(samples)


def held_out(
    targets: NDArray[np.generic], fraction: float, seed: int, classes: tuple[str, ...] = ()
) -> NDArray[np.bool_]:
    """Return which samples are for the test, bool[n]; with ``classes`` each has the same share.

    Of each class at least one sample stays on either side. Raises BadInput.
    """
    samples = len(targets)
    drawn = order(samples, seed)
    chosen = np.zeros(samples, bool)
    if not classes:
        chosen[drawn[: round(samples * fraction)]] = True
    for code, name in enumerate(classes):
        rows = drawn[targets[drawn] == code]
        if len(rows) == 1:
            raise BadInput(english(_RARE, name=repr(name), count=1))
        chosen[rows[: min(max(1, round(len(rows) * fraction)), len(rows) - 1)]] = True
    test = int(chosen.sum())
    if not 0 < test < samples:
        sizes = {"samples": samples, "train": samples - test, "test": test}
        raise BadInput(english(_TOO_FEW, fraction=fraction, **sizes))
    return chosen
