"""A real browser: the system's Chromium, without a window, with a fresh profile for each test."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.waiting import HANG_SECONDS

_NAMES = ("chromium", "chromium-browser", "google-chrome")
# Nothing of the browser's own goes out either.
_FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_HERE = ("127.0.0.1", "localhost", "::1")


@dataclass
class Visit:
    """A page, with what it said on the console and everything that it asked for.

    What it asks of other hosts is noted and refused, so that no test reaches a network.
    """

    page: Any
    console_errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def note_message(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.console_errors.append(message.text)

    def note_fault(self, error: Any) -> None:
        self.console_errors.append(str(error))

    @property
    def external_requests(self) -> list[str]:
        return [url for url in self.requests if is_external(url)]


def is_external(url: str) -> bool:
    """Whether it is of a host other than this one."""
    return (urlsplit(url).hostname or "localhost") not in _HERE


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser, started once. Skips where there is none."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip(f"none of {', '.join(_NAMES)} is installed: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=found,
                args=list(_FLAGS),
                chromium_sandbox=os.geteuid() != 0,  # it refuses to sandbox itself as root
            )
        except api.Error as error:
            pytest.skip(f"{found} does not start: {error.message.splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium) -> Iterator[Callable[..., Visit]]:
    """Makes an empty page. Its arguments are those of playwright's ``Browser.new_context``."""
    contexts = []

    def make(**options: Any) -> Visit:
        context = chromium.new_context(
            **{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", **options}
        )
        contexts.append(context)
        context.set_default_timeout(1000 * HANG_SECONDS)
        context.route(is_external, lambda route: route.abort())
        made = Visit(context.new_page())
        made.page.on("console", made.note_message)
        made.page.on("pageerror", made.note_fault)
        made.page.on("request", lambda request: made.requests.append(request.url))
        made.page.on("websocket", lambda socket: made.requests.append(socket.url))
        return made

    yield make
    for context in contexts:
        context.close()
