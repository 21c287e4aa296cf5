"""Certificates that are good, and those that are wrong in one way each."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from orchestrator.settings import trust

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Signed:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def write(self, certificate: Path, key: Path) -> None:
        certificate.write_bytes(pem(self.certificate))
        key.touch(0o600)
        key.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def signed(
    name: str,
    by: Signed | None,
    *,
    hosts: tuple[str, ...] = ("localhost",),
    begins: timedelta = -DAY,
    ends: timedelta = DAY,
    client: bool = False,
    ca: bool = False,
) -> Signed:
    """``by`` None: signed by itself; ``begins``, ``ends``: from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if not ca:
        purpose = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        made = made.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        made = made.add_extension(names, critical=False)
    return Signed(made.sign(by.key if by else key, hashes.SHA256()), key)


class Authority:
    """A CA, and the files of a runner and of clients, as `orchestrator` reads them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.ca = signed("a CA", None, ca=True)
        (folder / trust.CA).write_bytes(pem(self.ca.certificate))

    def runner(self, made: Signed | None = None) -> tuple[str, ...]:
        """Write a runner's files; return its flags. None: a good one."""
        made = made or signed("runner", self.ca)
        cert, key = self.folder / "runner.pem", self.folder / "runner-key.pem"
        made.write(cert, key)
        return f"--tls-cert={cert}", f"--tls-key={key}"

    @property
    def asks(self) -> str:
        """The runner's flag by which clients must have a certificate."""
        return f"--tls-client-ca={self.folder / trust.CA}"

    def client(
        self, name: str, made: Signed | None = None, *, token: str | None = None, bare: bool = False
    ) -> Path:
        """Return a client's folder; ``bare``: without a certificate. None: a good one."""
        folder = self.folder / name
        folder.mkdir()
        (folder / trust.CA).write_bytes(pem(self.ca.certificate))
        if not bare:
            made = made or signed(name, self.ca, client=True)
            made.write(folder / trust.CERT, folder / trust.KEY)
        if token is not None:
            (folder / trust.TOKEN).touch(0o600)
            (folder / trust.TOKEN).write_text(f"{token}\n")
        return folder
