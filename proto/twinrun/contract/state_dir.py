"""A runner's state directory: whose it is, whether a runner has it, and who uses that runner.

``lock`` is the runner's, from before its process starts until it has ended. ``lease`` is shared by
the commands that use it; whoever ends it, and the runner that ends by itself, must have it alone.
The kernel lets go of both with the process that held them.
"""

import contextlib
import errno
import fcntl
import os
import re
import stat
from pathlib import Path

ADDRESS, LOCK, LEASE, LOG = "address", "lock", "lease", "runner.log"
_ROOT = 0
_PARTIAL = re.compile(r"\..+?\.(?P<pid>[0-9]+)(\.[0-9]+)?")  # of what writes files whole


def prepare(path: Path) -> None:
    """Make the directory, for its user alone. Raises OSError, of another user's too.

    The system's own, as a mounted volume may be, stays as it is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_dir():
        with contextlib.suppress(FileExistsError):  # another command was quicker
            make(path)
    for found in (path.lstat(), path.stat()):  # a link, and what it leads to
        _refuse_others(path, found, trusted=_ROOT)
    inside = {each.name for each in path.iterdir()}
    if found.st_uid == os.geteuid() and (not inside or "jobs" in inside):  # else of another use
        path.chmod(0o700)


def make(path: Path) -> None:
    """A new directory, mode 0700 whatever the umask. Raises OSError."""
    path.mkdir(mode=0o700)
    path.chmod(0o700)


def opened(path: Path, flags: int) -> int:
    """A file's descriptor; a new file has mode 0600 whatever the umask.

    Raises OSError, of a link and of another user's file too.
    """
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        _refuse_others(path, os.fstat(descriptor))
        if flags & os.O_CREAT:
            os.fchmod(descriptor, 0o600)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def read(path: Path) -> str | None:
    """A file's text; None: there is none that is this user's own."""
    try:
        with os.fdopen(opened(path, os.O_RDONLY), encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return None


def held(path: Path, *, alone: bool) -> int | None:
    """A descriptor that holds the lock file; None: another process does. Raises OSError."""
    descriptor = opened(path, os.O_RDWR | os.O_CREAT)
    if not hold(descriptor, alone=alone):
        os.close(descriptor)
        return None
    return descriptor


def hold(descriptor: int, *, alone: bool, wait: bool = False) -> bool:
    """Whether the descriptor holds its lock file now. One that held it may do so no longer."""
    kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    try:
        fcntl.flock(descriptor, kind if wait else kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def sweep(directory: Path) -> None:
    """Remove what processes that were killed had half written. Raises OSError."""
    for path in directory.rglob(".*"):
        if (partial := _PARTIAL.fullmatch(path.name)) and not _lives(int(partial["pid"])):
            path.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    """Whether another process has the number: one of this process's own was one before it."""
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _refuse_others(path: Path, found: os.stat_result, trusted: int | None = None) -> None:
    if found.st_uid not in (os.geteuid(), trusted):
        what = "a link" if stat.S_ISLNK(found.st_mode) else "a file or directory"
        raise PermissionError(
            errno.EPERM, f"it is {what} of another user, {found.st_uid}", str(path)
        )
