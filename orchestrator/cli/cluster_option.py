"""The flag of several machines."""

from collections.abc import Mapping
from typing import Annotated

import typer

from orchestrator.cli.options import WhereOptions
from orchestrator.frameworks import FRAMEWORKS

ClusterOption = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="FILE|ray|HOST:PORT",
        help="Run the blocks on several machines at once: a file such as hosts.toml names them and "
        "the addresses of their runners; 'ray', a head's HOST:PORT or 'ray://HOST:PORT' are a "
        "cluster of Ray, on whose nodes runners are started.",
        rich_help_panel="Where it runs",
    ),
]


# What says where runners are, with what stands for nothing.
_PLACES: Mapping[str, object] = {**dict.fromkeys((*FRAMEWORKS, "runner", "tls")), "local": False}


def alone(context: typer.Context) -> None:
    """Take back what environment and twinrun.toml say of runners, if a cluster is named."""
    if context.params.get("cluster") is None:
        return
    for flag, nothing in _PLACES.items():
        name = _parameter(flag)
        source = context.get_parameter_source(name)
        if name in context.params and (source is None or source.name != "COMMANDLINE"):
            context.params[name] = nothing


def given(where: WhereOptions) -> dict[str, bool]:
    """Return the flags that say where runners are, and whether each is given."""
    return {f"--{name}": bool(getattr(where, _parameter(name))) for name in _PLACES}


def _parameter(flag: str) -> str:
    return flag.replace("-", "_")
