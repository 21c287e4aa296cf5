"""Serves the page: GET only, to this machine only, and nothing from anywhere else."""

import asyncio
import contextvars
import json
import re
import socket
import threading
from collections.abc import AsyncIterator
from html import escape
from importlib import resources
from string import Template

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, current, english, say
from orchestrator.live import texts
from orchestrator.live.follow import Board
from orchestrator.live.messages import cursor_of, encoded, news
from orchestrator.live.state import Live

HOST = "127.0.0.1"
_NAMES = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]{1,5})?")  # `ssh -L` may change the port
_SEND_SECONDS = 0.3  # between messages to a page, so that watching costs the trial nothing
_SILENT_SECONDS = 15.0  # until a page is told that the connection is alive
_RETRY_MS = 1000  # until a page reconnects
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_FILES = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "chart.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_ONLY_GET = Phrase("This server answers GET alone: the page looks, and changes nothing.")
_ONLY_HERE = Phrase(
    "This page is for 127.0.0.1 and localhost; 'ssh -L' brings it to another machine."
)
_NO_FILE = Phrase("There is no such file.")
_TAKEN = Phrase(
    "Port {port} of {host} cannot be listened on: {why}. Give another with --port; 0: any."
)


def listening(port: int) -> socket.socket:
    """Listen on this machine's own address; 0: any free port. Raises BadInput."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise BadInput(english(_TAKEN, port=port, host=HOST, why=error.strerror)) from error
    return listener


class Server:
    """Serves in a thread of its own, from `start` to `stop`."""

    def __init__(self, board: Board, listener: socket.socket) -> None:
        self._stopping = threading.Event()
        config = uvicorn.Config(
            application(board, self._stopping),
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
        )
        self._server = uvicorn.Server(config)
        # It uses the language of the thread that created it.
        speaking = contextvars.copy_context()
        self._thread = threading.Thread(
            target=speaking.run, args=(self._server.run, [listener]), name="live", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """End at once, including open streams; return when it has ended."""
        self._stopping.set()
        self._server.should_exit = True
        self._thread.join()


def application(board: Board, stopping: threading.Event) -> ASGIApp:
    """Return the application, whose streams end when ``stopping`` is set."""

    async def events(request: Request) -> Response:
        known = request.headers.get("last-event-id") or request.query_params.get("after", "")
        return StreamingResponse(
            _stream(board, stopping, cursor_of(known)), media_type="text/event-stream"
        )

    async def index(_: Request) -> Response:
        return Response(_page(), media_type="text/html")

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _FILES:
            return PlainTextResponse(say(_NO_FILE), 404)
        return Response(_text(name), media_type=_FILES[name])

    routes = [Route("/", index), Route("/events", events), Route("/{name}", file)]
    return _Guard(Starlette(routes=routes))


async def _stream(
    board: Board, stopping: threading.Event, known: dict[str, int]
) -> AsyncIterator[bytes]:
    yield f"retry: {_RETRY_MS}\n\n".encode()
    seen: Live | None = None
    overview, silent = "", 0.0
    while not stopping.is_set():
        live = board.live
        if live is not seen:
            seen, silent = live, 0.0
            for event, data, after in news(live, known, overview):
                known = after
                overview = data if event == "overview" else overview
                yield encoded(event, data, known)
        elif silent >= _SILENT_SECONDS:
            silent = 0.0
            yield b": nothing new\n\n"
        await asyncio.sleep(_SEND_SECONDS)
        silent += _SEND_SECONDS


def _page() -> str:
    words = {name: say(text) for name, text in texts.PAGE.items()}
    # No character that HTML could interpret is left in the script's texts.
    script = json.dumps(words).replace("<", "\\u003c")
    escaped = {name: escape(text) for name, text in words.items()}
    return Template(_text("index.html")).substitute(escaped, words=script, language=current())


def _text(name: str) -> str:
    return resources.files("orchestrator.live").joinpath("page", name).read_text("utf-8")


class _Guard:
    """Admits requests from a browser on this machine, under this machine's own name.

    A page elsewhere whose name resolves to 127.0.0.1 (DNS rebinding) arrives under its own name.
    """

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        name = Headers(scope=scope).get("host", "")
        answer = self._inner
        if not _NAMES.fullmatch(name):
            answer = PlainTextResponse(say(_ONLY_HERE), 421)
        elif scope["method"] != "GET":
            answer = PlainTextResponse(say(_ONLY_GET), 405, {"Allow": "GET"})
        await answer(scope, receive, send_guarded)
