"""Is imported once the gate ``import`` is open."""

from tests.integration import gates
from tests.integration.fakes.good import Trainer, environment

__all__ = ["Trainer", "environment"]

gates.pass_("import")
