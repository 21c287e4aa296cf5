"""The command that exports a run for other programs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.commands.keeping import RunArgument
from orchestrator.cli.options import ShownOptions
from orchestrator.cli.output import print_json, to_stderr
from orchestrator.exports import WRITERS
from orchestrator.exports import export as exporting
from orchestrator.language.phrases import Phrase, say
from orchestrator.storage import shelf

_FILE = Phrase("wrote {name}")
_FOLDER = Phrase("wrote {name}: {count} files")
_Format = StrEnum("_Format", {name.upper(): name for name in WRITERS})  # type: ignore[misc]


def export(
    run: RunArgument,
    shown: ShownOptions,
    *,
    to: Annotated[_Format, typer.Option(help="The format.")],
    into: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A new folder; default: 'exports/<format>' in the run."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing export.")] = False,
) -> None:
    """Write a run for TensorBoard, MLflow, a spreadsheet, a data frame or an issue.

    Prints the folder that it created. TensorBoard, MLflow and Parquet need an extra of the package.

    Example: orchestrator export latest --to csv
    """
    stored = shelf.find(run, shown.output)
    folder = exporting.export(stored, to.value, into, force=force)
    if not shown.quiet:
        for path in sorted(folder.iterdir()):
            inside = sum(each.is_file() for each in path.rglob("*"))
            wrote = _FOLDER if path.is_dir() else _FILE
            to_stderr(say(wrote, name=path.name, count=inside))
    if shown.as_json:
        print_json({"folder": str(folder)})
    else:
        typer.echo(folder)
