"""Writers of a run's results for other programs, one module each, imported only when used.

A module has ``write(result, folder)``: it fills the empty folder, which is moved to its destination
once it is whole. It imports the other program's own library, an optional extra of the package.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.results.comparison import Comparison


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What is written. ``name`` of the run; ``began``: when, in seconds since 1970, 0: unknown.

    ``files``: attachments, figures and comparison.json. ``place``: the folder's destination, an
    absolute path.
    """

    name: str
    workload: str
    began: float
    comparison: Comparison
    files: Sequence[Path]
    place: Path


@dataclass(frozen=True, slots=True)
class Writer:
    """``extra``: the package's extra with the libraries that it needs; empty: none.

    ``settings``: environment variables that they read when they are imported.
    """

    module: str
    extra: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)


MARKDOWN = "markdown"
WRITERS: Mapping[str, Writer] = {
    "tensorboard": Writer("orchestrator.exports.tensorboard", "tensorboard"),
    "mlflow": Writer(
        "orchestrator.exports.mlflow",
        "mlflow",
        {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_LOGGING_LEVEL": "WARNING"},
    ),
    "csv": Writer("orchestrator.exports.csv_tables"),
    "parquet": Writer("orchestrator.exports.parquet"),
    MARKDOWN: Writer("orchestrator.exports.markdown"),
}
