"""How a runner is reached, by its options: over TLS or not, and by whom."""

import argparse
import logging

from services.access import credentials, reach
from services.access.guard import Guard
from services.access.identities import IdentitiesFile

_log = logging.getLogger("twinrun")
_MINUTE = 60_000  # milliseconds
# Of a connection, for gRPC. An idle one ends; one whose peer does not answer is found out.
LIMITS = (
    ("grpc.max_concurrent_streams", 64),
    ("grpc.max_connection_idle_ms", 30 * _MINUTE),
    ("grpc.keepalive_time_ms", 2 * _MINUTE),
    ("grpc.keepalive_timeout_ms", _MINUTE // 2),
    ("grpc.http2.min_ping_interval_without_data_ms", _MINUTE // 6),
)


class Entrance:
    """``guard`` decides on calls; ``credentials`` are TLS's, or None. Raises AccessFault."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Read and check all files."""
        warning = reach.check(options)
        if warning:
            _log.warning("%s", warning)
        self.credentials = None
        if options.tls_cert:
            files = credentials.Files(options.tls_cert, options.tls_key, options.tls_client_ca)
            self.credentials = credentials.of_server(files)
        self.guard = Guard(
            IdentitiesFile(options.tokens) if options.tokens else None,
            certificates=options.tls_client_ca is not None,
            open_health=options.open_health,
            insecure=warning is not None,
            upload_bytes=options.blob_quota * 10**9,
        )
