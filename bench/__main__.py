"""``python -m bench``: each framework in its own environment, then the tables and the targets.

Options go to both: --rounds, --threads, --dataset, --output and the others of `bench.workload`.
Exits with code 1 if a target is missed.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench import across, report, workload


@dataclass(frozen=True)
class Target:
    """One variant of a benchmark may take at most this multiple of the time of another."""

    benchmark: str
    variant: str
    against: str
    most: float


TARGETS = [
    Target("pytorch", "matched, default", "bare loop", 1.05),
    Target("tensorflow", "matched, default", "bare tf.function", 1.05),
    Target("jax", "matched, default", "bare scan", 1.05),
    Target("pytorch", "matched, default", "lesson-style loop", 1 / 8),
    Target("tensorflow", "matched, default", "lesson-style Keras fit", 1 / 2.5),
    Target("pytorch", "matched, default, augmented", "matched, default", 1.6),
    Target("tensorflow", "matched, default, augmented", "matched, default", 1.6),
    Target("pytorch", "matched, compiled", "products, NumPy, by rule", 2.0),
    Target("tensorflow", "matched, compiled", "products, NumPy, by rule", 1.3),
    Target("pytorch-cnn", "matched, default", "bare loop", 1.05),
    Target("pytorch-cnn", "matched, default", "bare loop, channels last", 1.05),
    Target("tensorflow-cnn", "matched, default", "bare tf.function", 1.05),
    Target("jax-cnn", "matched, default", "bare scan", 1.05),
    Target("tensorflow-cnn", "matched, compiled", "matched, default", 1.6),
    Target("pytorch-table", "matched, default", "bare loop", 1.05),
    Target("tensorflow-table", "matched, default", "bare tf.function", 1.05),
    Target("pytorch-text", "matched, lstm", "bare loop, lstm", 1.05),
    Target("pytorch-text", "matched, transformer", "bare loop, transformer", 1.05),
    Target("tensorflow-text", "matched, lstm", "bare tf.function, lstm", 1.05),
    Target("tensorflow-text", "matched, transformer", "bare tf.function, transformer", 1.05),
    Target("pytorch-resnet", "matched, default", "bare loop, fused Adam", 1.05),
    Target("pytorch-resnet", "matched, default", "bare loop, channels last, fused Adam", 1.05),
    Target("tensorflow-resnet", "matched, default", "bare tf.function", 1.05),
    Target("pytorch-code", "matched, code", "bare loop, fused Adam", 1.05),
    Target(
        "pytorch-code", "matched, code, convolutions", "bare loop, fused Adam, convolutions", 1.05
    ),
    Target("tensorflow-code", "matched, code", "bare tf.function", 1.05),
    Target(
        "tensorflow-code", "matched, code, convolutions", "bare tf.function, convolutions", 1.05
    ),
]
BENCHMARKS = {
    "pytorch": "bench.pytorch",
    "tensorflow": "bench.tensorflow",
    "jax": "bench.jax",
    "pytorch-cnn": "bench.pytorch_cnn",
    "tensorflow-cnn": "bench.tensorflow_cnn",
    "jax-cnn": "bench.jax_cnn",
    "pytorch-table": "bench.pytorch_table",
    "tensorflow-table": "bench.tensorflow_table",
    "pytorch-text": "bench.pytorch_text",
    "tensorflow-text": "bench.tensorflow_text",
    "pytorch-resnet": "bench.pytorch_resnet",
    "tensorflow-resnet": "bench.tensorflow_resnet",
    "pytorch-code": "bench.pytorch_code",
    "tensorflow-code": "bench.tensorflow_code",
}


def main() -> int:
    chosen = workload.options()
    found = {}
    for name, module in BENCHMARKS.items():
        framework = name.partition("-")[0]
        if not Path(f".venv-{framework}").exists():
            continue  # make bench FRAMEWORKS=pytorch,tensorflow,jax
        # NumPy's own threads must be set before it is imported.
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": str(chosen.threads)}
        command = [f".venv-{framework}/bin/python", "-m", module, *sys.argv[1:]]
        subprocess.run(command, env=environment, check=True)
        found[name] = json.loads((chosen.output / f"{name}.json").read_text())
        print(report.table(found[name]), end="\n\n")
    missed = 0
    print("| target | at most | is |\n|---|---|---|")
    for target in (each for each in TARGETS if each.benchmark in found):
        is_ = report.ratio(found[target.benchmark], target.variant, target.against)
        over = is_ > target.most
        missed += over
        print(
            f"| {target.benchmark}: {target.variant}, of {target.against} |"
            f" {target.most:.3f} | {is_:.3f}{' MISSED' if over else ''} |"
        )
    print()
    return int(missed > 0 or across.main() > 0)


if __name__ == "__main__":
    sys.exit(main())
