"""The flag of several machines."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.options import WhereOptions
from orchestrator.frameworks import FRAMEWORKS

ClusterOption = Annotated[
    Path | None,
    typer.Option(
        "--cluster",
        metavar="FILE",
        help="Run the blocks on several machines at once: hosts.toml names them and the addresses "
        "of their runners.",
        rich_help_panel="Where it runs",
    ),
]


def given(where: WhereOptions) -> dict[str, bool]:
    """Return the flags that say where runners are, and whether each is given."""
    return {
        **{f"--{name}": bool(getattr(where, name)) for name in FRAMEWORKS},
        "--runner": bool(where.runner),
        "--tls": bool(where.tls),
        "--local": where.local,
    }
