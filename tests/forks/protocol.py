"""What goes through the socket between `Forked` and a server.

There: a `Request`, with its files. Back: the new process's id, and its status once it has ended; or
0, and why there is no process.
"""

import array
import os
import pickle
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

MARK = "TWINRUN_TEST"  # in the environment of what a test starts: its value is the fork's name
_LENGTH = 8
_ZERO = bytes(_LENGTH)
_HALF = "the other end of a channel of forks has ended"


class NotForked(Exception):
    """There is no process: its server says why."""


@dataclass
class Request:
    words: list[str]  # the module, and its arguments
    folder: str
    env: dict[str, str]
    files: list[int]  # the numbers that its files get
    starts_session: bool
    is_safe: bool  # nothing is imported from its folder: -P


def send(channel: socket.socket, request: Request, files: list[int]) -> None:
    content = pickle.dumps(request)
    socket.send_fds(channel, [len(content).to_bytes(_LENGTH, "big")], files)
    channel.sendall(content)


def received(channel: socket.socket) -> tuple[Request, list[int]]:
    """Return a request, and its files under their numbers of here."""
    most = 32 * array.array("i").itemsize
    first, files, _, _ = socket.recv_fds(channel, _LENGTH, most)
    try:
        assert len(first) == _LENGTH, _HALF
        return pickle.loads(_read(channel, int.from_bytes(first, "big"))), list(files)
    except BaseException:
        close(files)
        raise


def close(files: Iterable[int]) -> None:
    for file in files:
        os.close(file)


def tell(channel: socket.socket, number: int) -> None:
    channel.sendall(number.to_bytes(_LENGTH, "big"))


def refuse(channel: socket.socket, why: object) -> None:
    content = str(why).encode()
    with suppress(OSError):  # nobody waits for it
        channel.sendall(b"".join([_ZERO, len(content).to_bytes(_LENGTH, "big"), content]))


def started(channel: socket.socket) -> int:
    """Return the new process's id. Raises NotForked."""
    if pid := number(channel):
        return pid
    raise NotForked(_read(channel, number(channel)).decode())


def number(channel: socket.socket) -> int:
    return int.from_bytes(_read(channel, _LENGTH), "big")


def _read(channel: socket.socket, length: int) -> bytes:
    content = b""
    while len(content) < length:
        part = channel.recv(length - len(content))
        assert part, _HALF
        content += part
    return content
