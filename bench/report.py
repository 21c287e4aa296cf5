"""A framework's measurements: as a file, and as a table."""

import argparse
import json
import statistics
from dataclasses import asdict
from pathlib import Path

from bench import interleave, workload
from services.events import Environment


def save(
    chosen: argparse.Namespace, environment: Environment, variants: dict[str, interleave.Variant]
) -> None:
    """Write OUTPUT/FRAMEWORK.json."""
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
    }
    chosen.output.mkdir(parents=True, exist_ok=True)
    path: Path = chosen.output / f"{environment.framework}.json"
    path.write_text(json.dumps(content, indent=2) + "\n")


def ratio(content: dict, variant: str, against: str) -> float:
    """The time of ``variant`` over that of ``against``: of each round, and of those the median.

    Against products it is over the time that an epoch's arithmetic takes at their rate.
    """
    pairs = zip(_seconds(content, variant), _seconds(content, against), strict=False)
    # Not strict: a slow variant has the first rounds only.
    return statistics.median(a / _epoch_seconds(content, against, b) for a, b in pairs)


def _seconds(content: dict, variant: str) -> list[float]:
    return content["variants"][variant]["seconds"]


def _epoch_seconds(content: dict, variant: str, seconds: float) -> float:
    if variant.startswith("products"):
        return content["epoch_operations"] / interleave.rate(seconds)
    return seconds


def table(content: dict) -> str:
    """Markdown: each variant's seconds, and the matched trainer's ratios to it."""
    head = f"{content['framework']}, {content['threads']} threads, seconds an epoch"
    lines = [
        f"| {head} | median | least | most | default / this | compiled / this |",
        "|---|---|---|---|---|---|",
    ]
    for name, figures in content["variants"].items():
        median, least, most = (
            _epoch_seconds(content, name, figures[key]) for key in ("median", "min", "max")
        )
        label = name
        if name.startswith("products"):
            speed = interleave.rate(figures["median"]) / 1e9
            label = f"its arithmetic at {speed:.0f} GFLOP/s ({name})"
        lines.append(
            f"| {label} | {median:.3f} | {least:.3f} | {most:.3f} |"
            f" {ratio(content, 'matched, default', name):.2f} |"
            f" {ratio(content, 'matched, compiled', name):.2f} |"
        )
    return "\n".join(lines)
