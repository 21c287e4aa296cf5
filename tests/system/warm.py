"""A runner whose jobs share one process, also from one command to the next.

``python -m tests.system.warm --framework NAME ...``. Importing a framework takes longer than most
jobs of the tests. What users have, a process for each job, is in test_both_frameworks.
"""

import sys

from services import pipe
from services.pipe import ProcessUse
from services.runner import jobs, server, servicer
from tests.waiting import FOREVER_SECONDS


def serve() -> int:
    """Run the runner of the command line; return its exit code."""
    servicer._process = lambda use: ProcessUse.SHARED
    pipe._files = lambda spec: None  # modules of other jobs' code do no harm
    jobs._SHARED_SECONDS = FOREVER_SECONDS
    return server.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(serve())
