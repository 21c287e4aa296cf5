"""A real runner on a fake framework: ``python -m tests.integration.fake_runner FAKE [options]``.

Its own limits are beyond a test's patience, so that what it does only when one runs out is a hang.
"""

import os
import subprocess
import sys
from types import SimpleNamespace

from services.access import failures
from services.frameworks import FRAMEWORKS, Framework
from services.runner import jobs, ready, server, worker
from tests import forks
from tests.waiting import FOREVER_SECONDS

LINGER = "TWINRUN_TEST_LINGER"  # seconds, where it is not to be for ever
AT_ONCE = "TWINRUN_TEST_AT_ONCE"  # set where it answers those that it refuses without a delay
LOOKS = "TWINRUN_TEST_LOOKS"  # set where it looks for data and devices, which fakes do not need


def main() -> int:
    fake, *options = sys.argv[1:]
    for name in options[options.index("--framework") + 1 :][:1]:
        FRAMEWORKS.setdefault(name, Framework("", "", port=0))
    for name, framework in list(FRAMEWORKS.items()):
        module = f"tests.integration.fakes.{fake}"
        FRAMEWORKS[name] = Framework(module, requires="numpy", port=framework.port)
    server.LINGER_SECONDS = float(os.environ.get(LINGER, FOREVER_SECONDS))
    server.CLOSE_SECONDS = jobs._END_SECONDS = worker._EXIT_SECONDS = FOREVER_SECONDS
    if AT_ONCE in os.environ:
        failures._until_gone = lambda context, seconds: None
    if LOOKS not in os.environ:
        ready.require = lambda spec, data_dir: None
    if forks.ADDRESSES in os.environ:
        worker.subprocess = SimpleNamespace(Popen=forks.popen, DEVNULL=subprocess.DEVNULL)
    return server.main(options)


if __name__ == "__main__":
    sys.exit(main())
