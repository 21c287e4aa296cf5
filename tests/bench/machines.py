"""How often an interval over machines contains the truth: ``python -m tests.bench.machines``.

It prints the table of docs/method.md: 24 blocks whose log ratios scatter by 3 %, on machines that
differ by several amounts, in equal shares or in unequal ones.
"""

import sys
from statistics import median

import numpy as np

from orchestrator.results.machines.effect import apart, effects, estimate_over

REPEATS = 500
BLOCKS, SCATTER = 24, 0.03
MACHINES, SPREADS = (2, 3, 4, 6, 8), (0.0, 0.02, 0.05)


def shares(machines: int, *, equal: bool) -> list[int]:
    """Blocks of each machine; in unequal shares a fast one has several times as many."""
    if equal:
        return [BLOCKS // machines] * machines
    weights = range(1, machines + 1)
    return [max(2, round(BLOCKS * weight / sum(weights))) for weight in weights]


def row(counts: list[int], spread: float, *, heavy: bool) -> tuple[float, float, float]:
    """How often it holds the truth, its half-width, how often a machine is said to disagree."""
    rng = np.random.default_rng(0)
    where = np.repeat(np.arange(len(counts)), counts)
    names = [str(number) for number in where]
    held, widths, said = 0, [], 0
    for _ in range(REPEATS):
        noise = rng.standard_t(3, len(where)) / 3**0.5 if heavy else rng.normal(size=len(where))
        logs = (spread * rng.normal(size=len(counts)))[where] + SCATTER * noise
        found = estimate_over([1.0] * len(where), np.exp(logs).tolist(), names)
        held += (found.low or 0.0) <= 1 <= (found.high or 0.0)
        widths.append(found.half_width or 0.0)
        said += any(apart(effects(logs, names)))
    return held / REPEATS, median(widths), said / REPEATS


def main() -> None:
    for machines in MACHINES:
        for equal in (True, False):
            for spread in SPREADS:
                counts = shares(machines, equal=equal)
                normal, heavy = (row(counts, spread, heavy=heavy) for heavy in (False, True))
                cells = [
                    *(str(machines), " ".join(map(str, counts)), f"{spread:.0%}"),
                    *(f"{normal[0]:.1%}", f"{heavy[0]:.1%}", f"{normal[1]:.1%}"),
                    *(f"{normal[2]:.1%}", f"{heavy[2]:.1%}"),
                ]
                sys.stdout.write(f"| {' | '.join(cells)} |\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
