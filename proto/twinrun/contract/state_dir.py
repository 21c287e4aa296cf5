"""A runner's state directory: who owns it, whether a runner holds it, and who uses that runner.

The runner holds ``lock`` from before its process starts until it has ended. The commands that use
it share ``lease``; whoever ends the runner, or the runner that ends by itself, must hold it alone.
The kernel releases both when the process that holds them ends.
"""

import contextlib
import errno
import fcntl
import os
import re
import stat
from pathlib import Path

ADDRESS, SOCKET, LOCK, LEASE, LOG = "address", "socket", "lock", "lease", "runner.log"
_ROOT = 0
_PARTIAL = re.compile(r"\..+?\.(?P<pid>[0-9]+)(\.[0-9]+)?")  # of files that are being written whole


def prepare(path: Path) -> None:
    """Create the directory, private to its user. Raises OSError, also if another user owns it.

    A directory of the system, such as a mounted volume, stays as it is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_dir():
        with contextlib.suppress(FileExistsError):  # another command was faster
            make(path)
    for status in (path.lstat(), path.stat()):  # a link, and what it leads to
        _refuse_others(path, status, trusted=_ROOT)
    inside = {each.name for each in path.iterdir()}
    if status.st_uid == os.geteuid() and (not inside or "jobs" in inside):  # else another use
        path.chmod(0o700)


def make(path: Path) -> None:
    """Create a directory with mode 0700, whatever the umask. Raises OSError."""
    path.mkdir(mode=0o700)
    path.chmod(0o700)


def opened(path: Path, flags: int) -> int:
    """Open a file and return its descriptor; a new file has mode 0600, whatever the umask.

    Raises OSError, also for a link and for another user's file.
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
    """Return a file's text, or None if there is no file that is this user's own."""
    try:
        with os.fdopen(opened(path, os.O_RDONLY), encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return None


def held(path: Path, *, alone: bool) -> int | None:
    """Lock the file and return its descriptor, or None if another process holds it.

    Raises OSError.
    """
    descriptor = opened(path, os.O_RDWR | os.O_CREAT)
    if not hold(descriptor, alone=alone):
        os.close(descriptor)
        return None
    return descriptor


def hold(descriptor: int, *, alone: bool, wait: bool = False) -> bool:
    """Lock the descriptor's file and return whether it holds it now.

    Converting a lock that it holds may lose it.
    """
    kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    try:
        fcntl.flock(descriptor, kind if wait else kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def sweep(directory: Path) -> None:
    """Remove files that killed processes had only partly written. Raises OSError."""
    for path in directory.rglob(".*"):
        if (partial := _PARTIAL.fullmatch(path.name)) and not _lives(int(partial["pid"])):
            path.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    """Return whether a process other than this one has the number.

    A file with this process's number was written by an earlier process.
    """
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
