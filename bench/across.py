"""The frameworks beside each other, on one thread: an epoch of each in turn, and the arithmetic.

``python -m bench.across``, with the options of `bench.workload`. Each framework has a process of
its own, in its environment, that runs an epoch when it is told to, so that other load on the
machine affects all alike. It counts CPU seconds: elapsed time would be that of the other load too.
"""

import contextlib
import importlib
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench import interleave, workload
from bench.interleave import Variant
from bench.report import Target
from services.frameworks import own

_OF = "TWINRUN_BENCH_OF"  # set for the process of a framework
HERE = Path(__file__).parent
# Of those that have a benchmark here. Of their CPU time: one variant, of another.
FRAMEWORKS = tuple(name for name in own() if (HERE / f"{name}.py").exists())
TARGETS = (
    Target("jax, mlp, default", "tensorflow, mlp, bare XLA", 1.05),
    Target("jax, mlp, default", "tensorflow, mlp, compiled", 1.05),
    Target("jax, cnn, default", "pytorch, cnn, default", 1.5),
)


def variants(framework: str) -> dict[str, Variant]:
    """Return what a framework's process can run, ready to be run."""
    chosen = workload.options()
    module = importlib.import_module(f"bench.{framework}")
    mlp, cnn = workload.spec(chosen), workload.cnn(chosen)
    pictures = workload.load(chosen, mlp)
    return {
        "mlp, default": module.matched(mlp, pictures),
        "cnn, default": module.matched(cnn, workload.load(chosen, cnn)),
        **module.across(mlp, pictures),
    }


def serve(framework: str) -> None:
    """Run the variants that stdin names, and tell the CPU seconds of each."""
    made = variants(framework)
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the framework prints
    print(json.dumps(list(made)), file=told, flush=True)
    for line in sys.stdin:
        began = time.process_time()
        made[line.rstrip("\n")].run()
        print(time.process_time() - began, file=told, flush=True)


@contextlib.contextmanager
def process(framework: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", _OF: framework}
    command = [f".venv-{framework}/bin/python", "-m", "bench.across", *sys.argv[1:]]
    started = subprocess.Popen(
        [*command, "--threads", "1"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def said(of: subprocess.Popen[str]) -> str:
    line = of.stdout.readline() if of.stdout else ""
    if not line:
        sys.exit("a framework's process ended: see above")
    return line


def measured(rounds: int) -> dict[str, list[float]]:
    """Return the CPU seconds of each variant, a round each, after a warm-up."""
    order = random.Random(0)  # noqa: S311 - not for secrets
    there = [name for name in FRAMEWORKS if Path(f".venv-{name}").exists()]
    with contextlib.ExitStack() as exits:
        processes = {name: exits.enter_context(process(name)) for name in there}
        turns = [(name, each) for name in there for each in json.loads(said(processes[name]))]
        seconds: dict[str, list[float]] = {", ".join(turn): [] for turn in turns}
        for number in range(rounds + 1):
            order.shuffle(turns)
            for framework, variant in turns:
                of = processes[framework]
                print(variant, file=of.stdin, flush=True)
                took = float(said(of))
                if number:
                    seconds[f"{framework}, {variant}"].append(took)
    return seconds


def main() -> int:
    if framework := os.environ.get(_OF):
        serve(framework)
        return 0
    chosen = workload.options()
    found = measured(chosen.rounds)
    chosen.output.mkdir(parents=True, exist_ok=True)
    (chosen.output / "across.json").write_text(json.dumps(found, indent=2) + "\n")
    operations = workload.epoch_operations(workload.spec(chosen))
    rates = found.pop(f"tensorflow, {interleave.NUMPY}")
    print("| CPU seconds of an epoch, one thread | median | least | of its arithmetic |")
    print("|---|---|---|---|")
    for name, seconds in found.items():
        least = operations["by rule"] / interleave.rate(statistics.median(rates))
        share = f"{statistics.median(seconds) / least:.2f}" if ", mlp, " in name else ""
        print(f"| {name} | {statistics.median(seconds):.3f} | {min(seconds):.3f} | {share} |")
    print("\n| target | at most | is |\n|---|---|---|")
    missed = 0
    for target in TARGETS:
        if target.variant in found and target.against in found:
            pairs = zip(found[target.variant], found[target.against], strict=True)
            is_ = statistics.median(one / other for one, other in pairs)
            missed += is_ > target.most
            told = f"{is_:.3f}{' MISSED' if is_ > target.most else ''}"
            print(f"| {target.variant}, of {target.against} | {target.most:.3f} | {told} |")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
