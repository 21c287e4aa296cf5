"""What proves to this side which runner answers, and to a runner who calls: a folder of files.

``ca.pem``: who signed the runner's certificate. ``client.pem`` and ``client-key.pem``: the caller's
own certificate and key. ``token``: the caller's token. All but the first may be missing.
"""

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import BadInput
from orchestrator.frameworks import FRAMEWORKS
from orchestrator.language.phrases import Phrase, english

CA, CERT, KEY, TOKEN = "ca.pem", "client.pem", "client-key.pem", "token"
_OTHERS = 0o077
_NO_CA = Phrase(
    "--tls: {folder} has no {name}, the certificate of the CA that signed the runner's. "
    "'orchestrator certs new' makes one."
)
_NOT_READ = Phrase("--tls: {file} cannot be read: {error}")
_HALF = Phrase("--tls: {folder} has {name}, but not {other}: they go together.")
_NO_CERTIFICATE = Phrase("--tls: {file} is no certificate in PEM form.")
_NO_PAIR = Phrase("--tls: {key} is not the key of the certificate {cert}, or has a password.")
_OPEN = Phrase("--tls: {file} can be read by others than its owner: chmod 600 {file}")
_NO_TOKEN = Phrase("--tls: {file} is no token: it must have one line, in ASCII, without spaces.")
_TWICE = Phrase("--tls names a folder for {name} twice.")
_ALL_TWICE = Phrase("--tls names a folder for all runners twice.")


@dataclass(frozen=True, slots=True)
class Trust:
    """The folder's content; ``pair``: the caller's key and certificate."""

    folder: Path
    ca: bytes
    pair: tuple[bytes, bytes] | None = None
    token: str | None = None


def parse(texts: Sequence[str]) -> Mapping[str, Trust]:
    """Parse ``DIR`` and ``pytorch=DIR``; return what to trust by framework. Raises BadInput."""
    folders = dict[str, str]()
    for text in texts:
        name, _, folder = text.rpartition("=")
        if name not in FRAMEWORKS:
            name, folder = "", text
        if name in folders:
            raise BadInput(english(_TWICE, name=name) if name else english(_ALL_TWICE))
        folders[name] = folder
    read_once = {folder: read(Path(folder)) for folder in dict.fromkeys(folders.values())}
    chosen = {name: folders.get(name, folders.get("")) for name in FRAMEWORKS}
    return {name: read_once[folder] for name, folder in chosen.items() if folder is not None}


def read(folder: Path) -> Trust:
    """Read and check a folder. Raises BadInput."""
    ca = _content(folder / CA)
    if ca is None:
        raise BadInput(english(_NO_CA, folder=folder, name=CA))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(folder / CA)
    except ssl.SSLError as error:
        raise BadInput(english(_NO_CERTIFICATE, file=folder / CA)) from error
    return Trust(folder, ca, _pair(folder, context), read_token(folder))


def _pair(folder: Path, context: ssl.SSLContext) -> tuple[bytes, bytes] | None:
    cert, key = _content(folder / CERT), _content(folder / KEY, secret=True)
    if cert is None and key is None:
        return None
    if cert is None or key is None:
        name, other = (KEY, CERT) if cert is None else (CERT, KEY)
        raise BadInput(english(_HALF, folder=folder, name=name, other=other))
    try:
        context.load_cert_chain(folder / CERT, folder / KEY, password=lambda: "")
    except ssl.SSLError as error:
        names = {"key": folder / KEY, "cert": folder / CERT}
        raise BadInput(english(_NO_PAIR, **names)) from error
    return key, cert


def read_token(folder: Path) -> str | None:
    """Return the folder's token; None: there is none. Raises BadInput."""
    file = folder / TOKEN
    content = _content(file, secret=True)
    if content is None:
        return None
    token = content.decode(errors="replace").strip()
    if not token.isascii() or not token.isprintable() or len(token.split()) != 1:
        raise BadInput(english(_NO_TOKEN, file=file))
    return token


def _content(file: Path, *, secret: bool = False) -> bytes | None:
    """Return what the file holds; None: there is none. Raises BadInput."""
    try:
        if secret and file.stat().st_mode & _OTHERS:
            raise BadInput(english(_OPEN, file=file))
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadInput(english(_NOT_READ, file=file, error=error.strerror)) from error
