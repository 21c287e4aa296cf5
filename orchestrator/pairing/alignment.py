"""Two sequences side by side: what is inserted or missing shifts nothing after it."""

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def align(
    first: Sequence[Item], second: Sequence[Item], alike: Callable[[Item, Item], int]
) -> list[tuple[int, int]]:
    """Return pairs of indices, both ascending, with the largest sum of ``alike``; 0: no pair.

    Items that are equal must be more alike than any others. Equal beginnings and ends cost nothing;
    the time for the rest is the product of the lengths.
    """
    start, ends = 0, [len(first), len(second)]
    while start < min(ends) and first[start] == second[start]:
        start += 1
    before = [(index, index) for index in range(start) if alike(first[index], second[index])]
    after: list[tuple[int, int]] = []
    while min(ends) > start and first[ends[0] - 1] == second[ends[1] - 1]:
        ends = [end - 1 for end in ends]
        if alike(first[ends[0]], second[ends[1]]):
            after.append((ends[0], ends[1]))
    inner = _best(first[start : ends[0]], second[start : ends[1]], alike)
    return [*before, *((start + i, start + j) for i, j in inner), *reversed(after)]


def _best(
    first: Sequence[Item], second: Sequence[Item], alike: Callable[[Item, Item], int]
) -> list[tuple[int, int]]:
    """Return the pairs by dynamic programming over all beginnings."""
    scores = [[alike(one, other) for other in second] for one in first]
    best = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i in reversed(range(len(first))):
        for j in reversed(range(len(second))):
            paired = best[i + 1][j + 1] + scores[i][j]
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    pairs, i, j = [], 0, 0
    while i < len(first) and j < len(second):
        if scores[i][j] and best[i][j] == best[i + 1][j + 1] + scores[i][j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs
