"""Runs the orchestrator as the owner of the working directory, so that runs belong to the caller.

A container does not know who called it, and Compose cannot tell it: shells do not export UID. Its
only root rights are to switch users (SETUID, SETGID), and it drops these too.
"""

import os
import sys
from pathlib import Path

COMMAND = [sys.executable, "-P", "-m", "orchestrator"]  # the image's, not that of the directory


def main() -> None:
    owner = Path().stat()
    if os.getuid() == 0 and owner.st_uid != 0:
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)
    os.execv(COMMAND[0], [*COMMAND, *sys.argv[1:]])  # noqa: S606 - becomes it, for signals' sake


if __name__ == "__main__":
    main()
