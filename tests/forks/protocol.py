"""What goes through the socket between `Forked` and a server.

There: a `Request`, with its files. Back: the new process's id, and its status once it has ended.
"""

import array
import pickle
import socket
from dataclasses import dataclass

MARK = "TWINRUN_TEST"  # in the environment of what a test starts: its value is the fork's name
_LENGTH = 8


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
    return pickle.loads(_read(channel, int.from_bytes(first, "big"))), list(files)


def tell(channel: socket.socket, number: int) -> None:
    channel.sendall(number.to_bytes(_LENGTH, "big"))


def number(channel: socket.socket) -> int:
    return int.from_bytes(_read(channel, _LENGTH), "big")


def _read(channel: socket.socket, length: int) -> bytes:
    content = b""
    while len(content) < length:
        part = channel.recv(length - len(content))
        assert part, "a server of forks has ended"
        content += part
    return content
