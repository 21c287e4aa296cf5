"""The grid of a sweep: flags with several values, and the job of each combination of them."""

import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import partial
from numbers import Integral, Real
from typing import TypeVar, get_args
from urllib.parse import quote

import yaml
from twinrun.v1 import job_pb2

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import LINES, OF
from orchestrator.settings import config
from orchestrator.settings.job import FLAGS, JobFlags, choices, one_of
from orchestrator.trials.sides import Side, as_flag

MOST_CELLS = 200
_LONGEST_NAME = 100  # characters of a cell's name that says its values
_ONE_CELL = Phrase(
    "Each flag has one value, which is one comparison: 'orchestrator compare'. Give a flag several "
    "values, such as --batch-size 16,64,256."
)
_MANY = Phrase("The grid has {count} cells; a sweep takes at most {most}.")
_TWICE = Phrase("{field} has the value {value} twice.")
_NO_VALUE = Phrase("{field} has no value in {text!r}.")
_NO_NUMBER = Phrase("--{flag} takes numbers, separated by commas; it was given {text!r}.")
_NOT_YAML = Phrase("--set {field}: {text!r} is not YAML: {error}.")
_NO_LIST = Phrase("{field} takes a list of values; it was given {value!r}.")
_SINGLE = Phrase("{name} takes one value, not a list.")
_NOT_A_NUMBER = Phrase("{name} takes numbers; it was given {value!r}.")
_VARIED = Phrase(
    "--side {side!r} changes {field}, in which the cells differ: all cells of that side would be "
    "the same. Leave out one of the two."
)
_NOT_WHOLE = Phrase("{name} takes whole numbers; it was given {value!r}.")
_NOT_PLAIN = Phrase("{field} takes texts, numbers, lists and dicts; it was given {value!r}.")
_EXPONENT = re.compile(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination: ``at``: its value of each axis, by dotted field of the job spec."""

    name: str
    at: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Grid:
    """``axes``: the values of each field that has several. ``fixed``: all other changes."""

    axes: Mapping[str, Sequence[object]]
    fixed: Mapping[str, object]

    @property
    def cells(self) -> list[Cell]:
        """Every combination; the last axis changes first."""
        several = [
            dict(zip(self.axes, at, strict=True)) for at in itertools.product(*self.axes.values())
        ]
        return [Cell(_name(at, place), at) for place, at in enumerate(several, 1)]

    def jobs(self, workload: str | None) -> dict[str, job_pb2.JobSpec]:
        """Return each cell's spec, by name. Raises BadInput, which names all that are invalid."""
        return each_of(
            self.cells, lambda cell: config.job_spec(workload, {**self.fixed, **cell.at})
        )


def takes_several(name: str) -> bool:
    """Return whether a flag of a job may be an axis: a number, or one of a few names."""
    kinds = set(get_args(FLAGS[name][1])) - {type(None)}
    single = name != "clip_norm"  # whose value is a message
    return single and all(issubclass(kind, int | float | StrEnum) for kind in kinds)


def grid(flags: JobFlags, assigned: Sequence[str]) -> Grid:
    """Return the grid of ``flags``, whose axes are texts, and of ``--set``'s assignments.

    Raises BadInput, which names every flag that cannot be read.
    """
    single = {
        field.name: getattr(flags, field.name)
        for field in fields(JobFlags)
        if field.name not in FLAGS or not takes_several(field.name)
    }
    fixed, axes, faults = JobFlags(**single).changes(), dict[str, list[object]](), list[Sentence]()
    for name, (flag, _) in FLAGS.items():
        text = getattr(flags, name)
        if takes_several(name) and text is not None:
            _read(axes, faults, flag.field or name, str(text), partial(_of_flag, name))
    for assignment in assigned:
        field, equals, text = assignment.partition("=")
        if not (equals and field.strip()):
            config.assignment(assignment)  # says what is wrong
        _read(axes, faults, field.strip(), text, partial(_of_yaml, field.strip()))
    return _made(fixed, axes, faults)


def check_sides(grid: Grid, sides: Sequence[Side]) -> None:
    """Check that no side changes, in every cell alike, what the cells differ in. Raises BadInput.

    A side may change a part of what an axis is the whole of.
    """
    faults = [
        english(_VARIED, side=as_flag(side.name), field=axis)
        for side in sides
        for axis in grid.axes
        if any(f"{axis}.".startswith(f"{field}.") for field, _ in side.changes)
    ]
    if faults:
        raise BadInput(join(LINES, faults))


def of_values(
    flags: JobFlags,
    several: Mapping[str, object],
    axes: Mapping[str, object],
    fixed: Mapping[str, object],
) -> Grid:
    """Return the grid of ``several`` values of flags, by name, and of fields, as ``axes``.

    ``flags``: those with one value; ``fixed``: changes of other fields. Raises BadInput, which
    names every one that cannot be an axis.
    """
    read, faults = dict[str, list[object]](), list[Sentence]()
    for name, values in several.items():
        field = FLAGS[name][0].field or name
        _take(read, faults, field, values, partial(_fit, name))
    for field, values in axes.items():
        _take(read, faults, field, values, partial(_plain, field))
    return _made({**flags.changes(), **fixed}, read, faults)


def _take(
    axes: dict[str, list[object]],
    faults: list[Sentence],
    field: str,
    values: object,
    fit: Callable[[object], object],
) -> None:
    """Put values of a list into ``axes``, or what is wrong with them into ``faults``."""
    if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        faults.append(english(_NO_LIST, field=field, value=values))
    else:
        _read(axes, faults, field, str(values), lambda _: [fit(each) for each in values])


def _fit(name: str, value: object) -> object:
    """Return a value that a job's flag may have. Raises BadInput."""
    if not takes_several(name):
        raise BadInput(english(_SINGLE, name=name))
    if known := choices(name):
        return one_of(name, str(value), known)
    whole = int in get_args(FLAGS[name][1])
    if isinstance(value, bool) or not isinstance(value, Integral if whole else Real):
        phrase = _NOT_WHOLE if whole else _NOT_A_NUMBER
        raise BadInput(english(phrase, name=name, value=value))
    return _number(value)


def _plain(field: str, value: object) -> object:
    """Return a value that JSON has. Raises BadInput."""
    if isinstance(value, Real) and not isinstance(value, bool):
        return _number(value)
    try:
        json.dumps(value)
    except (TypeError, ValueError) as error:
        raise BadInput(english(_NOT_PLAIN, field=field, value=value)) from error
    return value


def _number(value: Real) -> int | float:
    """Return NumPy's numbers as Python's."""
    return int(value) if isinstance(value, Integral) else float(value)


def _made(
    fixed: dict[str, object], axes: Mapping[str, list[object]], faults: Sequence[Sentence]
) -> Grid:
    if faults:
        raise BadInput(join(LINES, faults))
    fixed |= {field: values[0] for field, values in axes.items() if len(values) == 1}
    several = {field: values for field, values in axes.items() if len(values) > 1}
    count = len(list(itertools.product(*several.values()))) if len(several) < 9 else MOST_CELLS + 1
    if not several:
        raise BadInput(english(_ONE_CELL))
    if count > MOST_CELLS:
        raise BadInput(english(_MANY, count=count, most=MOST_CELLS))
    return Grid(several, fixed)


def each_of(cells: Sequence[Cell], make: Callable[[Cell], T]) -> dict[str, T]:
    """Return what ``make`` returns for each cell, by name.

    Raises BadInput after all were tried: a line for each reason, with the cells that it is of.
    """
    made, refused = dict[str, T](), dict[Sentence, list[str]]()
    for cell in cells:
        try:
            made[cell.name] = make(cell)
        except BadInput as error:
            refused.setdefault(error.message, []).append(cell.name)
    if refused:
        raise BadInput(join(LINES, _refusals(refused, len(cells))))
    return made


def _refusals(refused: Mapping[Sentence, Sequence[str]], cells: int) -> Iterator[Sentence]:
    for why, names in refused.items():
        if len(names) == cells:  # it is not a matter of the grid
            yield why
        else:
            yield english(OF, name="; ".join(names), what=why)


def written(value: object) -> str:
    """Write a value of an axis for people."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _name(at: Mapping[str, object], place: int) -> str:
    """Return the name of a cell's directory: what it is, unless that is too long."""
    parts = (f"{field}={quote(written(value), safe='.+-')}" for field, value in at.items())
    whole = ",".join(parts)
    return whole if len(whole) <= _LONGEST_NAME else f"cell-{place}"


def _read(
    axes: dict[str, list[object]],
    faults: list[Sentence],
    field: str,
    text: str,
    parse: Callable[[str], Sequence[object]],
) -> None:
    """Put the values into ``axes``, or what is wrong with them into ``faults``."""
    try:
        values = list(parse(text))
    except BadInput as error:
        faults.append(error.message)
        return
    if not values:
        faults.append(english(_NO_VALUE, field=field, text=text))
    spelled = [written(value) for value in values]
    again = [each for place, each in enumerate(spelled) if each in spelled[:place]]
    faults += [english(_TWICE, field=field, value=each) for each in dict.fromkeys(again)]
    axes[field] = values


def _of_flag(name: str, text: str) -> list[object]:
    """Parse ``16,64,256`` as values of a job's flag. Raises BadInput."""
    flag, given = name.replace("_", "-"), [part.strip() for part in text.split(",")]
    if known := choices(name):
        return [one_of(f"--{flag}", value, known) for value in given]
    kind = int if int in get_args(FLAGS[name][1]) else float
    try:
        return [kind(value) for value in given]
    except ValueError as error:
        raise BadInput(english(_NO_NUMBER, flag=flag, text=text)) from error


def _of_yaml(field: str, text: str) -> list[object]:
    """Parse ``0.9,0.99``, or values in YAML's flow style. Raises BadInput."""
    try:
        found: list[object] = yaml.safe_load(f"[{text}]")
    except yaml.YAMLError as error:
        raise BadInput(english(_NOT_YAML, field=field, text=text, error=error)) from error
    return [_exponent(value) for value in found]


def _exponent(value: object) -> object:
    """Read ``1e-3`` as a number, which YAML 1.1 takes for a text."""
    return float(value) if isinstance(value, str) and _EXPONENT.fullmatch(value) else value
