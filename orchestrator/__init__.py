"""Runs the same training job on several frameworks, and compares them.

For notebooks and programs; the command line does the same::

    import orchestrator
    result = orchestrator.compare(workload="mnist-mlp", epochs=1)

Importing it imports nothing large: that comes with the first use of a name.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.api.functions import compare, load, runs
    from orchestrator.api.result import Record, Result
    from orchestrator.errors import OrchestratorError

_HOMES = {
    "OrchestratorError": "orchestrator.errors",
    "Record": "orchestrator.api.result",
    "Result": "orchestrator.api.result",
    "compare": "orchestrator.api.functions",
    "load": "orchestrator.api.functions",
    "runs": "orchestrator.api.functions",
}

__all__ = ["OrchestratorError", "Record", "Result", "compare", "load", "runs"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
