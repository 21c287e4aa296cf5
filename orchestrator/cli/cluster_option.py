"""The flags of several machines."""

from contextvars import ContextVar
from typing import Annotated

import typer

from orchestrator.frameworks import FRAMEWORKS
from orchestrator.settings.keeping import Exclusive

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
ExclusiveOption = Annotated[
    Exclusive,
    typer.Option(
        "--exclusive",
        help="With a cluster of Ray, what a block has to itself: its machine, or one GPU of it, so "
        "that blocks run on all GPUs of a machine at once and disturb each other.",
        rich_help_panel="Where it runs",
    ),
]

OverOption = Annotated[
    str | None,
    typer.Option(
        "--over",
        metavar="FILE|ray|HOST:PORT",
        help="Train each job on several machines together, each with as many of its --devices; "
        "they are named as by --cluster.",
        rich_help_panel="Where it runs",
    ),
]

_PLACES = (*FRAMEWORKS, "runner", "tls", "local")  # flags that say where runners are
_typed: ContextVar[frozenset[str]] = ContextVar("typed", default=frozenset())


def remember(context: typer.Context) -> None:
    """Note which flags that say where runners are stand in the command itself."""
    sources = {flag: context.get_parameter_source(flag.replace("-", "_")) for flag in _PLACES}
    named = (flag for flag, source in sources.items() if source and source.name == "COMMANDLINE")
    _typed.set(frozenset(named))


def given() -> dict[str, bool]:
    """Return those flags, and whether each is given.

    Environment and twinrun.toml do not count: they are of other commands.
    """
    return {f"--{flag}": flag in _typed.get() for flag in _PLACES}
