"""What a framework's waiting threads cost: ``python -m bench.waiting``, about five minutes.

Two epochs of a dense network in a fresh process for each setting of the environment, for one and
two threads, in turns: a round has each once, in an order drawn afresh. The second epoch counts.
Times are held against those as it is of the same round, as medians of the ratios.
"""

import argparse
import importlib
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench import workload

USUAL: dict[str, str] = {}
SETTINGS = {
    "as it is": USUAL,
    "GOMP_SPINCOUNT=0": {"GOMP_SPINCOUNT": "0"},
    "OMP_WAIT_POLICY=PASSIVE": {"OMP_WAIT_POLICY": "PASSIVE"},
    "OMP_WAIT_POLICY=ACTIVE": {"OMP_WAIT_POLICY": "ACTIVE"},
    "KMP_BLOCKTIME=0": {"KMP_BLOCKTIME": "0"},
}
FRAMEWORKS, THREADS = ("pytorch", "tensorflow"), (1, 2)
STEPS = 400


def timed(framework: str, threads: int) -> tuple[float, float]:
    """Return wall and CPU seconds of an epoch in this process, after one that is not counted."""
    chosen = argparse.Namespace(dataset="synthetic", threads=threads, data_dir=Path())
    job = workload.spec(chosen, steps_per_epoch_limit=STEPS)
    trainer = importlib.import_module(f"services.{framework}").Trainer(
        job, workload.load(chosen, job), workload.initial(job)
    )
    trainer.warm_up()
    list(trainer.train_epoch(0))
    wall, cpu = time.perf_counter(), _cpu_seconds()
    list(trainer.train_epoch(1))
    return time.perf_counter() - wall, _cpu_seconds() - cpu


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measured(
    framework: str, threads: int, setting: dict[str, str], environments: Path
) -> tuple[float, float]:
    """Return what `timed` gives in a process of its own, in the framework's environment."""
    names = {name for each in SETTINGS.values() for name in each}
    rest = {name: value for name, value in os.environ.items() if name not in names}
    python = environments / f".venv-{framework}/bin/python"
    done = subprocess.run(
        [python, "-m", "bench.waiting", "--one", framework, str(threads)],
        env={**rest, **setting},
        capture_output=True,
        text=True,
        check=True,
    )
    wall, cpu = json.loads(done.stdout.splitlines()[-1])
    return wall, cpu


def rounds(
    count: int, environments: Path
) -> Iterator[dict[tuple[str, int, str], tuple[float, float]]]:
    """Yield wall and CPU seconds of each framework, number of threads and setting, by round."""
    order = random.Random(0)  # noqa: S311 - not for secrets
    keys = [(f, n, s) for f in FRAMEWORKS for n in THREADS for s in SETTINGS]
    for _ in range(count):
        order.shuffle(keys)
        yield {(f, n, s): measured(f, n, SETTINGS[s], environments) for f, n, s in keys}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=2, metavar=("FRAMEWORK", "THREADS"))
    given = parser.parse_args()
    if given.one:
        print(json.dumps(timed(given.one[0], int(given.one[1]))))
        return
    print(f"load before: {os.getloadavg()[0]:.2f}", file=sys.stderr)
    found = list(rounds(given.rounds, Path.cwd()))
    print("| framework | threads | setting | seconds | times as it is | CPU seconds | times |")
    print("|---|---|---|---|---|---|---|")
    for framework, threads, setting in sorted(found[0]):
        usual = [each[framework, threads, "as it is"] for each in found]
        own = [each[framework, threads, setting] for each in found]
        cells = []
        for of in range(2):  # wall, CPU
            ratios = [b[of] / a[of] for a, b in zip(usual, own, strict=True)]
            cells.append(f"{statistics.median(each[of] for each in own):.3f}")
            cells.append(
                f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
            )
        print(f"| {framework} | {threads} | {setting} | {' | '.join(cells)} |")
    print(f"load after: {os.getloadavg()[0]:.2f}", file=sys.stderr)


if __name__ == "__main__":
    main()
