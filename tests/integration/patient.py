"""The orchestrator's command, which waits for a runner as long as it takes.

``python -m tests.integration.patient ...``: no slow runner is taken for one that is gone, and what
is done only when a limit runs out is a hang.
"""

import sys
from functools import partialmethod

from orchestrator.cli.main import main
from orchestrator.runners import finding
from orchestrator.runners.client import Client
from tests.waiting import FOREVER_SECONDS

if __name__ == "__main__":
    Client.watch = partialmethod(Client.watch, reattach_seconds=FOREVER_SECONDS)
    finding._PROBE_SECONDS = FOREVER_SECONDS
    sys.exit(main())
