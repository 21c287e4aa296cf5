"""Runs a module by a server, for a shell: ``python -m tests.forks.client MODULE ...``."""

import os
import signal
import subprocess
import sys

from tests.forks import popen


def main() -> int:
    process: subprocess.Popen = popen([sys.executable, "-m", *sys.argv[1:]])
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: process.send_signal(number))
    code: int = process.wait()
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


if __name__ == "__main__":
    sys.exit(main())
