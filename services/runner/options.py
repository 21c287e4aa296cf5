"""A runner's command line."""

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path

from twinrun.contract import data_dir

from services.frameworks import FRAMEWORKS
from services.machine import host

EXIT_STATE = 3
EXIT_PORT = 4
EXIT_NOT_INSTALLED = 5
EXIT_ACCESS = 6
IDLE, AT_ONCE = "idle", "at-once"  # when a runner without an owner stops
_ADDRESS = re.compile(
    r"(\[[0-9A-Fa-f:.%]+\]|(?![0-9]+$)[^:/\s\[\]]+)(:(?P<port>[0-9]{1,5}))?"  # no port alone
)
_PORT = re.compile(r":[0-9]{1,5}$")
_LAST_PORT = 65_535


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Parse and complete the options.

    Ends the process with code 2 on an error, as argparse does.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.threads > host.available_cpus():
        parser.error(
            f"argument --threads: is {options.threads}; this runner may use "
            f"{host.available_cpus()} CPUs"
        )
    framework = FRAMEWORKS[options.framework]
    if not _PORT.search(options.listen):
        options.listen += f":{framework.port}"
    options.state_dir = options.state_dir or _state_home() / options.framework
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.server",
        description="Run training jobs of one framework, one at a time, for gRPC clients.",
        epilog="Exit codes: 0 stopped by a signal; 2 bad options; "
        f"{EXIT_STATE} the state directory cannot be used; {EXIT_PORT} the address cannot be "
        f"listened on; {EXIT_NOT_INSTALLED} the framework is not installed; {EXIT_ACCESS} files of "
        "TLS or of tokens cannot be used, or the runner would be open to other machines.",
    )
    add = parser.add_argument
    add("--framework", required=True, choices=sorted(FRAMEWORKS))
    add(
        "--listen",
        type=_address,
        metavar="HOST[:PORT]",
        default="127.0.0.1",
        help="default: 127.0.0.1; its usual port is "
        + ", ".join(f"{f.port} for {name}" for name, f in FRAMEWORKS.items()),
    )
    add(
        "--data-dir",
        type=Path,
        metavar="DIR",
        default=data_dir.default(),
        help="datasets; runners may share it (default: $TWINRUN_DATA_DIR or %(default)s)",
    )
    add(
        "--state-dir",
        type=Path,
        metavar="DIR",
        help=f"jobs; one runner's own (default: {_state_home()}/FRAMEWORK)",
    )
    add(
        "--threads",
        type=_at_least(1),
        metavar="N",
        default=os.environ.get("TWINRUN_THREADS") or host.available_cpus(),
        help="of a job whose spec gives none (default: $TWINRUN_THREADS or all CPUs that the "
        "runner may use, %(default)s)",
    )
    counts = (
        ("--backlog", 0, 8, "N", "jobs that may wait"),
        ("--keep", 1, 500, "N", "ended jobs that stay on disk"),
        ("--grace", 0, 8, "SECONDS", "that the running job has to finish after SIGTERM"),
        (
            "--max-message-mib",
            1,
            512,
            "MIB",
            "the largest request: of a model's weights, to evaluate",
        ),
        ("--blob-limit", 1, 20, "GB", "that clients' data may take in the data directory"),
        ("--blob-quota", 1, 20, "GB", "that a client with a name may upload in a day"),
    )
    for flag, least, default, unit, meaning in counts:
        text = f"{meaning} (default: %(default)s)"
        add(flag, type=_at_least(least), default=default, metavar=unit, help=text)
    add(
        "--until-stdin-closes",
        nargs="?",
        choices=(IDLE, AT_ONCE),
        const=IDLE,
        help="stop after standard input has ended, for a runner that belongs to another process: "
        f"once it is {IDLE} for 30 s (default), or {AT_ONCE}",
    )
    add(
        "--allow-code",
        action="store_true",
        default=os.environ.get("TWINRUN_ALLOW_CODE", "") not in ("", "0"),
        help="run jobs whose model is the user's own code (default: only if $TWINRUN_ALLOW_CODE is "
        "set): whoever may send this runner jobs can then do there what it can",
    )
    add(
        "--allow-together",
        action="store_true",
        default=os.environ.get("TWINRUN_ALLOW_TOGETHER", "") not in ("", "0"),
        help="train jobs together with other machines (default: only if $TWINRUN_ALLOW_TOGETHER is "
        "set): what these send each other is neither encrypted nor authenticated, so whoever "
        "reaches a job's ports can then do what the runner can",
    )
    _add_access(parser.add_argument_group("who may call (docs/network.md)"))
    add("--lock-fd", type=int, metavar="FD", help=argparse.SUPPRESS)  # see `server`
    add(
        "--lazy",
        action="store_true",
        help="import the framework with the first job, not at the start; not ready until then",
    )
    return parser


def _add_access(group: argparse._ArgumentGroup) -> None:
    for flag, meaning in {
        "--tls-cert": "the runner's certificate, PEM, with those of its CA that clients lack",
        "--tls-key": "its private key, PEM, without a password",
        "--tls-client-ca": "clients must have a certificate that this CA, PEM, has signed",
        "--tokens": "who may call: lines of NAME, the role watch or run, and a token's SHA-256",
    }.items():
        variable = "TWINRUN_" + flag.removeprefix("--").replace("-", "_").upper()
        given = os.environ.get(variable)
        text = f"{meaning} (default: ${variable}); read again when it changes"
        group.add_argument(
            flag, type=Path, metavar="FILE", default=Path(given) if given else None, help=text
        )
    group.add_argument(
        "--insecure",
        action="store_true",
        help="let anyone in who reaches an address that others reach; without this the runner does "
        "not start there unless it has TLS, and tokens or a CA of clients",
    )
    group.add_argument(
        "--open-health", action="store_true", help="let anyone ask whether the runner is healthy"
    )


def _state_home() -> Path:
    """Return the user's directory of state, by the XDG Base Directory Specification."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "twinrun"


def _address(text: str) -> str:
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"] or 0) > _LAST_PORT:
        raise argparse.ArgumentTypeError(
            f"is {text!r}; give HOST:PORT, such as 127.0.0.1:50051 (port 0: any that is free), "
            "or HOST alone for the framework's usual port"
        )
    return text


def _at_least(least: int) -> Callable[[str], int]:
    def whole_number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"is {value}; it must be at least {least}")
        return value

    return whole_number
