"""Runs the same training job on several frameworks, and compares them.

For notebooks and programs; the command line does the same::

    import orchestrator
    result = orchestrator.compare(workload="mnist-mlp", epochs=1)

Importing it imports nothing large: that comes with the first use of a name.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.api.answer import Answer
    from orchestrator.api.functions import compare, load, runs
    from orchestrator.api.looking import diff, evaluate, preview
    from orchestrator.api.proving import explain, verify
    from orchestrator.api.result import Record, Result
    from orchestrator.api.sweeping import resume, sweep
    from orchestrator.errors import OrchestratorError

_HOMES = {
    "Answer": "orchestrator.api.answer",
    "OrchestratorError": "orchestrator.errors",
    "Record": "orchestrator.api.result",
    "Result": "orchestrator.api.result",
    "compare": "orchestrator.api.functions",
    "diff": "orchestrator.api.looking",
    "evaluate": "orchestrator.api.looking",
    "explain": "orchestrator.api.proving",
    "load": "orchestrator.api.functions",
    "preview": "orchestrator.api.looking",
    "resume": "orchestrator.api.sweeping",
    "runs": "orchestrator.api.functions",
    "sweep": "orchestrator.api.sweeping",
    "verify": "orchestrator.api.proving",
}

__all__ = [
    "Answer",
    "OrchestratorError",
    "Record",
    "Result",
    "compare",
    "diff",
    "evaluate",
    "explain",
    "load",
    "preview",
    "resume",
    "runs",
    "sweep",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
