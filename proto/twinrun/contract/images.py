"""Kinds of image files that every framework's own reader takes, known by how they begin."""

KINDS = {b"\x89PNG\r\n\x1a\n": ".png", b"\xff\xd8\xff": ".jpg"}


def suffix(begin: bytes) -> str:
    """Return the suffix for a file that begins so; empty: it is of no such kind."""
    return next((name for magic, name in KINDS.items() if begin.startswith(magic)), "")
