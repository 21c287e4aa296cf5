"""The one place where an exception becomes a gRPC status, for unary and streaming calls."""

import contextlib
import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

import grpc
from grpc_status import rpc_status
from twinrun.contract.violation import Violation

from services.access import audit
from services.access.guard import Guard
from services.access.roles import Caller
from services.errors import InvalidRequest, TwinrunError
from services.runner.status import error_to_status

_log = logging.getLogger(__name__)
_Admit: TypeAlias = Callable[[grpc.ServicerContext], AbstractContextManager[Caller]]
_Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # generic for type checkers only


@dataclass(frozen=True, slots=True)
class _NoMessage:
    """Stands for a request whose bytes are not its message."""

    size: int
    why: str


class Interceptor(grpc.ServerInterceptor):
    """Lets in whom ``guard`` admits; answers with the status of the error that a method raised."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], "_Handler | None"],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "_Handler | None":
        handler = continuation(handler_call_details)
        if handler is None:
            return None
        method = handler_call_details.method
        admit = functools.partial(self._guard.admitted, method)
        if self._guard.turns_away(method, handler_call_details.invocation_metadata or ()):
            # As a stream, of which nothing is read.
            return grpc.stream_unary_rpc_method_handler(_gathered(method, admit, _unread))
        serializers = (_lenient(handler.request_deserializer), handler.response_serializer)
        if handler.unary_unary is not None:
            call = _unary(method, admit, handler.unary_unary)
            return grpc.unary_unary_rpc_method_handler(call, *serializers)
        if handler.unary_stream is not None:
            stream = _stream(method, admit, handler.unary_stream)
            return grpc.unary_stream_rpc_method_handler(stream, *serializers)
        if handler.stream_unary is not None:
            gathered = _gathered(method, admit, handler.stream_unary)
            return grpc.stream_unary_rpc_method_handler(gathered, *serializers)
        if handler.stream_stream is not None:  # of gRPC's reflection
            both = _streams(method, admit, handler.stream_stream)
            return grpc.stream_stream_rpc_method_handler(both, *serializers)
        raise AssertionError(f"{method} is of a kind that no service here has")


def _lenient(deserialize: Callable[[bytes], Any] | None) -> Callable[[bytes], Any]:
    """Return a deserializer that does not raise.

    For one that does, gRPC answers INTERNAL, logs a traceback and never frees the call's memory.
    """

    def read(content: bytes) -> Any:
        try:
            return deserialize(content) if deserialize else content
        except Exception as error:  # noqa: BLE001 - protobuf's own differs by its implementation
            return _NoMessage(len(content), str(error))

    return read


def _checked(method: str, request: Any) -> Any:
    """Return the request. Raises InvalidRequest if its bytes are not its message."""
    if isinstance(request, _NoMessage):
        _log.warning("%s: %d bytes that are no request: %s", method, request.size, request.why)
        what = f"has {request.size} bytes that are not a message of {method}: {request.why}"
        raise InvalidRequest([Violation("request", what)])
    return request


def _unary(method: str, admit: _Admit, behavior: Callable[..., Any]) -> Callable[..., Any]:
    def call(request: Any, context: grpc.ServicerContext) -> Any:
        try:
            with admit(context) as caller:
                answer = behavior(_checked(method, request), context)
                audit.note(method, caller, context, answer)
                return answer
        except Exception as error:  # noqa: BLE001 - whatever it is, a client is told
            _abort(error, context)

    return call


def _gathered(method: str, admit: _Admit, behavior: Callable[..., Any]) -> Callable[..., Any]:
    def call(requests: Iterator[Any], context: grpc.ServicerContext) -> Any:
        try:
            with admit(context) as caller:
                answer = behavior(_until_gone(method, requests), context)
                audit.note(method, caller, context, answer)
                return answer
        except Exception as error:  # noqa: BLE001 - whatever it is, a client is told
            _abort(error, context)

    return call


def _unread(_requests: Iterator[Any], _context: grpc.ServicerContext) -> NoReturn:
    raise AssertionError("a call that is nobody's was let in")


def _until_gone(method: str, requests: Iterator[Any]) -> Iterator[Any]:
    """Yield what a client sends, until it has sent all or has gone: what came is not lost."""
    with contextlib.suppress(grpc.RpcError):
        for request in requests:
            yield _checked(method, request)


def _stream(
    method: str, admit: _Admit, behavior: Callable[..., Iterator[Any]]
) -> Callable[..., Iterator[Any]]:
    def call(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        try:
            with admit(context):
                yield from behavior(_checked(method, request), context)
        except Exception as error:  # noqa: BLE001 - whatever it is, a client is told
            _abort(error, context)

    return call


def _streams(
    method: str, admit: _Admit, behavior: Callable[..., Iterator[Any]]
) -> Callable[..., Iterator[Any]]:
    def call(requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        try:
            with admit(context):
                yield from behavior((_checked(method, each) for each in requests), context)
        except TwinrunError as error:
            _abort(error, context)

    return call


def _abort(error: Exception, context: grpc.ServicerContext) -> NoReturn:
    if not isinstance(error, TwinrunError):
        _log.error("unforeseen", exc_info=error)
        error = TwinrunError(f"The runner failed: {type(error).__name__}: {error}.")
    context.abort_with_status(rpc_status.to_status(error_to_status(error)))
    raise AssertionError from error  # abort_with_status raises
