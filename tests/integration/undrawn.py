"""The command line without most figures: ``python -m tests.integration.undrawn ...``.

To import matplotlib and to draw takes longer than all else that a small job does, and few tests
look at figures. Those of a comparison, of a certificate and of a sweep are left out.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from orchestrator import figures
from orchestrator.figures import renderer

_PLOTS, _SWEEPS = "orchestrator.figures.plots", "orchestrator.figures.sweeps"


class NoRenderer:
    """In place of what draws in a process of its own."""

    def __init__(self) -> None: ...
    def ready(self) -> None: ...
    def close(self) -> None: ...
    def draw(self, _comparison: Any) -> list[Any]:
        return []


class NoPlots(ModuleType):
    """In place of the module that draws, until a figure is asked for that is not left out."""

    def certificate_canvases(self, _found: Any) -> list[Any]:
        return []

    def __getattr__(self, name: str) -> Any:
        del sys.modules[_PLOTS]
        figures.plots = import_module(_PLOTS)
        return getattr(figures.plots, name)


class NoSweeps(ModuleType):
    """In place of the module that draws sweeps."""

    def canvases(self, _found: Any) -> list[Any]:
        return []


def undrawn() -> None:
    """From now on, for what is not imported yet."""
    for name in ("__init__", "ready", "close", "draw"):  # who has it already has this one too
        setattr(renderer.Renderer, name, getattr(NoRenderer, name))
    figures.plots = sys.modules[_PLOTS] = NoPlots(_PLOTS)
    figures.sweeps = sys.modules[_SWEEPS] = NoSweeps(_SWEEPS)


if __name__ == "__main__":
    from orchestrator.cli.main import main

    undrawn()
    main()
