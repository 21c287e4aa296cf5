"""The environment of a trial with Keras."""

import keras
from twinrun.contract.events import Environment

from services.machine.environment import completed
from services.model.taken import Used


def environment(
    framework: str, on: str, threads: int = 0, notes: str = "", used: Used | None = None
) -> Environment:
    """Return the environment of Keras ``on`` a backend: its name and version, for people."""
    own = f"Keras {keras.__version__} on {on}"
    return completed(
        Environment(
            framework=framework,
            framework_version=keras.__version__,
            threads=threads,
            precision_notes=f"{own}; {notes}" if notes else own,
            used=dict(used.values) if used else {},
            own=tuple(used.own) if used else (),
        )
    )
