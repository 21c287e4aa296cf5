"""How often --fail-if and --fail-if-slower decide, and how often rightly, by simulated noise.

``.venv/bin/python -m tests.bench.limits`` prints a table; with --comparisons 200 it takes some
minutes. ``compare`` has pairs, ``diff`` two runs of as many trials, one after the other.
"""

import argparse
import itertools
import statistics
from collections.abc import Iterator

import numpy as np

from orchestrator.language.phrases import Phrase, english
from orchestrator.results.estimate import Estimate, estimate, estimate_apart
from orchestrator.results.limits import looks
from orchestrator.results.limits.condition import conditions
from orchestrator.results.limits.decision import Outcome
from orchestrator.results.limits.wording import decide
from tests.builders import noise

SIDES = ("pytorch", "tensorflow")
ORDER = (Outcome.FAILED, Outcome.PASSED, Outcome.UNDECIDED)
MOST = 60  # pairs, where it runs until it is decided
(SLOWER,) = conditions("ratio > 1.05", SIDES)


def decided(found: Estimate, together: int = 1) -> Outcome:
    return decide(SLOWER, "tensorflow", found, english(Phrase("it")), together=together).outcome


def compared(seed: int, pairs: int, slower: float, layout: float = noise.LAYOUT) -> Outcome:
    """What one comparison of ``pairs`` comes to."""
    return decided(drawn(seed, pairs, slower, layout))


def drawn(seed: int, pairs: int, slower: float, layout: float = noise.LAYOUT) -> Estimate:
    rng = np.random.default_rng([seed, pairs])
    return estimate(*map(list, noise.pairs(rng, pairs, slower, layout)))


def held(seed: int, trials: int, slower: float, layout: float = noise.LAYOUT) -> Outcome:
    """What two runs of ``trials`` come to."""
    rng = np.random.default_rng([seed, trials])
    first, second = noise.trials(rng, trials, layout), noise.trials(rng, trials, layout)
    return decided(estimate_apart(list(first), list(second * (1 + slower))))


def until(seed: int, most: int, slower: float, layout: float = noise.LAYOUT) -> tuple[Outcome, int]:
    """What one comes to that runs until it is decided, of ``most`` pairs, and after how many."""
    rng = np.random.default_rng([seed, most])
    first, second = map(list, noise.pairs(rng, most, slower, layout))
    outcome, pairs = Outcome.UNDECIDED, 0
    for pairs in _looks(most):
        share = looks.share(pairs)
        outcome = decided(estimate(first[:pairs], second[:pairs], share), share)
        if outcome is not Outcome.UNDECIDED:
            break
    return outcome, pairs


MADE = {"compare": compared, "diff": held}


def _looks(most: int) -> Iterator[int]:
    for pairs in looks.looks():
        if pairs > most:
            return
        yield pairs


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.limits", description=__doc__)
    parser.add_argument("--comparisons", type=int, default=200)
    parser.add_argument("--pairs", type=int, nargs="+", default=[8, 12, 16, 24])
    parser.add_argument("--slower", type=float, nargs="+", default=[0.0, 0.05, 0.10])
    parser.add_argument("--layout", type=float, nargs="+", default=[0.015, 0.03, 0.045])
    chosen = parser.parse_args()
    print("| | noise | pairs | planted | failed | passed | undecided |")
    print("|---|---|---|---|---|---|---|")
    seeds = range(chosen.comparisons)
    for layout, slower in itertools.product(chosen.layout, chosen.slower):
        for pairs, (name, of) in itertools.product(chosen.pairs, MADE.items()):
            line(name, layout, slower, pairs, [of(s, pairs, slower, layout) for s in seeds])
        ends = [until(s, MOST, slower, layout) for s in seeds]
        median = round(statistics.median(pairs for _, pairs in ends))
        line("until", layout, slower, median, [outcome for outcome, _ in ends])


def line(name: str, layout: float, slower: float, pairs: int, found: list[Outcome]) -> None:
    shares = (f"{found.count(each) / len(found):.1%}" for each in ORDER)
    what = (name, f"{layout:.1%}", str(pairs), f"{slower:.0%}", *shares)
    print("|", " | ".join(what), "|", flush=True)


if __name__ == "__main__":
    main()
