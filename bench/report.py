"""A framework's measurements: as a file, and as a table."""

import argparse
import json
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from twinrun.contract.events import Environment

from bench import interleave, workload

Content = dict[str, Any]  # of a framework's file


@dataclass(frozen=True)
class Target:
    """One variant of a benchmark may take at most this multiple of the time of another."""

    variant: str
    against: str
    most: float


def save(
    chosen: argparse.Namespace,
    environment: Environment,
    variants: dict[str, interleave.Variant],
    targets: Sequence[Target],
    of: str = "",
) -> None:
    """Write OUTPUT/FRAMEWORK.json, with ``of`` after the framework's name."""
    content = {
        "framework": environment.framework,
        "environment": asdict(environment),
        "threads": chosen.threads,
        "dataset": chosen.dataset,
        "epoch_operations": workload.epoch_operations(workload.spec(chosen)),
        "variants": {
            name: figures | {"seconds": variants[name].seconds}
            for name, figures in interleave.summary(variants).items()
        },
        "targets": [asdict(target) for target in targets],
    }
    chosen.output.mkdir(parents=True, exist_ok=True)
    path: Path = chosen.output / f"{environment.framework}{of}.json"
    path.write_text(json.dumps(content, indent=2) + "\n")


def ratio(content: Content, variant: str, against: str) -> float:
    """Return the time of ``variant`` over that of ``against``: the median of the rounds' ratios.

    ``against`` may be ``products, OF, COUNT``: then it is over the time that an epoch's arithmetic
    takes at the rate of OF, by that COUNT of `workload.epoch_operations`.
    """
    pairs = zip(_seconds(content, variant), _seconds(content, against), strict=False)
    # Not strict: a slow variant has the first rounds only.
    return statistics.median(a / _epoch_seconds(content, against, b) for a, b in pairs)


def _seconds(content: Content, variant: str) -> list[float]:
    seconds: list[float] = content["variants"][_measured(variant)]["seconds"]
    return seconds


def _measured(variant: str) -> str:
    """Return the timed variant: both counts of products come from one."""
    return variant.rpartition(", ")[0] if variant.startswith("products") else variant


def _epoch_seconds(content: Content, variant: str, seconds: float) -> float:
    if variant.startswith("products"):
        count = variant.rpartition(", ")[2]
        operations: int = content["epoch_operations"][count]
        return operations / interleave.rate(seconds)
    return seconds


def table(content: Content) -> str:
    """Return Markdown: each variant's seconds, and the matched trainer's ratios to it."""
    head = f"{content['framework']}, {content['threads']} threads, seconds an epoch"
    matched = [name for name in content["variants"] if name.startswith("matched, ")]
    ratios = "".join(f" {name.removeprefix('matched, ')} / this |" for name in matched)
    lines = [f"| {head} | median | least | most |{ratios}", "|---" * (4 + len(matched)) + "|"]
    for name in _rows(content):
        figures = content["variants"][_measured(name)]
        median, least, most = (
            _epoch_seconds(content, name, figures[key]) for key in ("median", "min", "max")
        )
        to_it = "".join(f" {ratio(content, variant, name):.2f} |" for variant in matched)
        label = _label(content, name)
        lines.append(f"| {label} | {median:.3f} | {least:.3f} | {most:.3f} |{to_it}")
    return "\n".join(lines)


def _rows(content: Content) -> Iterator[str]:
    for name in content["variants"]:
        if name.startswith("products"):
            yield from (f"{name}, {count}" for count in content["epoch_operations"])
        else:
            yield name


def _label(content: Content, name: str) -> str:
    if not name.startswith("products"):
        return name
    _, by, count = name.split(", ")
    operations = content["epoch_operations"][count] / 1e9
    speed = interleave.rate(content["variants"][_measured(name)]["median"]) / 1e9
    return f"its {operations:.1f} GFLOP ({count}) at {by}'s {speed:.0f} GFLOP/s"
