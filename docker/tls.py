"""The runners' certificates, as files that their containers can read and nobody else can."""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path

from docker.engine import ROOT, Fault

_NAMES = ("runner.pem", "runner-key.pem", "ca.pem")
_TOKENS = "tokens"
_THERE = "/run/secrets"
# What a runner has, and what is beside the services: its certificate, key, CA of clients, tokens.
RUNNER = {
    "environment": {
        "TWINRUN_TLS_CERT": f"{_THERE}/runner.pem",
        "TWINRUN_TLS_KEY": f"{_THERE}/runner-key.pem",
        "TWINRUN_TLS_CLIENT_CA": f"{_THERE}/ca.pem",
        "TWINRUN_TOKENS": "${TWINRUN_TOKENS:-}",
    },
    "secrets": [*_NAMES, _TOKENS],
}
SECRETS = {name: {"file": f"${{TWINRUN_SECRETS}}/{name}"} for name in (*_NAMES, _TOKENS)}


def settings(environ: Mapping[str, str]) -> dict[str, str] | None:
    """Return the variables of `RUNNER` and `SECRETS`; None without $TLS.

    That is a folder of `orchestrator certs new`.
    A container's user is another one than the caller, and Compose binds files as they are. So they
    are copied, readable, into a folder that only the caller can enter. Raises Fault.
    """
    given, bind = environ.get("TLS", ""), environ.get("TWINRUN_BIND", "")
    if not given:
        if bind and not is_loopback(bind):
            raise Fault(
                f"TWINRUN_BIND is {bind}: beyond this machine, the runners need TLS. Make what it "
                "takes by 'orchestrator certs new DIR --host NAME', and give TLS=DIR."
            )
        return None
    folder, copies = Path(given), ROOT / "build" / "secrets"
    missing = [name for name in _NAMES if not (folder / name).is_file()]
    if missing:
        raise Fault(f"TLS is {given!r}, which has no {', '.join(missing)}.")
    try:
        copies.mkdir(mode=0o700, parents=True, exist_ok=True)
        copies.chmod(0o700)
        for name in (*_NAMES, _TOKENS):
            source = folder / name
            # In place: the file is bound, not its name, and the runner sees that it has changed.
            (copies / name).write_bytes(source.read_bytes() if source.is_file() else b"")
            (copies / name).chmod(0o644)
    except OSError as error:
        raise Fault(f"TLS is {given!r}: {error}.") from error
    tokens = f"{_THERE}/{_TOKENS}" if (folder / _TOKENS).is_file() else ""
    return {"TWINRUN_SECRETS": os.fspath(copies), "TWINRUN_TOKENS": tokens}


def is_loopback(bind: str) -> bool:
    try:
        return ipaddress.ip_address(bind).is_loopback
    except ValueError:
        return False
