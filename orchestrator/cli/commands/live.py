"""The command that shows running jobs on a page."""

import signal
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.options import OutputOption, WhereOptions
from orchestrator.cli.output import to_stderr
from orchestrator.errors import BadInput
from orchestrator.frameworks import FRAMEWORKS
from orchestrator.language.phrases import Phrase, english, say
from orchestrator.runners import local

_NOT_INSTALLED = Phrase(
    "'orchestrator live' needs {package}, which this environment lacks: run 'make setup' again, or "
    "'pip install starlette uvicorn' in it."
)
_LOOK = Phrase("Open {url} in a browser. Ctrl-C ends it.")
_NO_BROWSER = Phrase("No browser could be opened; open {url} in one.")

_LOOK_SECONDS = 1.0  # between checks whether the server still serves


def live(
    where: WhereOptions,
    *,
    output: OutputOption = Path("runs"),
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0: any free one.")
    ] = 8050,
    browser: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Follow running jobs on a page in a browser: curves, progress, log, and how a run stands.

    It follows runners as they come and go, and starts neither runners nor jobs. The page is
    for this machine only: it has no password, so it listens on 127.0.0.1.

    Example: orchestrator live --open
    """
    ending = threading.Event()
    with _ended_by_signals(ending):
        try:
            from orchestrator.live import blocks, follow, runs, server  # noqa: PLC0415 - a while
        except ModuleNotFoundError as error:
            raise BadInput(english(_NOT_INSTALLED, package=error.name)) from error
        listener = server.listening(port)
        url = f"http://{server.HOST}:{listener.getsockname()[1]}/"
        places = where.places(None)
        given = [name for name, address in places.addresses.items() if address]
        names = dict.fromkeys([*FRAMEWORKS, *given, *local.versions_here(places)])
        board = follow.Board(names)
        serving = server.Server(board, listener)
        followers: list[follow.Follower | runs.RunFollower | blocks.BlockFollower] = [
            *(follow.Follower(name, places, board) for name in names),
            runs.RunFollower(output, board.show_run),
            blocks.BlockFollower(output, board),
        ]
        serving.start()
        for follower in followers:
            follower.start()
        typer.echo(say(_LOOK, url=url))
        if browser and not webbrowser.open(url):
            to_stderr(say(_NO_BROWSER, url=url))
        while serving.alive and not ending.wait(_LOOK_SECONDS):
            pass
        serving.stop()
        for follower in followers:
            follower.stop()


@contextmanager
def _ended_by_signals(ending: threading.Event) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM, however often, set ``ending``: this is how a page is meant to end."""
    before = {
        number: signal.signal(number, lambda *_: ending.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
