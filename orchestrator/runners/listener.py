"""The process that listens at an address of this machine, if Linux reports it."""

import os
import pwd
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_PROC = Path("/proc")
_LISTENING = "0A"
_WILDCARDS = {"0.0.0.0", "::"}  # noqa: S104 - nothing is bound to them here


@dataclass(frozen=True, slots=True)
class Listener:
    """``owner``: of its socket; ``pid`` and ``started`` (ISO 8601) only if visible to this user."""

    user_id: int
    owner: str
    pid: int | None = None
    started: str | None = None


def listener(address: str) -> Listener | None:
    """Return the listener of HOST:PORT on this machine's loopback. None: it is not known."""
    host, _, port = address.rpartition(":")
    try:
        addresses = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
        hosts = {str(place[0]) for *_, place in addresses}
        if not all(each == "::1" or each.startswith("127.") for each in hosts):
            return None
        for name in ("tcp", "tcp6"):
            for line in (_PROC / "net" / name).read_text().splitlines()[1:]:
                _, local, _, state, *_, user_id, _, inode = line.split()[:10]
                if state == _LISTENING and _is_at(local, hosts, int(port)):
                    return _of(int(user_id), inode)
    except (OSError, ValueError):
        pass
    return None


def of_process(pid: int) -> Listener | None:
    """Return the listener of a known process. None: it is not known."""
    try:
        user_id = (_PROC / str(pid)).stat().st_uid
    except OSError:
        return None
    return Listener(user_id, _name(user_id), pid, _started(pid))


def _is_at(local: str, hosts: set[str], port: int) -> bool:
    """Return whether a line's address, hexadecimal words in native byte order, matches."""
    words, _, local_port = local.partition(":")
    packed = b"".join(
        struct.pack("=I", int(words[place : place + 8], 16)) for place in range(0, len(words), 8)
    )
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    host = socket.inet_ntop(family, packed)
    return int(local_port, 16) == port and (
        host in _WILDCARDS or host.removeprefix("::ffff:") in hosts
    )


def _of(user_id: int, inode: str) -> Listener:
    for process in _PROC.glob("[0-9]*"):
        with suppress(OSError):  # another user's, or gone
            if any(
                str(each.readlink()) == f"socket:[{inode}]" for each in (process / "fd").iterdir()
            ):
                pid = int(process.name)
                return Listener(user_id, _name(user_id), pid, _started(pid))
    return Listener(user_id, _name(user_id))


def _name(user_id: int) -> str:
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return str(user_id)


def _started(pid: int) -> str | None:
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        booted = next(
            int(line.split()[1])
            for line in (_PROC / "stat").read_text().splitlines()
            if line.startswith("btime ")
        )
    except (OSError, StopIteration):
        return None
    seconds = booted + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
