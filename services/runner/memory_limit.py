"""A limit to what a job's process may have resident.

Not RLIMIT_AS or RLIMIT_DATA: these count what a process has reserved, and a framework reserves
gigabytes that it never touches. What is resident is the same measure for every framework.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from twinrun.contract.ranges import between
from twinrun.contract.violation import Violation

from services.errors import OutOfMemory, TwinrunError
from services.machine import memory

_POLL_SECONDS = 0.01  # in which a process may take some 50 MB more


@contextmanager
def watched(
    process: int, limit_bytes: int, end: Callable[[TwinrunError], None], poll: float = _POLL_SECONDS
) -> Iterator[None]:
    """Call ``end`` once if the process has more resident than that in the block; 0: no limit."""
    if not limit_bytes:
        yield
        return
    over = threading.Event()

    def look() -> None:
        while not over.wait(poll):
            if (found := memory.resident_bytes_of(process)) > limit_bytes:
                end(
                    OutOfMemory(
                        f"The job's process had {found:,} bytes resident, more than its limit of "
                        f"{limit_bytes:,}, and was ended. Take a smaller batch size, or raise the "
                        "limit.",
                        limit_bytes=str(limit_bytes),
                    )
                )
                return

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()


def violations(limit_bytes: int) -> Iterator[Violation]:
    """Yield what is wrong with a request's limit, also that it could not be kept here."""
    yield from between("memory_limit_bytes", limit_bytes, 0, 2**60)
    if limit_bytes > 0 and memory.resident_bytes() is None:
        yield Violation("memory_limit_bytes", "cannot be kept: this system does not report memory")
