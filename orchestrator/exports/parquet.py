"""Parquet: a file for each table of `tidy`, by pyarrow; null: not known."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from orchestrator.exports import Result
from orchestrator.exports.tables import TABLES

_TYPES = {str: pa.string(), int: pa.int64(), float: pa.float64()}


def write(result: Result, folder: Path) -> None:
    for name, table in TABLES.items():
        schema = pa.schema(
            [
                (column, _TYPES[kind])
                for column, kind in table.columns(result.comparison.job).items()
            ]
        )
        rows = pa.Table.from_pylist(list(table.rows(result.comparison)), schema)
        pyarrow.parquet.write_table(rows, folder / f"{name}.parquet")
