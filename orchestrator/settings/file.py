"""``twinrun.toml``: defaults for flags that neither the command line nor the environment sets.

A key at the top is a flag of every command that has it; in a table, of that command only::

    pytorch = "gpu-machine:50051"

    [compare]
    epochs = 10
    batch-size = 128
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english

_NAME = "twinrun.toml"
_NO_FILE = Phrase("TWINRUN_CONFIG is {given!r}, and there is no such file.")
_NOT_READ = Phrase("{file} cannot be read: {error}")
_NO_FLAG = Phrase(
    "{file}: {names} is no flag of a command; 'orchestrator COMMAND --help' lists them."
)


def path() -> Path | None:
    """Return the file to read: $TWINRUN_CONFIG, or one here, or the user's own. None: none exists.

    Raises BadInput if $TWINRUN_CONFIG names a missing file.
    """
    given = os.environ.get("TWINRUN_CONFIG")
    if given:
        if not Path(given).is_file():
            raise BadInput(english(_NO_FILE, given=given))
        return Path(given)
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return next((p for p in (Path(_NAME), home / "twinrun" / _NAME) if p.is_file()), None)


def defaults(flags: Mapping[str, Mapping[str, str]], file: Path) -> dict[str, dict[str, Any]]:
    """Return defaults by command and parameter. ``flags``: each command's flags and parameters.

    Raises BadInput, which names every key that is not a flag.
    """
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(english(_NOT_READ, file=file, error=error)) from error
    tables = {name: value for name, value in given.items() if isinstance(value, dict)}
    shared = {name: value for name, value in given.items() if name not in tables}
    known = {flag for parameters in flags.values() for flag in parameters}
    unknown = [name for name in shared if name not in known]
    for command, table in tables.items():
        if command in flags:
            unknown += [f"{command}.{flag}" for flag in table if flag not in flags[command]]
        else:
            unknown.append(f"[{command}]")
    if unknown:
        raise BadInput(english(_NO_FLAG, file=file, names=", ".join(unknown)))
    return {
        command: {
            parameters[flag]: value
            for flag, value in {**shared, **tables.get(command, {})}.items()
            if flag in parameters
        }
        for command, parameters in flags.items()
    }
