"""Makes tokens: 256 random bits, of which a runner keeps the SHA-256 alone."""

import hashlib
import secrets
from dataclasses import dataclass

from twinrun.contract import callers

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english

_NO_NAME = Phrase("--name is {name!r}; it must have 1 to 64 letters, digits and . _ @ -")


@dataclass(frozen=True, slots=True)
class Token:
    """``text`` is the secret; ``line`` is for the runner's file."""

    text: str
    line: str


def new(name: str, role: str) -> Token:
    """Return a new token of ``name``, whose ``role`` is watch or run. Raises BadInput."""
    if not callers.NAME.fullmatch(name):
        raise BadInput(english(_NO_NAME, name=name))
    text = secrets.token_urlsafe(32)
    return Token(text, f"{name} {role} {hashlib.sha256(text.encode()).hexdigest()}")
