"""The channel to a runner, over TLS where a folder says whom to trust, and why TLS fails."""

import socket
import ssl
from contextlib import suppress

import grpc

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.settings.trust import CA, CERT, KEY, Trust, read_token

_SECONDS = 5.0
_OPTIONS = [
    ("grpc.max_send_message_length", -1),  # only the runner's limit counts
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.enable_http_proxy", 0),
]
_NEEDED = Phrase(
    "The {framework} runner at {address} speaks TLS: give --tls the folder with the files that "
    "'orchestrator certs new' made for it."
)
_PLAIN = Phrase(
    "The {framework} runner at {address} does not speak TLS, so nothing proves which machine it "
    "is: leave --tls out for it, or start it with --tls-cert and --tls-key."
)
_OTHER_HOST = Phrase(
    "The certificate of the {framework} runner at {address} is another host's: {why}. Give the "
    "address by the name in the certificate, or make one for this name."
)
_EXPIRED = Phrase(
    "The certificate of the {framework} runner at {address} has expired: make a new one."
)
_NOT_YET = Phrase(
    "The certificate of the {framework} runner at {address} is not valid yet: compare the clocks "
    "of the two machines."
)
_SELF_SIGNED = Phrase(
    "The {framework} runner at {address} has a certificate that it signed itself, which {ca} does "
    "not hold: copy that certificate into it, or give the runner one that the CA signed."
)
_OTHER_CA = Phrase(
    "The certificate of the {framework} runner at {address} was not signed by the CA of {ca}: "
    "these files were made for another runner."
)
_BAD = Phrase("The certificate of the {framework} runner at {address} is not accepted: {why}.")
_NO_CLIENT = Phrase(
    "The {framework} runner at {address} asks for a certificate of its clients: {folder} has no "
    "{cert} and {key}."
)
_CLIENT_REFUSED = Phrase(
    "The {framework} runner at {address} does not accept this side's certificate, {cert}: it must "
    "be valid now, be made for a client, and be signed by the runner's --tls-client-ca."
)

# What OpenSSL says of an answer that is not TLS.
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNEXPECTED_EOF_WHILE_READING")


# By OpenSSL's results of verifying a certificate, from x509_vfy.h; any other one is told as it is.
_UNPROVEN = {
    9: _NOT_YET,
    10: _EXPIRED,
    18: _SELF_SIGNED,  # by itself, and it is the runner's
    19: _OTHER_CA,  # it ends in a CA that is not known
    20: _OTHER_CA,
    21: _OTHER_CA,
    62: _OTHER_HOST,
    64: _OTHER_HOST,  # an address
}


class _Token(grpc.AuthMetadataPlugin):
    """Gives each call the token that the folder has then: a long command outlives a new one."""

    def __init__(self, trust: Trust) -> None:
        self._folder, self._last = trust.folder, trust.token

    def __call__(self, _: grpc.AuthMetadataContext, give: grpc.AuthMetadataPluginCallback) -> None:
        with suppress(BadInput):  # it is just being written
            self._last = read_token(self._folder) or self._last
        give((("authorization", f"Bearer {self._last}"),), None)


def channel(address: str, trust: Trust | None) -> grpc.Channel:
    """Return a channel to HOST:PORT; gRPC connects when the first call needs it."""
    if trust is None:
        return grpc.insecure_channel(address, options=_OPTIONS)
    key, cert = trust.pair or (None, None)
    credentials = grpc.ssl_channel_credentials(trust.ca, key, cert)
    if trust.token is not None:
        token = grpc.metadata_call_credentials(_Token(trust))
        credentials = grpc.composite_channel_credentials(credentials, token)
    return grpc.secure_channel(address, credentials, options=_OPTIONS)


def fault(framework: str, address: str, trust: Trust | None) -> Sentence | None:
    """Return why no connection comes about, if TLS is the reason: gRPC does not tell.

    It connects once more, as a client of TLS alone.
    """
    names = {"framework": framework, "address": address}
    try:
        kept = _shake(address, trust)
    except ssl.SSLCertVerificationError as error:
        return None if trust is None else _unproven(error, trust, names)
    except ssl.SSLError as error:
        if trust is not None and error.reason in _NO_TLS:
            return english(_PLAIN, **names)
        kept = "ALERT" not in (error.reason or "")
    except OSError:
        return None
    if trust is None:
        return english(_NEEDED, **names)
    return None if kept else _refused(trust, names)


def _shake(address: str, trust: Trust | None) -> bool:
    """Connect over TLS, as gRPC does; return whether the runner keeps the connection.

    It knows a client's certificate only after the client's own part of TLS 1.3 has ended. Raises
    OSError, which SSLError is.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    if trust is None:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    else:
        context.load_verify_locations(cadata=trust.ca.decode())
        if trust.pair is not None:
            context.load_cert_chain(trust.folder / CERT, trust.folder / KEY, password=lambda: "")
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    with (
        socket.create_connection((host, int(port)), _SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        return trust is None or bool(secured.recv(1))


def _unproven(error: ssl.SSLCertVerificationError, trust: Trust, names: dict[str, str]) -> Sentence:
    said = _UNPROVEN.get(error.verify_code, _BAD)
    return english(said, **names, ca=trust.folder / CA, why=error.verify_message.rstrip("."))


def _refused(trust: Trust, names: dict[str, str]) -> Sentence:
    if trust.pair is None:
        return english(_NO_CLIENT, **names, folder=trust.folder, cert=CERT, key=KEY)
    return english(_CLIENT_REFUSED, **names, cert=trust.folder / CERT)
