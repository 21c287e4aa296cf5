"""Makes what runners and clients prove with who they are."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.options import JsonOption
from orchestrator.cli.output import print_json
from orchestrator.language.phrases import Phrase, say
from orchestrator.settings import trust

_DAYS = 365
_CERTS_MADE = Phrase(
    "Made in {folder}, valid for {days} days:\n"
    "  {ca}, {runner}, {runner_key}: copy them to the runner's machine, and start it with\n"
    "    --tls-cert {runner} --tls-key {runner_key} --tls-client-ca {ca}\n"
    "  {ca}, {client}, {client_key}: keep them in a folder on the machine of 'orchestrator', and "
    "give it\n    --tls {folder}\n"
    "  {ca_key}: keep it where neither reaches it. Whoever has it can make more.\n"
    "None of the keys has a password, and only you can read the files."
)
_TOKEN_MADE = Phrase(
    "The token of {name}, shown this once:\n  {token}\n"
    "Save it as the file {file} beside ca.pem, in the folder that is given to --tls: chmod 600.\n"
    "Add this line to the file that the runner has as --tokens:\n  {line}"
)


class _New(StrEnum):
    NEW = "new"


class _Role(StrEnum):
    WATCH = "watch"
    RUN = "run"


def certs(
    action: Annotated[_New, typer.Argument(help="new: make them.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to.")],
    *,
    host: Annotated[
        list[str],
        typer.Option(
            metavar="NAME",
            help="A name or address by which clients reach the runner's machine. Repeatable.",
        ),
    ],
    name: Annotated[
        str, typer.Option(metavar="NAME", help="The client's name, which the runner's log shows.")
    ] = "orchestrator",
    days: Annotated[int, typer.Option(metavar="N", help="How long they are valid.")] = _DAYS,
    as_json: JsonOption = False,
) -> None:
    """Make the certificates of a runner and of its client, for TLS in both directions.

    Both are signed by a CA that is made for them and for nothing else. docs/network.md has all.

    Example: orchestrator certs new certs --host gpu-machine
    """
    from orchestrator.actions.access import authority  # noqa: PLC0415 - takes a while

    del action
    files = authority.new(folder, host, name, days)
    if as_json:
        print_json({"files": [str(file) for file in files]})
        return
    names = {
        "ca": folder / trust.CA,
        "runner": folder / authority.RUNNER,
        "runner_key": folder / authority.RUNNER_KEY,
        "client": folder / trust.CERT,
        "client_key": folder / trust.KEY,
        "ca_key": folder / authority.CA_KEY,
    }
    typer.echo(say(_CERTS_MADE, folder=folder, days=days, **names))


def token(
    action: Annotated[_New, typer.Argument(help="new: make one.")],
    *,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Whose it is, which the runner's log shows.")
    ],
    role: Annotated[
        _Role,
        typer.Option(help="watch: read jobs and results; run: submit, cancel and upload too."),
    ] = _Role.WATCH,
    as_json: JsonOption = False,
) -> None:
    """Make a token by which a runner knows a caller, and show it once.

    The runner keeps its SHA-256 alone. docs/network.md has all.

    Example: orchestrator token new --name alice --role watch
    """
    from orchestrator.actions.access import tokens  # noqa: PLC0415 - no other command needs it

    del action
    made = tokens.new(name, role.value)
    if as_json:
        print_json({"name": name, "role": role.value, "token": made.text, "line": made.line})
        return
    said = say(_TOKEN_MADE, name=name, token=made.text, file=trust.TOKEN, line=made.line)
    typer.echo(said)
