"""Shell completions that the flags themselves do not define."""

import typer

from orchestrator.frameworks import FRAMEWORKS
from orchestrator.settings import workloads
from orchestrator.storage import shelf


def runs(context: typer.Context, incomplete: str) -> list[str]:
    """Return names in the output directory, newest first, and ``latest``."""
    listed = shelf.runs(context.params["output"])
    names = [shelf.LATEST, *(run.path.name for run in reversed(listed))] if listed else []
    return [name for name in names if name.startswith(incomplete)]


def presets(incomplete: str) -> list[str]:
    """Return names of workloads; the shell completes a user's own file."""
    return [name for name in workloads.names() if name.startswith(incomplete)]


def frameworks(incomplete: str) -> list[str]:
    """Complete the framework after the last comma, from those not listed yet."""
    before, comma, begun = incomplete.rpartition(",")
    given = before.split(",")
    left = [name for name in FRAMEWORKS if name not in given and name.startswith(begun)]
    return [f"{before}{comma}{name}" for name in left]
