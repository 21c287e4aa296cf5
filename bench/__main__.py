"""``python -m bench``: each framework in its own environment, then the tables and the targets.

Options go to both: --rounds, --threads, --dataset, --output and the others of `bench.workload`.
Exits with code 1 if a target is missed.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench import across, report, workload
from services.frameworks import own

HERE = Path(__file__).parent


def benchmarks() -> Iterator[tuple[str, str]]:
    """Yield each framework that has an environment here with its benchmarks' modules.

    They are ``bench/FRAMEWORK.py`` and those whose names begin so. Says which framework has none.
    """
    for framework in own():
        if not Path(f".venv-{framework}").exists():
            continue  # make bench FRAMEWORKS=pytorch,tensorflow,jax
        files = [*HERE.glob(f"{framework}.py"), *HERE.glob(f"{framework}_*.py")]
        modules = sorted(path.stem for path in files)
        if not modules:
            print(f"Nothing is measured of {framework}: there is no bench/{framework}.py.\n")
        yield from ((framework, module) for module in modules)


def main() -> int:
    chosen = workload.options()
    found = {}
    for framework, module in benchmarks():
        # NumPy's own threads must be set before it is imported.
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": str(chosen.threads)}
        command = [f".venv-{framework}/bin/python", "-m", f"bench.{module}", *sys.argv[1:]]
        subprocess.run(command, env=environment, check=True)
        name = module.replace("_", "-")
        found[name] = json.loads((chosen.output / f"{name}.json").read_text())
        print(report.table(found[name]), end="\n\n")
    missed = 0
    print("| target | at most | is |\n|---|---|---|")
    for name, content in found.items():
        for target in (report.Target(**each) for each in content["targets"]):
            is_ = report.ratio(content, target.variant, target.against)
            over = is_ > target.most
            missed += over
            print(
                f"| {name}: {target.variant}, of {target.against} |"
                f" {target.most:.3f} | {is_:.3f}{' MISSED' if over else ''} |"
            )
    print()
    return int(missed > 0 or across.main() > 0)


if __name__ == "__main__":
    sys.exit(main())
