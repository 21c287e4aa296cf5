"""Tries every mutant of the trainers and of their shared code: ``make mutants``.

Exits with 1 if one survives that is not listed in known.toml.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from services.frameworks import FRAMEWORKS as ALL
from tests.mutants import known, report, targets
from tests.mutants.engine import Engine, Kept
from tests.mutants.matrix import CASES, EAGER, Case
from tests.mutants.operators import Mutant, mutants
from tests.mutants.planted import PLANTED
from tests.mutants.report import Found
from tests.mutants.targets import FRAMEWORKS
from tests.mutants.unit import Tests

SHARED = "shared"
_HONEST = 3  # cases on which the code as it is is tried as a mutant is


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument(
        "--of",
        nargs="*",
        default=[*targets.FRAMEWORKS, SHARED],
        choices=[*targets.EVERY, SHARED],
        help="whose code",
    )
    parser.add_argument("--file", default="", help="only files with this in their names")
    parser.add_argument("--every", type=int, default=1, help="only each so many-th mutant")
    parser.add_argument("--keep", type=Path, default=targets.ROOT / "build/mutants.jsonl")
    chosen = parser.parse_args(arguments)
    if others := {*chosen.of} - {*targets.FRAMEWORKS, SHARED}:
        pairs = " or ".join(f"MUTANTS=pytorch,{name}" for name in sorted(others))
        parser.error(f"--of {' '.join(sorted(others))}: a certificate has two sides, set {pairs}")
    return chosen


def main() -> int:
    chosen, began = options(), time.monotonic()
    listed = known.read()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        results = _results(chosen, Path(folder), listed)
    stale = list(listed.stale(report.whole(results))) if chosen.every == 1 else []
    bad = list(report.faults(results, stale))
    print(*bad, report.table(results), report.by_what(results), sep="\n\n")
    print(f"\n{len(results)} mutants in {time.monotonic() - began:.0f} s; {len(bad)} to look at")
    return 1 if bad else 0


def _results(chosen: argparse.Namespace, folder: Path, listed: known.Known) -> list[Found]:
    engine, tests, log = Engine(folder), Tests(folder), report.Log(chosen.keep)
    try:
        frameworks = [name for name in chosen.of if name != SHARED]
        kept = _kept(engine) if frameworks else []
        if SHARED in chosen.of:
            tests.learn()

        def of(name: str) -> list[Found]:
            if name == SHARED:
                return _each(chosen, targets.SHARED, lambda m: log.add(tests.tried(m, listed)))
            its = {file: targets.MUTATED[file] for file in targets.files(name)}
            planted = [fault for fault in PLANTED if fault.framework == name]
            return [
                *(log.add(engine.found(fault, kept)) for fault in planted),
                *_each(chosen, its, lambda m: log.add(engine.tried(name, m, kept, listed))),
            ]

        with ThreadPoolExecutor() as pool:
            return [each for results in pool.map(of, chosen.of) for each in results]
    finally:
        engine.close()
        tests.close()


def _kept(engine: Engine) -> list[Kept]:
    """Return the cases as run unchanged.

    Raises ValueError if the unchanged code would be refused.
    """
    found = []
    for case in CASES:
        if not runs(case):
            print(f"{case.name}: not of {FRAMEWORKS}", file=sys.stderr, flush=True)
            continue
        kept = engine.keep(case, traced=not case.planted_alone)
        if len(found) < _HONEST and (refused := engine.honest(kept)):
            raise ValueError(f"{case.name} without any mutant: {refused}")
        seconds = ", ".join(f"{name} {taken:.1f} s" for name, taken in kept.seconds.items())
        print(f"{case.name}: {seconds}", file=sys.stderr, flush=True)
        found.append(kept)
    return found


def runs(case: Case) -> bool:
    """Return whether both frameworks have the case's execution and own ways."""
    lacks = frozenset().union(*(ALL[name].lacks for name in FRAMEWORKS))
    asked = {"execution": case.job.get("execution") == EAGER, "own_ways": "own_ways" in case.job}
    return not any(is_asked and field in lacks for field, is_asked in asked.items())


def _each(
    chosen: argparse.Namespace,
    files: dict[str, dict[str, str]],
    tried: Callable[[Mutant], Found],
) -> list[Found]:
    found = []
    for file, skipped in files.items():
        if chosen.file in file:
            source = (targets.ROOT / file).read_text()
            made = mutants(file, source, list(skipped))[:: chosen.every]
            found += [tried(mutant) for mutant in made]
            print(file, len(made), file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
