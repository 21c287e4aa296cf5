"""gRPC's calls in threads of their own, so that Ctrl-C never strikes inside of gRPC.

KeyboardInterrupt comes between any two steps of the main thread. Inside gRPC it can leave one of
its locks held for ever; then every later call hangs, and so does closing the channel. So the main
thread only waits for what a queue brings, and gets none of gRPC's own objects, which take locks
when they are freed.
"""

import _thread
import contextvars
import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

import grpc

_LOOK_SECONDS = 0.2
_AHEAD = 100  # answers that are read before they are asked for


class Channel:
    """A channel for a stub; it behaves as ``channel``, but for where its calls run."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel

    def unary_unary(self, *what: Any, **how: Any) -> Callable[..., Any]:
        """Return the method; it returns the answer."""
        method = self._channel.unary_unary(*what, **how)
        return lambda request, **options: apart(lambda: method(request, **options))

    def unary_stream(self, *what: Any, **how: Any) -> Callable[..., Iterator[Any]]:
        """Return the method; it returns what `Stream` yields."""
        method = self._channel.unary_stream(*what, **how)
        return lambda request, **options: iter(Stream(lambda: method(request, **options)))

    def stream_unary(self, *what: Any, **how: Any) -> Callable[..., Any]:
        """Return the method; it returns the answer. gRPC takes the requests in a thread."""
        method = self._channel.stream_unary(*what, **how)
        return lambda requests, **options: apart(lambda: method(requests, **options))

    def close(self) -> None:
        """End all calls."""
        apart(self._channel.close)


class Failed(grpc.RpcError):
    """How a call failed, without the call, which is what gRPC raises."""

    def __init__(self, call: Any) -> None:
        super().__init__(str(call))
        self._code: grpc.StatusCode = call.code()
        self._details: str = call.details()
        self._metadata = call.trailing_metadata()

    def code(self) -> grpc.StatusCode:
        """Return the status."""
        return self._code

    def details(self) -> str:
        """Return the message."""
        return self._details

    def trailing_metadata(self) -> Any:
        """Return what else the runner sent."""
        return self._metadata


class Stream:
    """The answers to a call, as they arrive; None whenever none has come for a moment.

    The call begins with the first answer that is asked for, and ends with the iteration.
    """

    def __init__(self, begin: Callable[[], Any]) -> None:
        self._begin = begin
        self._answers: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        self._room: SimpleQueue[None] = SimpleQueue()
        self._call: Any = None
        self._over = False

    def __iter__(self) -> Iterator[Any]:
        try:
            for _ in range(_AHEAD):
                self._room.put(None)
            start(self._read)
            while True:
                try:
                    answer, end = self._answers.get(timeout=_LOOK_SECONDS)
                except Empty:
                    yield None
                    continue
                if isinstance(end, StopIteration):
                    return
                if end is not None:
                    raise end
                self._room.put(None)
                yield answer
        finally:
            self._over = True  # before the call is looked for: `_read` looks the other way round
            self._room.put(None)
            if self._call is not None:
                start(self._cancel)

    def _read(self) -> None:
        try:
            self._call = call = self._begin()
            if self._over:
                call.cancel()
            for answer in call:
                self._answers.put((answer, None))
                if self._over:
                    call.cancel()
                else:
                    self._room.get()
            end: BaseException = StopIteration()
        except BaseException as error:  # noqa: BLE001 - raised where the answers are taken
            end = _let_go(error)
        self._call = call = None
        self._answers.put((None, end))

    def _cancel(self) -> None:
        call = self._call
        if call is not None:
            call.cancel()


class AtOnce:
    """Functions that run at once, each in a thread of its own, by their names.

    ``running``: those that have not ended; ``results``: what those that have ended returned, in the
    order in which they began, else None.
    """

    def __init__(self) -> None:
        self.running: list[str] = []
        self.results: dict[str, Any] = {}
        self._ends: SimpleQueue[BaseException | None] = SimpleQueue()

    def begin(self, name: str, function: Callable[[], Any]) -> None:
        begin = _thread_of(partial(self._run, name, function))
        # Ctrl-C strikes after a call, and here is none before the thread runs: a function that
        # never began would be waited for without end.
        self.results[name] = None
        self.running += [name]
        begin()

    def wait(self, seconds: float = math.inf) -> None:
        """Wait until the next one ends, or for so long; raise its error."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:  # now and then: Ctrl-C from just before a lock is waited for does not end the wait
                error = self._ends.get(timeout=min(_LOOK_SECONDS, left))
            except Empty:
                continue
            if error is not None:
                raise error
            return

    def _run(self, name: str, function: Callable[[], Any]) -> None:
        error = None
        try:
            self.results[name] = function()
        except BaseException as raised:  # noqa: BLE001 - raised by whoever waits
            error = _let_go(raised)
        self.running.remove(name)  # here: Ctrl-C may take from whoever waits what it waited for
        self._ends.put(error)


def apart(function: Callable[[], Any]) -> Any:
    """Call the function in another thread; return its result, or raise its error."""
    alone = AtOnce()
    alone.begin("", function)
    alone.wait()
    return alone.results[""]


def start(function: Callable[[], object]) -> None:
    """Call the function in another thread, which the end of the program does not wait for."""
    _thread_of(function)()


def _thread_of(function: Callable[[], object]) -> Callable[[], object]:
    """Return what calls the function in another thread; it runs no line of Python before."""
    # Not `Thread.start`, which waits under a lock of its own, where Ctrl-C strikes too.
    return partial(_thread.start_new_thread, contextvars.copy_context().run, (function,))


def _let_go(error: BaseException) -> BaseException:
    """Return what to raise elsewhere; gRPC's own is freed here: its traceback holds itself."""
    if not isinstance(error, grpc.RpcError):
        return error
    error.__traceback__ = None
    return Failed(error)
