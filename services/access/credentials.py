"""TLS for a runner: its certificate and key, read again when their files have changed."""

import logging
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path

import grpc

from services.access.faults import AccessFault

_log = logging.getLogger("twinrun")


@dataclass(frozen=True, slots=True)
class Files:
    """PEM files. ``client_ca``: clients must have a certificate that it signed."""

    cert: Path
    key: Path
    client_ca: Path | None = None

    def check(self) -> None:
        """Raise AccessFault if they cannot be read or do not fit each other."""
        self.read()
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.cert, self.key, password=_no_password)
        except ssl.SSLError as error:
            raise AccessFault(self._why(error)) from error
        if self.client_ca is not None:
            try:
                context.load_verify_locations(self.client_ca)
            except ssl.SSLError as error:
                why = f"{self.client_ca} is no certificate in PEM form"
                raise AccessFault(why) from error

    def _why(self, error: ssl.SSLError) -> str:
        if "KEY_VALUES_MISMATCH" in str(error):
            return f"{self.key} is not the key of the certificate {self.cert}"
        return (
            f"{self.cert} and {self.key} are no certificate and key in PEM form, the key without a "
            f"password: {error.reason or error}"
        )

    def read(self) -> grpc.ServerCertificateConfiguration:
        """Return what they hold. Raises AccessFault."""
        ca = None if self.client_ca is None else _content(self.client_ca)
        pair = (_content(self.key), _content(self.cert))
        return grpc.ssl_server_certificate_configuration([pair], ca)

    def version(self) -> tuple[tuple[int, ...] | None, ...]:
        """Return what changes when a file does."""
        given = (self.cert, self.key, self.client_ca)
        return tuple(_version(path) for path in given if path is not None)


def _no_password() -> str:
    return ""


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AccessFault(f"{path} cannot be read: {error.strerror}") from error


def _version(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


class _Changing:
    """Gives gRPC, at each handshake, what the files hold. Open connections stay as they are."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._looking = threading.Lock()
        self._version = self._said = files.version()
        self._last = files.read()

    def __call__(self) -> grpc.ServerCertificateConfiguration:
        with self._looking:
            version = self._files.version()
            if version != self._version:
                try:
                    self._files.check()
                    self._last = self._files.read()
                except AccessFault as error:
                    # Files are replaced one by one: it looks again with the next handshake.
                    if version != self._said:
                        _log.warning("the certificate stays as it was: %s", error)
                    self._said = version
                else:
                    self._version = version
                    _log.info("certificate read again from %s", self._files.cert)
            return self._last


def of_server(files: Files) -> grpc.ServerCredentials:
    """Return credentials that follow the files. Raises AccessFault. gRPC takes TLS 1.2 and 1.3."""
    files.check()
    asks = files.client_ca is not None
    return grpc.dynamic_ssl_server_credentials(files.read(), _Changing(files), asks)
