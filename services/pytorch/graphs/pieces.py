"""Chunks cut into calls of one length, and the remaining steps one by one."""

from collections.abc import Iterator, Sequence

import torch


def shapes(chunks: Sequence[tuple[int, int]], length: int) -> Iterator[tuple[int, int]]:
    """Yield the shapes [steps, batch] of the calls that chunks of these shapes are cut into."""
    for steps, batch in chunks:
        if steps >= length:
            yield length, batch
        if steps % length:
            yield 1, batch


def cut(tensor: torch.Tensor, length: int) -> list[torch.Tensor]:
    """Cut along the steps: ``length`` in each piece, and the remaining steps one by one."""
    whole = len(tensor) // length * length
    pieces = tensor[:whole].split(length) if whole else ()
    return [*pieces, *tensor[whole:].unsqueeze(1)]
