"""Runs the same training job on several frameworks, and compares them.

For notebooks and programs; the command line does the same::

    import orchestrator
    result = orchestrator.compare(workload="mnist-mlp", epochs=1)

Importing it imports nothing large: that comes with the first use of a name.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.errors import OrchestratorError
    from orchestrator.notebook import compare, load, runs
    from orchestrator.result import Result

_HOMES = {
    "OrchestratorError": "orchestrator.errors",
    "Result": "orchestrator.result",
    "compare": "orchestrator.notebook",
    "load": "orchestrator.notebook",
    "runs": "orchestrator.notebook",
}

__all__ = ["OrchestratorError", "Result", "compare", "load", "runs"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
