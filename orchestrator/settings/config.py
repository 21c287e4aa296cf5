"""Settings: the command line takes precedence over the environment, and that over defaults."""

import itertools
import math
import os
import re
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from twinrun.contract.values import checked_spec
from twinrun.v1 import job_pb2

from orchestrator.data.place import blob_directory
from orchestrator.errors import BadInput, Refused
from orchestrator.frameworks import FRAMEWORKS, environment_of, taking_code
from orchestrator.language.phrases import Phrase, english, join
from orchestrator.language.words import SEMICOLON
from orchestrator.settings import versions, workloads
from orchestrator.settings.trust import Trust
from orchestrator.settings.workloads import forms, lines
from orchestrator.settings.workloads.near import near_anywhere
from orchestrator.trials.mappings.names import in_proto

_NAMED_TWICE = Phrase(
    "--frameworks names {name} twice; 'orchestrator compare --aa {name}' compares it with itself."
)
_NO_FRAMEWORK = Phrase("There is no framework {names}; choose from {known}.")
TOO_MANY = Phrase("A comparison takes at most {most} sides, and these are {count}.")
_TOO_FEW = Phrase("This needs {least} frameworks or more; --frameworks names {count}.")
_NO_SIDE = Phrase("--baseline is {name!r}; the sides are {known}.")
_NO_RUNNER = Phrase(
    "--runner takes NAME=HOST:PORT, where NAME is one of {known}, if need be with a version, as "
    "NAME-2.13.0; it was given {text!r}."
)
_NO_MARGIN = Phrase(
    "{flag} is {value:g}; it must be above 0: a difference that does not matter, in points for an "
    "accuracy."
)
_NO_PERCENTAGE = Phrase("{flag} is {text!r}; give a percentage between 0 and 100, such as 2%.")
_NO_ASSIGNMENT = Phrase("--set takes FIELD=VALUE, such as 'batch_size=32'; it was given {text!r}.")
_NOT_YAML = Phrase("--set {name}: {value!r} is not YAML: {error}")
_NO_FIELD_NEAR = Phrase("The job spec has no field {path}; did you mean {near}?")
_NO_FIELD = Phrase("The job spec has no field {path}; choose from {known}.")
_NO_FIELDS = Phrase("The job spec has no field {path}: {parent} has no fields.")
_NO_DATA = Phrase("--target says what is to be predicted from --data; give --data PATH too.")
_NO_JOB = Phrase("The workload {workload} with these flags is not a valid job: {error}.")
_NO_JOB_ASKS = Phrase("The workload {workload} with these flags is not a valid job: {error}")

_NO_CODE = Phrase("--strict: there is no warning {names}; choose from {known}.")
_NO_TIME = Phrase(
    "--since is {text!r}; give a date such as 2026-11-20, or a span such as 3d or 12h."
)
_SPANS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}

USUAL = "mnist-mlp"  # the workload, if none is named
FILE_PATH, FILE_TARGET = "dataset.file.path", "dataset.file.target"
BUILT_IN = (
    *("iris", "wine", "breast-cancer", "digits", "diabetes"),
    *("synthetic-language", "synthetic-shapes"),
)
_SCALED = {"precision", "loss_scale"}  # a change of the first alone takes the second away
_TARGETS = ("target", "target_accuracy")  # a change of one replaces the workload's, in either
MOST_SIDES = 8
EVERY = "all"  # warnings, for --strict


def state_home() -> Path:
    """Return where local runners keep their jobs, by the XDG Base Directory Specification."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(home) / "twinrun"


@dataclass(frozen=True, slots=True)
class Places:
    """Where runners are looked for: the given ``addresses`` (HOST:PORT, by name of the runner).

    ``local``: only the user's own on this machine; ``trust``: TLS, by framework.
    """

    addresses: Mapping[str, str | None] = field(default_factory=dict)
    state_home: Path = field(default_factory=state_home)
    environments: Path = Path(__file__).resolve().parents[2]  # contains .venv-pytorch and others
    local: bool = False
    trust: Mapping[str, Trust] = field(default_factory=dict)

    def python(self, name: str) -> Path:
        """Return the interpreter for the runner of that name, if it is started here."""
        return self.environments / environment_of(name) / "bin" / "python"


def frameworks(names: str) -> tuple[str, ...]:
    """Parse ``pytorch,tensorflow``. Raises BadInput."""
    listed = versions.of_none(names)
    unknown = [name for name in listed if name not in FRAMEWORKS]
    if unknown:
        asked, known = ", ".join(map(repr, unknown)), ", ".join(FRAMEWORKS)
        raise BadInput(english(_NO_FRAMEWORK, names=asked, known=known))
    for name in listed:
        if listed.count(name) > 1:
            raise BadInput(english(_NAMED_TWICE, name=name))
    return listed


def compared(names: str, least: int = 1) -> tuple[str, ...]:
    """Parse as `frameworks`, for a comparison of at least so many. Raises BadInput."""
    listed = frameworks(names)
    if len(listed) < least:
        raise BadInput(english(_TOO_FEW, least=least, count=len(listed)))
    if len(listed) > MOST_SIDES:
        raise BadInput(english(TOO_MANY, count=len(listed), most=MOST_SIDES))
    return listed


def baseline(name: str | None, sides: Sequence[str]) -> str | None:
    """Return the side that the others are compared with; None: the first. Raises BadInput."""
    if name is not None and name not in sides:
        raise BadInput(english(_NO_SIDE, name=name, known=", ".join(sides)))
    return name


def runner(text: str) -> tuple[str, str]:
    """Parse ``pytorch=gpu-machine:50051``: a framework, or a version of it, and an address.

    Raises BadInput.
    """
    name, _, address = text.partition("=")
    host, _, port = address.rpartition(":")
    numbered = port.isdecimal() and 0 < int(port) < 65536
    if not isinstance(versions.split(name), tuple) or not host or "=" in host or not numbered:
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


def margin(flag: str, value: float | None) -> float | None:
    """Return the margin of equivalence, if one was given. Raises BadInput."""
    if value is not None and not 0 < value < math.inf:
        raise BadInput(english(_NO_MARGIN, flag=flag, value=value))
    return None if value is None else float(value)


def since(text: str, now: datetime) -> datetime:
    """Parse ``2026-11-20``, a time in ISO 8601, or a span such as ``3d``, ``12h`` or ``30m``.

    A time without a zone is in UTC. Raises BadInput.
    """
    span = re.fullmatch(r"(\d{1,6})([dhm])", text.strip())
    try:
        if span:
            return now - int(span[1]) * _SPANS[span[2]]
        found = datetime.fromisoformat(text.strip())
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise BadInput(english(_NO_TIME, text=text)) from error


def codes(text: str | None, choices: Collection[str]) -> Container[str]:
    """Parse what --strict names: codes, separated by commas, or all. Raises BadInput.

    None: nothing. ``true`` and ``1`` are all too, ``false`` and ``0`` nothing, for a file and the
    environment.
    """
    if (text or "false").lower() in ("false", "0"):
        return ()
    given = choices if text in (EVERY, "True", "true", "1") else str(text).upper().split(",")
    names = [name.strip() for name in given]
    unknown = [name for name in names if name not in choices]
    if unknown:
        names_unknown = ", ".join(map(repr, unknown))
        raise BadInput(english(_NO_CODE, names=names_unknown, known=", ".join(choices)))
    return names


def assignment(text: str) -> tuple[str, Any]:
    """Parse ``optimizer.learning_rate=0.01``, with its value in YAML. Raises BadInput."""
    name, equals, value = text.partition("=")
    try:
        if not (equals and name.strip()):
            raise BadInput(english(_NO_ASSIGNMENT, text=text))
        return name.strip(), yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise BadInput(english(_NOT_YAML, name=name, value=value, error=error)) from error


def job_spec(workload: str | None, changes: Mapping[str, Any]) -> job_pb2.JobSpec:
    """Return the workload's spec with ``changes``: dotted field to value, None for no change.

    Without a ``workload``: one made for the file among the changes, or else `USUAL`. A file of the
    user's is read, and its arrays are kept for the runners.

    Raises BadInput for fields that do not exist, values that the proto cannot hold, data that
    cannot be used, and as `check` does. A runner checks what depends on its machine or framework.
    """
    mapping = _mapping(workload, changes)
    asked = {path.partition(".")[0] for path, value in changes.items() if value is not None}
    for one, other in itertools.permutations(_TARGETS):
        if one in asked and other not in asked:
            mapping.pop(other, None)
    for path, value in changes.items():
        if value is not None:
            check_field(path)
            *parents, name = path.split(".")
            target = mapping
            for parent in parents:
                target = target.setdefault(parent, {})
                if not isinstance(target, dict):
                    raise BadInput(english(_NO_FIELDS, path=path, parent=parent))
            target[name] = _json_number(value)
    if "code" in asked and len(mapping["code"].keys() & {*taking_code()}) > 1:
        mapping.pop("layers", None)  # no framework takes them
    mapping = workloads.with_paths(forms.mapping_of(mapping), Path())
    mapping = in_proto(mapping, job_pb2.JobSpec.DESCRIPTOR)
    try:
        spec = json_format.ParseDict(mapping, job_pb2.JobSpec())
    except json_format.ParseError as error:
        faults = join(SEMICOLON, lines.unfit(mapping) or [str(error)])
        phrase = _NO_JOB_ASKS if faults.endswith("?") else _NO_JOB
        raise BadInput(english(phrase, workload=workload or USUAL, error=faults)) from error
    if asked & _SCALED == {"precision"} and spec.precision != job_pb2.PRECISION_FLOAT16:
        spec.ClearField("loss_scale")
    check(spec)
    _keep_files(spec)
    return spec


def _keep_files(spec: job_pb2.JobSpec) -> None:
    """Keep the user's own data and code for the runners, and name them in the spec."""
    if spec.dataset.HasField("file") or spec.dataset.name in BUILT_IN:
        from orchestrator.data import prepare  # noqa: PLC0415 - NumPy takes a while

        prepare.prepare(spec, blob_directory())
    if spec.HasField("code") and not spec.code.HasField("files"):
        from orchestrator.data import code  # noqa: PLC0415

        code.prepare(spec, blob_directory())


def _mapping(workload: str | None, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the workload's mapping, with a place for the user's file if one is given."""
    file = changes.get(FILE_PATH)
    mapping = workloads.load(workload or USUAL) if workload or not file else _suggested(changes)
    if "file" not in mapping.get("dataset", {}):
        if file:  # it takes the place of the workload's data
            mapping["dataset"] = {"name": "file", "file": {}}
        elif changes.get(FILE_TARGET):
            raise BadInput(english(_NO_DATA))
    return mapping


def _suggested(changes: Mapping[str, Any]) -> dict[str, Any]:
    from orchestrator.settings.workloads import new  # noqa: PLC0415 - NumPy takes a while

    found: dict[str, Any] = yaml.safe_load(
        new.text(changes[FILE_PATH], changes.get(FILE_TARGET) or ())
    )
    return found


def check(spec: job_pb2.JobSpec) -> None:
    """Check values as every runner does. Raises Refused, which names all invalid fields at once."""
    if bad := checked_spec(spec, default_threads=1)[1]:
        raise Refused([(violation.field, violation.message) for violation in bad])


def check_field(path: str) -> None:
    """Raise BadInput unless the job spec has the dotted field."""
    message: Any = job_pb2.JobSpec.DESCRIPTOR
    parent = ""
    for name in path.split("."):
        if message is None:
            raise BadInput(english(_NO_FIELDS, path=path, parent=parent))
        fields = {each: field for field in message.fields for each in (field.name, field.json_name)}
        if name not in fields:
            near = near_anywhere(path)
            known = ", ".join(field.name for field in message.fields)
            phrase = _NO_FIELD_NEAR if near else _NO_FIELD
            raise BadInput(english(phrase, path=path, near=near, known=known))
        message, parent = fields[name].message_type, name


def _json_number(value: Any) -> Any:
    """Write NaN and infinities as text, as proto's JSON mapping does: "NaN", "Infinity"."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{value:+}".replace("inf", "Infinity").lstrip("+")
    return value
