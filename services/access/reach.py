"""Closed by default: a runner that others can reach has TLS and asks who calls."""

import argparse
import ipaddress
import os
import socket

from services.access.faults import AccessFault

# Set in a container alone: where its port is published on the host. Not $TWINRUN_BIND, which a user
# may have set for `make up`, and which must not open a runner outside of a container.
PUBLISHED = "TWINRUN_PUBLISHED"


def is_reachable(listen: str) -> bool:
    """Return whether other machines reach HOST:PORT, or may: what is no address may be any."""
    host = os.environ.get(PUBLISHED) or listen.rpartition(":")[0].strip("[]")
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
        return not all(ipaddress.ip_address(str(each).split("%")[0]).is_loopback for each in found)
    except (OSError, ValueError):
        return True


def check(options: argparse.Namespace) -> str | None:
    """Return a warning if it is open all the same, by --insecure.

    Raises AccessFault if it would be open to other machines without that, or half closed.
    """
    if (options.tls_cert is None) != (options.tls_key is None):
        raise AccessFault("--tls-cert and --tls-key go together: one of them is missing")
    if options.tls_cert is None and (options.tls_client_ca or options.tokens):
        raise AccessFault(
            "--tls-client-ca and --tokens need TLS: give --tls-cert and --tls-key, since a token "
            "that travels without it is no secret"
        )
    identified = options.tls_client_ca is not None or options.tokens is not None
    if not is_reachable(options.listen) or (options.tls_cert and identified):
        return None
    lacks = "a way to tell who calls" if options.tls_cert else "TLS"
    if not options.insecure:
        raise AccessFault(
            f"{options.listen} can be reached from other machines, and the runner has not {lacks}: "
            "give --tls-cert and --tls-key, and --tokens or --tls-client-ca ('orchestrator certs "
            "new' and 'orchestrator token new' make them), listen on 127.0.0.1, or let anyone in "
            f"with --insecure. In a container whose port is published on 127.0.0.1 alone, set "
            f"{PUBLISHED}=127.0.0.1"
        )
    return f"--insecure: whoever reaches {options.listen} may run jobs here, without {lacks}"
