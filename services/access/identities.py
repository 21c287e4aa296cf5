"""The file of those who may call.

A line each: ``NAME ROLE SHA-256``, of a token, or ``NAME ROLE certificate``.
"""

import hashlib
import hmac
import logging
import os
import re
import stat
import threading
from dataclasses import dataclass
from pathlib import Path

from twinrun.contract import callers

from services.access.faults import AccessFault
from services.access.roles import Caller, Role

_log = logging.getLogger("twinrun")
CERTIFICATE = "certificate"
_ROLES = {"watch": Role.WATCH, "run": Role.RUN}
_SHA256 = re.compile("[0-9a-f]{64}")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MOST_BYTES = 2**20
_SECRETS = Path("/run/secrets")  # of a container, where modes are the host's and nobody else is


@dataclass(frozen=True, slots=True)
class Identities:
    """``tokens``: by the digest of their token; ``certificates``: by the certificate's name."""

    tokens: dict[bytes, Caller]
    certificates: dict[str, Caller]

    def of_token(self, token: str) -> Caller | None:
        """Return whose token it is. It takes as long for each token, known or not."""
        digest = hashlib.sha256(token.encode()).digest()
        found = None
        for known, caller in self.tokens.items():
            if hmac.compare_digest(known, digest):
                found = caller
        return found


def read(path: Path) -> Identities:
    """Read the file. Raises AccessFault, which names every line that is wrong."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS and _SECRETS not in path.parents:
                raise AccessFault(
                    f"{path} can be read or changed by others than its owner: chmod 600 {path}"
                )
            text = file.read(_MOST_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise AccessFault(f"{path} cannot be read: {error}") from error
    found, faults = Identities({}, {}), []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].split()
        fault = _add(words, found) if words else None
        if fault:
            faults.append(f"line {number} {fault}")
    if faults:
        raise AccessFault(f"{path}: {'; '.join(faults)}")
    return found


def _add(words: list[str], found: Identities) -> str | None:
    """Add the line's identity; return what is wrong with it."""
    if len(words) != 3:
        return f"has {len(words)} words; it must be NAME ROLE SHA-256 or NAME ROLE certificate"
    name, role, proof = words
    if not callers.NAME.fullmatch(name):
        return f"names {name[:70]!r}; a name has at most 64 letters, digits and . _ @ -"
    if role not in _ROLES:
        return f"gives {name} the role {role[:20]!r}; roles are {' and '.join(_ROLES)}"
    caller = Caller(name, _ROLES[role])
    if proof == CERTIFICATE:
        if name in found.certificates:
            return f"names the certificate of {name} again"
        found.certificates[name] = caller
        return None
    if not _SHA256.fullmatch(proof):
        return f"gives {name} something other than a SHA-256 of 64 hexadecimal digits"
    if bytes.fromhex(proof) in found.tokens:
        return f"has a token that stands there already, for {name}"
    found.tokens[bytes.fromhex(proof)] = caller
    return None


class IdentitiesFile:
    """The file's identities, read again when it has changed.

    What cannot be read changes nothing: the last ones stay, and the log says so once.
    """

    def __init__(self, path: Path) -> None:
        """Read it. Raises AccessFault."""
        self._path = path
        self._reading = threading.Lock()
        self._version = self._now()
        self._known = read(path)

    def known(self) -> Identities:
        """Return them as they are now."""
        with self._reading:
            version = self._now()
            if version != self._version:
                self._version = version
                try:
                    self._known = read(self._path)
                except AccessFault as error:
                    _log.warning("identities stay as they were: %s", error)
                else:
                    _log.info("identities read again from %s", self._path)
            return self._known

    def _now(self) -> tuple[int, ...] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size, found.st_mode
