"""Tells in JSON what a process finds around it: ``python -m tests.forks.told ...``."""

import gc
import json
import os
import resource
import signal
import sys
import threading
import warnings
from pathlib import Path


def is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def around() -> dict[str, object]:
    streams = sys.stdin, sys.stdout, sys.stderr
    main = sys.modules["__main__"]
    return {
        "words": sys.argv,
        "main": [main.__name__, main.__spec__.name, main.__package__],
        "folder": str(Path.cwd()),
        "path": sys.path,
        "environment": dict(os.environ),
        "files": [number for number in range(1024) if is_open(number)],
        "signals": {each: str(signal.getsignal(each)) for each in signal.valid_signals()},
        "blocked": [*signal.pthread_sigmask(signal.SIG_BLOCK, ())],
        "streams": [[s.encoding, s.errors, s.line_buffering, s.isatty()] for s in streams],
        "read": sys.stdin.read(),
        "leads": [os.getpid() == os.getpgrp(), os.getpid() == os.getsid(0)],
        "threads": threading.active_count(),
        "limits": resource.getrlimit(resource.RLIMIT_NOFILE),
        "collects": [gc.isenabled(), gc.get_threshold()],
        "filters": len(warnings.filters),
        "recursion": sys.getrecursionlimit(),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(around()))
    sys.stdout.flush()
    match sys.argv[1:]:
        case [_, "exits"]:
            sys.exit(int(sys.argv[1]))
        case [_, "raises"]:
            raise ValueError(sys.argv[1])
        case [number, "is killed"]:
            os.kill(os.getpid(), int(number))
