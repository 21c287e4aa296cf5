"""Settings: the command line takes precedence over the environment, and that over defaults."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from twinrun.v1 import job_pb2

from orchestrator.errors import BadInput
from orchestrator.frameworks import FRAMEWORKS
from orchestrator.language.phrases import Phrase, english
from orchestrator.settings import workloads

_NO_FRAMEWORK = Phrase("There is no framework {names}; choose from {known}.")
_TOO_MANY = Phrase("A comparison takes at most {most} sides, and these are {count}.")
_TOO_FEW = Phrase("This needs {least} frameworks or more; --frameworks names {count}.")
_NO_SIDE = Phrase("--baseline is {name!r}; the sides are {known}.")
_NO_RUNNER = Phrase(
    "--runner takes NAME=HOST:PORT, where NAME is one of {known}; it was given {text!r}."
)
_NO_PERCENTAGE = Phrase("{flag} is {text!r}; give a percentage such as 2%.")
_NO_ASSIGNMENT = Phrase("--set takes FIELD=VALUE, such as 'batch_size=32'; it was given {text!r}.")
_NOT_YAML = Phrase("--set {name}: {value!r} is not YAML: {error}")
_NO_FIELDS = Phrase("The job spec has no field {path}: {parent} has no fields.")
_NO_JOB = Phrase("The workload {workload} with these flags is not a valid job: {error}")

MOST_SIDES = 8


def state_home() -> Path:
    """Return where local runners keep their jobs, by the XDG Base Directory Specification."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(home) / "twinrun"


@dataclass(frozen=True, slots=True)
class Places:
    """Where runners are looked for: the given ``addresses`` (HOST:PORT, by framework)."""

    addresses: Mapping[str, str | None] = field(default_factory=dict)
    state_home: Path = field(default_factory=state_home)
    environments: Path = Path(__file__).resolve().parents[2]  # contains .venv-pytorch and others

    def python(self, framework: str) -> Path:
        """Return the interpreter that has the framework, for a runner started here."""
        return self.environments / f".venv-{framework}" / "bin" / "python"


def frameworks(names: str) -> tuple[str, ...]:
    """Parse ``pytorch,tensorflow``. Raises BadInput."""
    listed = tuple(dict.fromkeys(name.strip() for name in names.split(",")))
    unknown = [name for name in listed if name not in FRAMEWORKS]
    if unknown:
        raise BadInput(
            english(
                _NO_FRAMEWORK,
                names=", ".join(map(repr, unknown)),
                known=", ".join(FRAMEWORKS),
            )
        )
    return listed


def compared(names: str, least: int = 1) -> tuple[str, ...]:
    """Parse as `frameworks`, for a comparison of at least so many. Raises BadInput."""
    listed = frameworks(names)
    if len(listed) < least:
        raise BadInput(english(_TOO_FEW, least=least, count=len(listed)))
    if len(listed) > MOST_SIDES:
        raise BadInput(english(_TOO_MANY, count=len(listed), most=MOST_SIDES))
    return listed


def baseline(name: str | None, sides: Sequence[str]) -> str | None:
    """Return the side that the others are compared with; None: the first. Raises BadInput."""
    if name is not None and name not in sides:
        raise BadInput(english(_NO_SIDE, name=name, known=", ".join(sides)))
    return name


def runner(text: str) -> tuple[str, str]:
    """Parse ``pytorch=gpu-machine:50051``: a framework and the address of its runner.

    Raises BadInput.
    """
    name, _, address = text.partition("=")
    host, _, port = address.rpartition(":")
    if name not in FRAMEWORKS or not host or not (port.isdecimal() and 0 < int(port) < 65536):
        raise BadInput(english(_NO_RUNNER, text=text, known=", ".join(FRAMEWORKS)))
    return name, address


def fraction(flag: str, text: str) -> float:
    """Parse ``2%``, ``2`` or ``2.5 %`` as 0.02 and so on. Raises BadInput."""
    try:
        value = float(text.strip().removesuffix("%")) / 100
    except ValueError:
        value = math.nan
    if not 0 < value < 1:
        raise BadInput(english(_NO_PERCENTAGE, flag=flag, text=text))
    return value


def assignment(text: str) -> tuple[str, Any]:
    """Parse ``optimizer.learning_rate=0.01``, with its value in YAML. Raises BadInput."""
    name, equals, value = text.partition("=")
    try:
        if not (equals and name.strip()):
            raise BadInput(english(_NO_ASSIGNMENT, text=text))
        return name.strip(), yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise BadInput(english(_NOT_YAML, name=name, value=value, error=error)) from error


def job_spec(workload: str, changes: Mapping[str, Any]) -> job_pb2.JobSpec:
    """Return the workload's spec with ``changes``: dotted field to value, None for no change.

    The runner checks values and names all invalid fields at once; values that the proto cannot hold
    raise BadInput here.
    """
    mapping = workloads.load(workload)
    for path, value in changes.items():
        if value is not None:
            *parents, name = path.split(".")
            target = mapping
            for parent in parents:
                target = target.setdefault(parent, {})
                if not isinstance(target, dict):
                    raise BadInput(english(_NO_FIELDS, path=path, parent=parent))
            target[name] = _json_number(value)
    try:
        return json_format.ParseDict(mapping, job_pb2.JobSpec())
    except json_format.ParseError as error:
        raise BadInput(english(_NO_JOB, workload=workload, error=error)) from error


def _json_number(value: Any) -> Any:
    """Write NaN and infinities as text, as proto's JSON mapping does: "NaN", "Infinity"."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{value:+}".replace("inf", "Infinity").lstrip("+")
    return value
