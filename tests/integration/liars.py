"""Serves a liar and an honest runner in a process of its own: ``-m tests.integration.liars``.

Prints their addresses, a line each; then, for each name of a case in JSON on standard input, tells
its lie and prints a line. What a runner makes ahead of a slow reader is not the reader's memory.
"""

import json
import sys
from contextlib import ExitStack

from tests.builders.lying import Liar, Lie, serving
from tests.integration.lies import CASES


def main() -> None:
    liar, honest = Liar("pytorch"), Liar("tensorflow")
    with ExitStack() as served:
        for each in (liar, honest):
            say(f"--{each.framework}={served.enter_context(serving(each))}")
        for line in sys.stdin:
            name = json.loads(line)
            liar.tell(CASES[name].lie if name else Lie())
            say("told")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
