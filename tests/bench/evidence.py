"""How often a verdict is right on this machine: of sides that are alike, and of one that is slower.

``.venv/bin/python -m tests.bench.evidence`` takes about 40 minutes and prints a table; --help has
what makes it shorter. Half of the comparisons are of PyTorch against itself, half of TensorFlow.
"""

import argparse
import itertools
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.results.comparison import compare
from orchestrator.results.verdict import LEVEL_BELOW, Verdict
from orchestrator.runners.finding import Runners
from orchestrator.runners.placement import placements
from orchestrator.runners.planning import completed
from orchestrator.runners.schedule import run_trials
from orchestrator.settings import config
from orchestrator.settings.config import Places
from orchestrator.storage import store
from orchestrator.storage.about import Kind
from orchestrator.trials.sides import twice
from tests.waiting import HANG_SECONDS

ROOT = Path(__file__).parents[2]
FRAMEWORKS = ("pytorch", "tensorflow")
NARROW = 0.03


@dataclass(frozen=True)
class Planted:
    """``comparisons`` of a framework with itself, one side slower by ``part``."""

    part: float
    comparisons: int


@dataclass(frozen=True)
class Found:
    """What a comparison came to, and whether it was what is true."""

    framework: str
    part: float
    verdict: Verdict

    @property
    def claimed(self) -> bool:
        low = self.verdict.low  # of an A/A test, which this is to the orchestrator, nothing is said
        return self.verdict.ratio >= LEVEL_BELOW and low is not None and low > 1

    @property
    def right(self) -> bool:
        """The side that was slowed is found slower; of sides that are alike, none is."""
        if not self.part:
            return not self.claimed
        return self.claimed and self.verdict.slower.endswith("-b")

    @property
    def holds_truth(self) -> bool:
        low, high = self.verdict.low, self.verdict.high
        slower_is_b = self.verdict.slower.endswith("-b")
        true = 1 + self.part if slower_is_b else 1 / (1 + self.part)
        return low is not None and high is not None and low <= true <= high


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.evidence", description=__doc__)
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--same", type=int, default=12, help="A/A comparisons")
    parser.add_argument("--five", type=int, default=10, help="with 5 %% planted")
    parser.add_argument("--ten", type=int, default=5, help="with 10 %% planted")
    parser.add_argument("--workload", default="mnist-mlp")
    parser.add_argument("--train-limit", type=int, default=60_000)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args(arguments)


def main() -> int:
    chosen = options()
    plan = [Planted(0.0, chosen.same), Planted(0.05, chosen.five), Planted(0.1, chosen.ten)]
    todo = [planted.part for planted in plan for _ in range(planted.comparisons)]
    random.shuffle(todo)  # so that a noisy quarter of an hour meets all kinds
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (part, framework) in enumerate(
            zip(todo, itertools.cycle(FRAMEWORKS), strict=False), start=1
        ):
            began = time.monotonic()
            found.append(compared(framework, part, chosen, Path(folder)))
            print(
                f"{number}/{len(todo)} {framework} +{part:.0%}: {found[-1].verdict.sentence} "
                f"({time.monotonic() - began:.0f} s)",
                file=sys.stderr,
            )
    print(table(found))
    return 0


def compared(
    framework: str,
    part: float,
    chosen: argparse.Namespace,
    folder: Path,
    step_seconds: float | None = None,
) -> Found:
    """One comparison of a framework with itself, by fresh processes, side b slower by ``part``.

    ``step_seconds``: in one process, by a clock of its own, as in `tests.bench.slowed`; None: by
    the machine's.
    """
    changes = {
        "epochs": chosen.epochs,
        "threads": chosen.threads,
        "batch_size": chosen.batch_size,
        "dataset.train_limit": chosen.train_limit,
        "dataset.test_limit": 1000,
        "target_accuracy": 0,
    }
    slower = folder / "slower"
    with (
        slowed(framework, slower, folder, step_seconds) as address,
        closing(Runners(Places({framework: address}), lambda _: None)) as runners,
    ):
        spec = completed(config.job_spec(chosen.workload, changes), [framework], runners)
        run = store.create(
            folder, Kind.COMPARE, "evidence", [side.name for side in twice(framework)], spec
        )
        # By a clock of its own, all is as it was the time before.
        rng = None if step_seconds is None else random.Random(0)
        order = placements(twice(framework), spec, lambda number: number >= chosen.pairs, rng=rng)

        def told() -> Iterator:
            for placement in order:
                slower.write_text(str(part if placement.side.endswith("-b") else 0))
                yield placement

        if faults := run_trials(told(), runners, run, lambda *_: None):
            raise SystemExit("\n".join(faults))
        verdict = compare(run.job_spec(), run.trials()).verdict
    assert verdict is not None
    return Found(framework, part, verdict)


@contextmanager
def slowed(
    framework: str, slower: Path, folder: Path, step_seconds: float | None = None
) -> Iterator[str]:
    """The address of a runner whose trials are as much slower as the file ``slower`` says."""
    state = Path(tempfile.mkdtemp(dir=folder))
    environment = {**os.environ, "SLOWED": framework, "SLOWED_BY": str(slower)}
    if step_seconds is not None:
        environment["SLOWED_STEP_SECONDS"] = str(step_seconds)
    command = [
        *(ROOT / f".venv-{framework}/bin/python", "-m", "tests.bench.slowed"),
        *("--framework", framework, "--listen", "127.0.0.1:0", "--lazy", "--state-dir", state),
    ]
    with ExitStack() as exits:
        log = exits.enter_context((state / "runner.log").open("w"))
        runner = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        exits.callback(runner.wait, HANG_SECONDS)
        exits.callback(runner.terminate)
        while not (state / "address").exists():
            assert runner.poll() is None, (state / "runner.log").read_text()
            time.sleep(0.05)
        yield (state / "address").read_text()


def table(found: list[Found]) -> str:
    """Markdown: a line for each part that was planted."""
    columns = "planted|comparisons|claimed|rightly|truth inside|half-width|largest|<= 3 %|ratios"
    lines = [f"| {columns.replace('|', ' | ')} |", "|---" * len(columns.split("|")) + "|"]
    for part in sorted({each.part for each in found}):
        group = [each for each in found if each.part == part]
        widths = [each.verdict.least_seen or 0.0 for each in group]
        ratios = [each.verdict.ratio for each in group]
        lines.append(
            f"| {f'{part:.0%} slower' if part else 'nothing (A/A)'} | {len(group)} "
            f"| {sum(each.claimed for each in group)} "
            f"| {sum(each.right and each.claimed for each in group) if part else '-'} "
            f"| {sum(each.holds_truth for each in group)} "
            f"| {statistics.median(widths):.2%} | {max(widths):.2%} "
            f"| {sum(width <= NARROW for width in widths)} "
            f"| {min(ratios):.3f} to {max(ratios):.3f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
