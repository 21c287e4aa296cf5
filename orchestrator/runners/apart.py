"""gRPC's calls in threads of their own, so that Ctrl-C never strikes inside of gRPC.

KeyboardInterrupt comes between any two steps of the main thread. Inside gRPC it can leave one of
its locks held for ever; then every later call hangs, and so does closing the channel.
"""

import _thread
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import grpc

_Outcome = tuple[Any, BaseException | None]


class Channel:
    """A channel for a stub; it behaves as ``channel``, but for where its calls run."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel

    def unary_unary(self, *what: Any, **how: Any) -> Callable[..., Any]:
        """Return the method; it returns the answer."""
        method = self._channel.unary_unary(*what, **how)
        return lambda request, **options: _apart(lambda: method(request, **options))

    def unary_stream(self, *what: Any, **how: Any) -> Callable[..., "Stream"]:
        """Return the method; it returns a stream of answers."""
        method = self._channel.unary_stream(*what, **how)
        return lambda request, **options: Stream(lambda: method(request, **options))

    def close(self) -> None:
        """End all calls."""
        _apart(self._channel.close)


class Failed(grpc.RpcError):
    """How a stream failed. gRPC raises the call itself, which takes locks when it is freed."""

    def __init__(self, call: Any) -> None:
        super().__init__(str(call))
        self._code, self._details = call.code(), call.details()
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
    """The answers to a call, as they arrive; its error is raised after them."""

    def __init__(self, begin: Callable[[], Any]) -> None:
        self._answers: SimpleQueue[_Outcome] = SimpleQueue()
        self._call: Any = None
        self._cancelled = False
        _start(lambda: self._read(begin))

    def _read(self, begin: Callable[[], Any]) -> None:
        end: BaseException = StopIteration()
        try:
            self._call = begin()
            if self._cancelled:
                self._call.cancel()
            for answer in self._call:
                self._answers.put((answer, None))
        except grpc.RpcError as error:
            end = Failed(error)
        except BaseException as error:  # noqa: BLE001 - raised where the answers are taken
            end = error
        self._call = None  # let go of here: gRPC takes locks when a call is freed, too
        self._answers.put((None, end))

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        answer, end = self._answers.get()
        if end is not None:
            self._answers.put((None, end))  # for whoever asks again
            raise end
        return answer

    def cancel(self) -> None:
        """Let it end soon, with an error."""
        self._cancelled = True  # before the call is looked for: `_read` looks the other way round
        _start(self._end)

    def _end(self) -> None:
        call = self._call
        if call is not None:
            call.cancel()


def _apart(function: Callable[[], Any]) -> Any:
    """Call the function in another thread; return its result, or raise its error."""
    outcomes: SimpleQueue[_Outcome] = SimpleQueue()

    def run() -> None:
        try:
            outcomes.put((function(), None))
        except BaseException as error:  # noqa: BLE001 - raised by whoever waits
            outcomes.put((None, error))

    _start(run)
    result, error = outcomes.get()
    if error is not None:
        raise error
    return result


def _start(function: Callable[[], Any]) -> None:
    # Not `Thread.start`, which waits under a lock of its own, where Ctrl-C strikes too.
    _thread.start_new_thread(function, ())
