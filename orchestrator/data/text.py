"""A text as tokens: its bytes, in windows, and the byte that follows each of them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orchestrator.data.samples import Samples, require_file
from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english

_LANGUAGE_KEY = 2**37  # of Philox's keys: no other use draws from it
_LETTERS = 24
_LANGUAGE_TOKENS = 32 * 1_250
_FOLLOWERS = np.array([0.6, 0.25, 0.15])  # probabilities of what may follow two letters

_NOT_READ = Phrase("{path} cannot be read: {error}.")
_SHORT = Phrase(
    "{path} has {count:,} bytes; at least {least:,} are needed: two samples of {context} bytes, "
    "each with the byte that follows."
)
_ONE_BYTE = Phrase("{path} has one byte only, again and again; nothing can be learnt.")


def samples(path: Path, context: int) -> Samples:
    """Return the file's bytes as samples of ``context`` tokens. Raises BadInput.

    Codes count the different bytes that the file has, from the lowest.
    """
    require_file(path)
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise BadInput(english(_NOT_READ, path=path, error=error.strerror)) from None
    least = 2 * context + 1
    if len(content) < least:
        sizes = {"count": len(content), "least": least, "context": context}
        raise BadInput(english(_SHORT, path=path, **sizes))
    found, codes = np.unique(content, return_inverse=True)
    if len(found) == 1:
        raise BadInput(english(_ONE_BYTE, path=path))
    return _windows(codes.astype(np.int32), context, tuple(map(_name, found.tolist())))


def language() -> Samples:
    """Return samples of a made-up language: what follows depends on the last two letters.

    By itself the last letter tells less, so a model that looks back does better.
    """
    random = np.random.Generator(np.random.Philox(key=_LANGUAGE_KEY))
    followers = random.integers(_LETTERS, size=(_LETTERS, _LETTERS, len(_FOLLOWERS)))
    choices = random.choice(len(_FOLLOWERS), size=_LANGUAGE_TOKENS, p=_FOLLOWERS)
    codes = np.zeros(_LANGUAGE_TOKENS, np.int32)
    for place in range(2, _LANGUAGE_TOKENS):
        codes[place] = followers[codes[place - 2], codes[place - 1], choices[place]]
    names = tuple(chr(ord("a") + code) for code in range(_LETTERS))
    return _windows(codes, 32, names)


def _windows(codes: NDArray[np.int32], context: int, names: tuple[str, ...]) -> Samples:
    count = (len(codes) - 1) // context
    now, following = (
        part[: count * context].reshape(count, context) for part in (codes, codes[1:])
    )
    return Samples(now, following, codes=len(names), tokens=names)


def _name(byte: int) -> str:
    return chr(byte) if ord(" ") < byte < 127 else f"\\x{byte:02x}"
