"""What the parts of the check share: their options, and the form of their results."""

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from twinrun.contract.converters.specs import spec_from_proto
from twinrun.contract.enums import Device
from twinrun.contract.spec import Dataset, JobSpec, Synthetic

from orchestrator.settings.config import job_spec

SAMPLES = 20_000  # of a timed epoch: 312 whole steps and a short one
_TEST_SAMPLES = 1000


@dataclass
class Table:
    """``rows`` of cells under ``columns``, for Markdown."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line of a part."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--frameworks", required=True, type=lambda text: text.split(","))
    parser.add_argument("--device", type=Device, choices=Device, default=Device.CUDA)
    parser.add_argument("--output", type=Path, required=True, help="a directory")
    parser.add_argument("--rounds", type=int, default=3, help="of each timing, after a warm-up")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="of a timed epoch")
    parser.add_argument("--how", default="", help="which of its kinds the part does")
    data = os.environ.get("TWINRUN_DATA_DIR") or Path.home() / ".cache/twinrun/data"
    parser.add_argument("--data-dir", type=Path, default=data)
    return parser.parse_args(arguments)


def save(chosen: argparse.Namespace, *tables: Table) -> None:
    """Write the part's tables into its directory, so that what is there stays there."""
    content = [asdict(table) for table in tables]
    chosen.output.mkdir(parents=True, exist_ok=True)
    (chosen.output / "tables.json").write_text(json.dumps(content, indent=1) + "\n")


def workload(name: str, chosen: argparse.Namespace, samples: int, **changes: Any) -> JobSpec:
    """Return a workload's job on its first ``samples``, with 1,000 to test.

    Where its data are not in the data directory it has noise of the same shape: what is measured
    here does not depend on the pixels.
    """
    job = spec_from_proto(job_spec(name, {"threads": 1}))
    dataset = replace(job.dataset, train_limit=samples, test_limit=_TEST_SAMPLES)
    if not (chosen.data_dir / dataset.name).is_dir():
        made = Synthetic(train_samples=samples, test_samples=_TEST_SAMPLES)
        dataset = Dataset("synthetic", normalization=dataset.normalization, synthetic=made)
    return replace(job, dataset=dataset, device=chosen.device, **changes)
