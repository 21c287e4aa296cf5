"""The one place where an exception becomes a gRPC status, for unary and streaming calls."""

import logging
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TypeAlias

import grpc
from grpc_status import rpc_status

from services.errors import TwinrunError
from services.runner.status import error_to_status

_log = logging.getLogger(__name__)
_Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # generic for type checkers only


class ErrorInterceptor(grpc.ServerInterceptor):
    """Answers with the status of the error that a method raised."""

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], "_Handler | None"],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "_Handler | None":
        handler = continuation(handler_call_details)
        if handler is None:
            return None
        serializers = (handler.request_deserializer, handler.response_serializer)
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(_unary(handler.unary_unary), *serializers)
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(_stream(handler.unary_stream), *serializers)
        return handler


def _unary(method: Callable[..., Any]) -> Callable[..., Any]:
    def call(request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(request, context)
        except Exception as error:  # noqa: BLE001 - whatever it is, a client is told
            _abort(error, context)

    return call


def _stream(method: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    def call(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        try:
            yield from method(request, context)
        except Exception as error:  # noqa: BLE001 - whatever it is, a client is told
            _abort(error, context)

    return call


def _abort(error: Exception, context: grpc.ServicerContext) -> NoReturn:
    if not isinstance(error, TwinrunError):
        _log.error("unforeseen", exc_info=error)
        error = TwinrunError(f"The runner failed: {type(error).__name__}: {error}.")
    context.abort_with_status(rpc_status.to_status(error_to_status(error)))
    raise AssertionError from error  # abort_with_status raises
