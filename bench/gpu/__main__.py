"""Runs the parts in order of worth, each in a process of its own with a limit, and writes results.

``python -m bench.gpu --output DIR`` needs no installation: a tree on PYTHONPATH and an interpreter
with the frameworks will do. DIR/results.json and DIR/results.md are written after each part, so
that what was found stays, whatever happens.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.gpu import numbers
from services.frameworks import FRAMEWORKS, own

PACKAGES = (*(each.requires for each in own().values()), "keras", "numpy", "grpcio", "protobuf")


@dataclass(frozen=True)
class Part:
    """``seconds``: its limit, for each process. ``each``: one process for each framework."""

    name: str
    module: str
    seconds: float
    how: str = ""
    each: bool = True


PARTS = (
    Part("numbers", "numbers", 100),
    Part("table", "table", 100, "float32"),
    Part("rates", "rates", 40),
    Part("verify", "commands", 100, "verify", each=False),
    Part("compare", "commands", 200, "compare", each=False),
    Part("faults", "faults", 90),
    Part("alike", "commands", 90, "alike", each=False),
    Part("explain", "commands", 90, "explain", each=False),
    Part("table-tf32", "table", 60, "tf32"),
    Part("table-bfloat16", "table", 60, "bfloat16"),
    Part("idiomatic", "commands", 60, "idiomatic", each=False),
)


@dataclass
class Done:
    """What became of a part's process."""

    part: str
    frameworks: str
    ended: str
    seconds: float = 0.0
    tables: list[dict[str, Any]] = field(default_factory=list)


def main() -> int:
    chosen = _options()
    chosen.output.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + 60 * chosen.minutes
    done: list[Done] = []
    for part, frameworks in _processes(chosen):
        left = deadline - time.monotonic()
        folder = chosen.output / part.name / "-".join(frameworks)
        if left <= 0:
            done.append(Done(part.name, ",".join(frameworks), "not reached"))
        else:
            done.append(_run(part, frameworks, folder, min(left, part.seconds), chosen))
        _write(chosen, done)
        print(f"{done[-1].part} {done[-1].frameworks}: {done[-1].ended}", flush=True)
    return int(any(each.ended != "done" for each in done))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    names = [part.name for part in PARTS]
    parser.add_argument("--parts", type=_names, default=names, help=f"of {','.join(names)}")
    parser.add_argument("--frameworks", type=_names, help="default: those that are installed")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda")
    parser.add_argument("--minutes", type=float, default=8.0, help="in all")
    parser.add_argument("--output", type=Path, default=Path("gpu-results"), help="a directory")
    parser.add_argument("--data-dir", type=Path, help="datasets; those that miss are noise")
    parser.add_argument("--samples", type=int, help="of a timed epoch")
    parser.add_argument("--rounds", type=int, help="of each timing")
    parser.add_argument("--pairs", type=int, help="of trials, of a comparison")
    chosen = parser.parse_args()
    if unknown := set(chosen.parts) - set(names):
        parser.error(f"--parts has {', '.join(sorted(unknown))}; choose from {', '.join(names)}")
    return chosen


def _names(text: str) -> list[str]:
    return text.split(",")


def _processes(chosen: argparse.Namespace) -> Iterator[tuple[Part, list[str]]]:
    """Yield each part with the frameworks of one process."""
    installed = [name for name, each in FRAMEWORKS.items() if _is_there(each.requires)]
    named = chosen.frameworks or installed
    for part in sorted(
        (part for part in PARTS if part.name in chosen.parts),
        key=lambda part: chosen.parts.index(part.name),
    ):
        if part.each:
            yield from ((part, [name]) for name in named)
        else:
            yield part, named


def _is_there(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _run(
    part: Part, frameworks: Sequence[str], folder: Path, seconds: float, chosen: argparse.Namespace
) -> Done:
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        *(sys.executable, "-m", f"bench.gpu.{part.module}"),
        *("--frameworks", ",".join(frameworks), "--device", chosen.device),
        *("--output", folder.resolve(), "--how", part.how),
    ]
    for name in ("data_dir", "samples", "rounds", "pairs"):
        if (value := getattr(chosen, name)) is not None:
            command += [f"--{name.replace('_', '-')}", str(value)]
    began = time.monotonic()
    with (folder / "log").open("w") as log:
        # In a session of its own, so that what it started ends with it.
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            code = process.wait(seconds)
            ended = "done" if code == 0 else f"exit code {code}"
        except subprocess.TimeoutExpired:
            ended = f"stopped after {seconds:.0f} s"
        finally:
            _end(process)
    tables = folder / "tables.json"
    content = json.loads(tables.read_text()) if tables.exists() else []
    took = time.monotonic() - began
    return Done(part.name, ",".join(frameworks), ended, round(took, 1), content)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the session of a part: its runners too."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(5)
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        pass
    process.wait()


def _write(chosen: argparse.Namespace, done: Sequence[Done]) -> None:
    versions = {name: _version(name) for name in PACKAGES}
    compared = asdict(numbers.compared(chosen.output / "numbers"))
    about = {"python": platform.python_version(), **versions}
    content = {
        "versions": about,
        "parts": [asdict(each) for each in done],
        "numbers": compared,
    }
    (chosen.output / "results.json").write_text(json.dumps(content, indent=1) + "\n")
    lines = [f"{', '.join(f'{name} {text}' for name, text in about.items())}", ""]
    lines += _table(
        "Parts",
        ["part", "frameworks", "ended", "seconds"],
        [[each.part, each.frameworks, each.ended, f"{each.seconds:.0f}"] for each in done],
    )
    for table in [compared, *(table for each in done for table in each.tables)]:
        lines += _table(table["title"], table["columns"], table["rows"])
    (chosen.output / "results.md").write_text("\n".join(lines))


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a Markdown table; none without rows."""
    if not rows:
        return []
    made = [f"## {title}", "", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    made += [
        f"| {' | '.join(cell.replace('|', '/').replace(chr(10), ' ') for cell in row)} |"
        for row in rows
    ]
    return [*made, ""]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "none"


if __name__ == "__main__":
    sys.exit(main())
