"""Interrupts a client's calls at any moment, again and again: it must still work then, and close.

``python -m tests.integration.interrupt_storm HOST:PORT TIMES``, with a runner there. A client that
was struck where it must not be hangs.
"""

import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from types import FrameType

from orchestrator.runners.client import Client
from tests.builders.runners import small_spec


def storm(address: str, times: int) -> None:
    with closing(Client("pytorch", address)) as client:
        job_id = client.train(client.validate(small_spec()), "").job_id
        events = list(client.watch(job_id))
    for use in (ask, watch):
        began = time.monotonic()
        with closing(Client("pytorch", address)) as client:
            use(client, job_id)
        longest = time.monotonic() - began
        for _ in range(times):
            with closing(Client("pytorch", address)) as client:
                strike(partial(use, client, job_id), random.uniform(1e-5, longest))
                assert client.job(job_id).job_id == job_id
                assert list(client.watch(job_id)) == events


def ask(client: Client, job_id: str) -> None:
    client.job(job_id)


def watch(client: Client, job_id: str) -> None:
    list(client.watch(job_id))


def strike(use: Callable[[], None], seconds: float) -> None:
    """Interrupt it after this time, however often it has been done by then."""
    struck = False

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal struck
        struck = True
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, interrupt)
    with suppress(KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, seconds)
        while not struck:
            use()


if __name__ == "__main__":
    storm(sys.argv[1], int(sys.argv[2]))
