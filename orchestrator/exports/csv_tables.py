"""CSV: a file for each table of `tidy`, RFC 4180 with a header; empty: not known."""

import csv
from pathlib import Path

from orchestrator.exports import Result
from orchestrator.exports.tables import TABLES


def write(result: Result, folder: Path) -> None:
    for name, table in TABLES.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.DictWriter(file, table.columns(result.comparison.job))
            rows.writeheader()
            rows.writerows(table.rows(result.comparison))
