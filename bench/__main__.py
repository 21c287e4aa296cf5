"""``python -m bench``: each framework in its own environment, then the tables and the targets.

Options go to both: --rounds, --threads, --dataset, --output and the others of `bench.workload`.
Ends with code 1 where a target is missed.
"""

import json
import os
import subprocess
import sys

from bench import report, workload

# Claim, framework, what is measured, what it is held against, and the most that the first may be
# of the second.
TARGETS = [
    ("matched PyTorch, of the bare loop", "pytorch", "matched, default", "bare loop", 1.05),
    ("matched TensorFlow, of the bare graph", "tensorflow", "matched, default", "bare tf.function", 1.05),
    ("matched PyTorch, of the lesson's", "pytorch", "matched, default", "lesson-style loop", 1 / 8),
    ("matched TensorFlow, of the lesson's", "tensorflow", "matched, default", "lesson-style Keras fit", 1 / 2.5),
    ("compiled PyTorch, of its arithmetic", "pytorch", "matched, compiled", "products, NumPy", 2.0),
    ("compiled TensorFlow, of its arithmetic", "tensorflow", "matched, compiled", "products, NumPy", 1.3),
]  # fmt: skip


def main() -> int:
    chosen = workload.options()
    found = {}
    for framework in ("pytorch", "tensorflow"):
        # NumPy's own threads must be set before it is imported.
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": str(chosen.threads)}
        command = [f".venv-{framework}/bin/python", "-m", f"bench.{framework}", *sys.argv[1:]]
        subprocess.run(command, env=environment, check=True)
        found[framework] = json.loads((chosen.output / f"{framework}.json").read_text())
        print(report.table(found[framework]), end="\n\n")
    missed = 0
    print("| target | at most | is |\n|---|---|---|")
    for claim, framework, variant, against, most in TARGETS:
        content = found[framework]
        held = (
            report.arithmetic_seconds(content, against)
            if against.startswith("products")
            else report.median(content, against)
        )
        ratio = report.median(content, variant) / held
        missed += ratio > most
        print(f"| {claim} | {most:.3g} | {ratio:.3f}{' MISSED' if ratio > most else ''} |")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
