"""When a comparison that runs until it is decided is looked at, and how sure each look must be.

An interval that is looked at after every pair is beyond a limit too often at some time. So it is
looked at only a few times, and look k has 1 / 2^k of the error (alpha spending; Lan and DeMets
1983): whenever it ends, all looks together err as seldom as one.
"""

from collections.abc import Iterator

_FIRST = 8  # pairs: what the first look's interval needs, and one to spare


def looks() -> Iterator[int]:
    """Yield after how many pairs it is looked at: 8, 12, 18, 27, each half as many more."""
    pairs = _FIRST
    while True:
        yield pairs
        pairs += pairs // 2


def is_look(pairs: int) -> bool:
    """Return whether it is looked at after so many pairs."""
    return pairs == next(each for each in looks() if each >= pairs)


def share(pairs: int) -> int:
    """Return what the error is divided by after so many pairs; between two looks by the next's."""
    look = next(k for k, each in enumerate(looks()) if each >= pairs)
    return 2 << look
