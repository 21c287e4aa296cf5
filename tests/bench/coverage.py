"""How often the intervals of several ratios all hold the truth at once, by simulated noise.

``.venv/bin/python -m tests.bench.coverage`` prints a table; with --comparisons 300 it takes some 15
minutes. Every side's trials have noise of their own, so that ratios share the baseline's.
"""

import argparse
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from orchestrator.results.estimate import estimate, fewest_pairs

Draw = Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.float64]]
SCALE = 0.03


def _disturbed(rng: np.random.Generator, size: tuple[int, ...]) -> NDArray[np.float64]:
    """One value in ten is."""
    return rng.standard_normal(size) * np.where(rng.random(size) < 0.1, 8.0, 1.0)


NOISES: dict[str, Draw] = {
    "normal": lambda rng, size: rng.standard_normal(size),
    "heavy tails": lambda rng, size: rng.standard_t(3, size),
    "skewed": lambda rng, size: rng.exponential(size=size),
    "disturbed": _disturbed,
}


def hold(sides: int, blocks: int, draw: Draw, rng: np.random.Generator) -> bool:
    """Whether all intervals of a comparison of sides that are alike hold 1."""
    baseline, *others = np.exp(SCALE * draw(rng, (sides, blocks)))
    found = [estimate(baseline, other, len(others)) for other in others]
    return all(not each.shown and each.low is not None for each in found)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.coverage", description=__doc__)
    parser.add_argument("--comparisons", type=int, default=300)
    parser.add_argument("--sides", type=int, nargs="+", default=[2, 3, 5])
    parser.add_argument("--blocks", type=int, nargs="+", default=[0, 12], help="0: the fewest")
    chosen = parser.parse_args()
    print("| sides | blocks |", " | ".join(NOISES), "|")
    print("|---|---|", "---|" * len(NOISES), sep="")
    for sides in chosen.sides:
        for wanted in chosen.blocks:
            blocks = wanted or fewest_pairs(sides - 1)
            shares = []
            for draw in NOISES.values():
                rng = np.random.default_rng(sides * 100 + blocks)
                held = [hold(sides, blocks, draw, rng) for _ in range(chosen.comparisons)]
                shares.append(f"{np.mean(held):.1%}")
            print(f"| {sides} | {blocks} |", " | ".join(shares), "|", flush=True)


if __name__ == "__main__":
    main()
