"""Where a runner listens."""

import errno
import logging
import socket
from pathlib import Path

import grpc

_log = logging.getLogger("twinrun")


class CannotListen(Exception):
    """A sentence about the address."""


def listen(server: grpc.Server, address: str, tls: grpc.ServerCredentials | None) -> int:
    """Listen on HOST:PORT; return the port. Raises CannotListen."""
    try:
        _check_free(address)
        port: int = (
            server.add_secure_port(address, tls) if tls else server.add_insecure_port(address)
        )
    except (OSError, RuntimeError) as error:
        raise CannotListen(
            f"{address} cannot be listened on: {getattr(error, 'strerror', error)}; give another "
            "with --listen (port 0: any that is free)",
        ) from None
    return port


def listen_locally(server: grpc.Server, path: Path) -> None:
    """Serve on a socket in the file system; where that cannot be, it is said and that is all."""
    try:
        server.add_insecure_port(f"unix:{path}")
    except RuntimeError as error:  # its path has more than 107 bytes, for one
        _log.warning("%s cannot be listened on: %s", path, error)
    else:
        server.start()


def _check_free(address: str) -> None:
    """Check the address. Raises OSError if it is taken or not this machine's.

    gRPC does not tell the two apart. A name may stand for several addresses, and gRPC would be
    content with one of them.
    """
    host, _, port = address.rpartition(":")
    faults = []
    addresses = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    for family, kind, protocol, _, place in addresses:
        try:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(place)
        except OSError as error:
            faults.append(error)
    for fault in faults:
        if fault.errno == errno.EADDRINUSE or len(faults) == len(addresses):
            raise fault
