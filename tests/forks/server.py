"""Forks a process for each request: ``python -m tests.forks.server ADDRESS MODULE``.

Imports MODULE, and with it what the processes need. Has one thread of Python's, starts nothing
else, and ends with its standard input.
"""

import fcntl
import gc
import importlib
import io
import os
import runpy
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from tests.forks import protocol

_BEYOND = 512  # numbers of files that no process has
_STREAMS = (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w"))
_TOLD = 15  # characters of a name in /proc


def tasks() -> int:
    """Return how many threads this process has, those of libraries too."""
    return sum(1 for _ in Path("/proc/self/task").iterdir())


def fork(begun: int) -> int:
    """Return as os.fork. Raises NotForked if there are more than the ``begun`` threads, OSError."""
    if (more := tasks() - begun) > 0:
        raise protocol.NotForked(
            f"A server of forks has {more} more thread{'s' if more > 1 else ''} than after its "
            "imports. A fork has none of them, and may wait for ever for what they hold. Start no "
            "thread in what it imports."
        )
    return os.fork()


def serve(address: Path) -> Callable[[], None]:
    """Answer until the input ends; return in each forked process what it has to do."""
    begun = tasks()
    listener = socket.socket(socket.AF_UNIX)
    unready = address.with_suffix(".unready")
    listener.bind(str(unready))
    listener.listen(64)
    unready.rename(address)
    ended, wakes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests
    waiting = selectors.DefaultSelector()
    for each in (listener, ended, sys.stdin):
        waiting.register(each, selectors.EVENT_READ)
    children: dict[int, socket.socket] = {}
    while True:
        for key, _ in waiting.select():
            if key.fileobj is sys.stdin:
                return lambda: None
            if key.fileobj == ended:
                os.read(ended, 4096)
                _tell_of_ended(children)
                continue
            channel = listener.accept()[0]
            try:
                request, files = protocol.received(channel)
            except (AssertionError, OSError):  # who asked has died
                channel.close()
                continue
            try:
                pid = fork(begun)
            except (protocol.NotForked, OSError) as error:
                protocol.refuse(channel, error)
                channel.close()
            else:
                if not pid:
                    waiting.close()
                    return lambda: _become(request, files, channel)
                children[pid] = channel
            protocol.close(files)


def _tell_of_ended(children: dict[int, socket.socket]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with children.pop(pid) as channel:
            try:
                protocol.tell(channel, status)
            except OSError:
                continue  # nobody waits for it


def _enter(request: protocol.Request) -> None:
    """Make this process one of its own, as it is asked for."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if request.starts_session:
        os.setsid()
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.env)
    if mark := request.env.get(protocol.MARK):
        Path("/proc/self/comm").write_text(mark[:_TOLD])


def _become(request: protocol.Request, files: list[int], channel: socket.socket) -> None:
    """Run the module as Python would, with nothing of the server's but its modules."""
    try:
        _enter(request)
    except (OSError, ValueError) as error:
        protocol.refuse(channel, error)
        os._exit(1)
    protocol.tell(channel, os.getpid())
    kept = [fcntl.fcntl(file, fcntl.F_DUPFD, _BEYOND) for file in files]
    channel.detach()
    os.closerange(3, _BEYOND)
    for file, number in zip(kept, request.files, strict=True):
        os.dup2(file, number)
        os.close(file)
    for name, file, mode in _STREAMS:
        was = getattr(sys, name)
        raw = io.FileIO(file, mode, closefd=False)
        buffered = io.BufferedReader if mode == "r" else io.BufferedWriter
        stream = io.TextIOWrapper(
            raw if isinstance(was.buffer, io.FileIO) else buffered(raw),
            was.encoding,
            was.errors,
            line_buffering=was.line_buffering,
            write_through=was.write_through,
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.path[:1] = [] if request.is_safe else [request.folder]
    module, *arguments = request.words
    sys.argv = [module, *arguments]
    sys.modules.pop(module, None)  # it becomes the main one
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def main() -> Callable[[], None]:
    address, warm = sys.argv[1:]
    importlib.import_module(warm)
    gc.collect()
    gc.freeze()  # what is not looked through is not copied
    return serve(Path(address))


if __name__ == "__main__":
    main()()
