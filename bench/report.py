"""A framework's measurements: as a file, and as a table."""

import argparse
import json
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


def median(content: dict, variant: str) -> float:
    return content["variants"][variant]["median"]


def arithmetic_seconds(content: dict, by: str) -> float:
    """What an epoch's products take at the rate of the products called ``by``."""
    return content["epoch_operations"] / interleave.rate(median(content, by))


def table(content: dict) -> str:
    """Markdown: each variant's seconds, and its ratio to the matched default."""
    base = median(content, "matched, default")
    lines = [
        f"| {content['framework']}, {content['threads']} threads | median s | min | max | of matched |",
        "|---|---|---|---|---|",
    ]
    for name, figures in content["variants"].items():
        if name.startswith("products"):
            seconds = arithmetic_seconds(content, name)
            speed = interleave.rate(figures["median"]) / 1e9
            lines.append(
                f"| arithmetic, at {speed:.0f} GFLOP/s ({name}) | {seconds:.3f} | | |"
                f" {seconds / base:.2f} |"
            )
        else:
            lines.append(
                f"| {name} | {figures['median']:.3f} | {figures['min']:.3f} |"
                f" {figures['max']:.3f} | {figures['median'] / base:.2f} |"
            )
    return "\n".join(lines)
