"""Makes a certificate authority, and the certificates of a runner and of a client.

By pyca/cryptography: Python has no means of its own, and openssl's command line differs by version.
Keys are of the curve P-256 (FIPS 186-5); certificates are as in RFC 5280.
"""

import ipaddress
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from orchestrator.errors import BadInput, OutputError
from orchestrator.language.phrases import Phrase, english
from orchestrator.settings import trust

CA_KEY, RUNNER, RUNNER_KEY = "ca-key.pem", "runner.pem", "runner-key.pem"
_CLOCKS = timedelta(hours=1)  # that two machines may differ by
_HERE = ("localhost", "127.0.0.1", "::1")
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9-]+)*")
_EXISTS = Phrase("{folder} has {names} already: give another directory, or remove them first.")
_NOT_WRITTEN = Phrase("{folder} cannot be written to: {error}")
_NO_HOST = Phrase(
    "--host is {hosts}; give the names or addresses by which clients reach the runner's machine."
)
_NO_DAYS = Phrase("--days is {days}; a certificate is valid for 1 to 3650 days.")
_MOST_DAYS = 3650


@dataclass(frozen=True, slots=True)
class _Signed:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def new(folder: Path, hosts: Sequence[str], name: str, days: int) -> tuple[Path, ...]:
    """Make all of it in ``folder``; return the files.

    ``hosts``: by which clients reach the runner; ``name``: the client's. Raises BadInput,
    OutputError.
    """
    bad = [host for host in hosts if not _is_host(host)]
    if bad or not hosts:
        raise BadInput(english(_NO_HOST, hosts=", ".join(map(repr, bad)) or "missing"))
    if not 1 <= days <= _MOST_DAYS:
        raise BadInput(english(_NO_DAYS, days=days))
    authority = _signed("Twinrun CA", days, None, ())
    runner = _signed("runner", days, authority, (*hosts, *_HERE))
    client = _signed(name, days, authority, (), client=True)
    contents = {
        trust.CA: _pem(authority.certificate),
        CA_KEY: _pem(authority.key),
        RUNNER: _pem(runner.certificate),
        RUNNER_KEY: _pem(runner.key),
        trust.CERT: _pem(client.certificate),
        trust.KEY: _pem(client.key),
    }
    return _written(folder, contents)


def _is_host(text: str) -> bool:
    return _is_address(text) or bool(_HOST.fullmatch(text))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _signed(
    name: str, days: int, by: _Signed | None, hosts: Sequence[str], *, client: bool = False
) -> _Signed:
    """Return a certificate of ``name``; ``by`` None: an authority's, which it signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None if by else 0), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(_usage(signs=by is None), True)
    )
    if by is not None:
        purpose = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key())
        made = made.add_extension(x509.ExtendedKeyUsage([purpose]), False)
        made = made.add_extension(issuer, False)
    if hosts:
        made = made.add_extension(
            x509.SubjectAlternativeName(list(map(_alternative, hosts))), False
        )
    return _Signed(made.sign(by.key if by else key, hashes.SHA256()), key)


def _usage(*, signs: bool) -> x509.KeyUsage:
    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    never = dict.fromkeys((*others, "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, **never)


def _alternative(host: str) -> x509.GeneralName:
    return x509.IPAddress(ipaddress.ip_address(host)) if _is_address(host) else x509.DNSName(host)


def _pem(what: x509.Certificate | ec.EllipticCurvePrivateKey) -> bytes:
    if isinstance(what, x509.Certificate):
        return what.public_bytes(serialization.Encoding.PEM)
    return what.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _written(folder: Path, contents: dict[str, bytes]) -> tuple[Path, ...]:
    """Write files that nobody else may read, and none over another."""
    known = [name for name in contents if (folder / name).exists()]
    if known:
        raise BadInput(english(_EXISTS, folder=folder, names=", ".join(known)))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in contents.items():
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(folder / name, flags, 0o600), "wb") as file:
                file.write(content)
    except OSError as error:
        raise OutputError(english(_NOT_WRITTEN, folder=folder, error=error.strerror)) from error
    return tuple(folder / name for name in contents)
