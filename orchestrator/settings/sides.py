"""Sides as a user names them: ``pytorch: execution=compiled, threads=1``, ``pytorch-2.13.0``."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import yaml
from twinrun.contract.values import checked_spec
from twinrun.v1 import job_pb2

from orchestrator.errors import BadInput
from orchestrator.frameworks import FRAMEWORKS
from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import LINES, SEMICOLON
from orchestrator.settings import config, versions
from orchestrator.settings.workloads import forms, lines
from orchestrator.trials.mappings.names import in_proto
from orchestrator.trials.sides import HOW, OWN, SHARED, WORK, Side, as_flag, whole
from orchestrator.trials.spec import spec_of

_OF = Phrase("--side {text!r}: {fault}")
_NO_CHANGE = Phrase(
    "{part!r} is no change; write NAME: FIELD=VALUE, FIELD=VALUE, such as 'pytorch: "
    "execution=compiled'"
)
_TWICE = Phrase("it changes {field} twice")
_NOT_YAML = Phrase("{field}: {value!r} is not YAML: {problem}")
_WORK = Phrase(
    "{field} cannot differ between sides: an epoch, or all of training, would be other work, and "
    "how many times as long it took would say nothing. Change it for every side, with --set, or "
    "in two commands"
)
_SHARED = Phrase("{field} is one for all sides; change it with its own flag or --set")
_FAULT = Phrase("{field} {message}")
_OTHER_KIND = Phrase(
    "the job has another kind of {fields}, of which there is only one; choose it for all sides "
    "with --set, or give the whole: 'optimizer={{sgd: {{momentum: 0.9}}, learning_rate: 0.01}}'"
)
_TOO_LONG = Phrase(
    "its changes have {count} characters, which is too long for names of files (at most {most}); "
    "put what all sides share into a workload of your own"
)
_ASKED_TWICE = Phrase("--side and {flag} both say which sides there are; give one of them.")
_VARIANTS = Phrase(
    "--loop both and --recipe both make several comparisons, and --side one; write both as sides: "
    "--side pytorch --side 'pytorch: loop=custom'."
)
_OWN = Phrase(
    "--side {side!r}: {field} is what this command itself changes, for every side alike: each "
    "difference by itself, and with --recipe both the idiomatic recipe. 'orchestrator compare' "
    "takes such a side."
)
_ONE_KIND = Phrase(
    "--side {side!r}: here each row is a job of its own, with one kind of layer, loss or optimizer "
    "and its own numbers, so a side may only change how it is computed: {fields}. 'orchestrator "
    "compare' lists what a changed {field} makes of a whole job."
)
_VARIED = Phrase(
    "--side {side!r} changes {field}, which --{field} says for all sides: leave out one of the two."
)
_SAME = Phrase("--side names {side} twice; here each side is another one.")
_FEW = Phrase("This needs {least} sides or more, and --side names {count}.")
_OF_A_KIND = HOW - {"devices"}  # each kind is also tried in its own way, which takes one device
_MOST_CHARACTERS = 100  # of a side's name, which is a part of names of files
_NEXT = re.compile(r",(?=\s*[A-Za-z_][\w.]*\s*=)")  # YAML has no such thing within a value


def sides(texts: Sequence[str], spec: job_pb2.JobSpec) -> tuple[Side, ...]:
    """Parse what --side was given, for a job of ``spec``.

    A change that changes nothing is left out, so that what is equal has equal names. Sides that are
    the same then get letters, in order: they are compared as by --aa. Raises BadInput with
    everything that is wrong.
    """
    faults, found = list[Sentence](), list[Side]()
    usual = spec_of(spec, "")
    made = {Side(name): (name, usual) for name in FRAMEWORKS}  # what each trains
    for text in texts:
        try:
            side = _side(text, spec)
            key = side.runner, spec_of(side.spec(spec), text)
            alike = (each for each, known in made.items() if known == key)
            found.append(next(alike, side))
            made[found[-1]] = key
        except BadInput as error:
            faults.append(error.message)
    if faults:
        raise BadInput(join(LINES, faults))
    if len(found) > config.MOST_SIDES:
        raise BadInput(english(config.TOO_MANY, count=len(found), most=config.MOST_SIDES))
    return tuple(_lettered(found))


def baseline(text: str | None, compared: Sequence[Side], spec: job_pb2.JobSpec) -> str | None:
    """Return the name of the side that --baseline means: its name, or as in --side.

    Raises BadInput.
    """
    names = [side.name for side in compared]
    if text is not None and text not in names and ":" in text:
        (meant,) = sides([text], spec)
        text = next((each for each in names if each == meant.name), text)
    return config.baseline(text, names)


def explained(found: Sequence[Side]) -> tuple[Side, ...]:
    """Return the sides if `explain` can introduce its differences into them. Raises BadInput.

    They are two or more, none twice, and none has ways of its own already.
    """
    own = [(side, field) for side in found for field, _ in side.changes if whole(field) in OWN]
    faults = [english(_OWN, side=as_flag(side.name), field=field) for side, field in own]
    return _different(found, faults)


def kind_by_kind(found: Sequence[Side], asked: Sequence[str] = ()) -> tuple[Side, ...]:
    """Return the sides if `parity` can try each kind on them. Raises BadInput.

    They are two or more, none twice, and change only how a job is computed; none what ``asked``,
    fields that flags say for all of them.
    """
    how, faults = ", ".join(sorted(_OF_A_KIND)), list[Sentence]()
    for side, field in [(each, field) for each in found for field, _ in each.changes]:
        given = {"side": as_flag(side.name), "field": field}
        if field in asked:
            faults.append(english(_VARIED, **given))
        elif whole(field) not in _OF_A_KIND:
            faults.append(english(_ONE_KIND, **given, fields=how))
    return _different(found, faults)


def _different(found: Sequence[Side], faults: Sequence[Sentence]) -> tuple[Side, ...]:
    """Return the sides if they are two or more, none twice, and have no ``faults``."""
    twice = dict.fromkeys(as_flag(side.name) for side in found if side.letter)
    wrong = [*faults, *(english(_SAME, side=side) for side in twice)]
    if len(found) < 2:
        wrong.append(english(_FEW, least=2, count=len(found)))
    if wrong:
        raise BadInput(join(LINES, wrong))
    return tuple(found)


def refuse_both(flag: str, *, given: bool) -> None:
    """Refuse --side together with another flag that says which sides there are. Raises BadInput."""
    if given:
        raise BadInput(english(_ASKED_TWICE, flag=flag))


def refuse_variants(*, given: bool) -> None:
    """Refuse --side where a command makes several comparisons already. Raises BadInput."""
    if given:
        raise BadInput(english(_VARIANTS))


def _lettered(found: Sequence[Side]) -> Iterator[Side]:
    for index, side in enumerate(found):
        alike = [place for place, each in enumerate(found) if each == side]
        letter = chr(ord("a") + alike.index(index)) if len(alike) > 1 else ""
        yield replace(side, letter=letter)


def _side(text: str, spec: job_pb2.JobSpec) -> Side:
    """Parse one. Raises BadInput with all its faults."""
    name, _, rest = text.partition(":")
    faults, found = list[Sentence](), versions.split(name.strip())
    if not isinstance(found, tuple):
        faults.append(found)
        found = ("", "")
    changes: dict[str, str] = {}
    for part in filter(str.strip, _NEXT.split(rest)):
        field, _, value = (each.strip() for each in part.partition("="))
        if not (field and value):
            faults.append(english(_NO_CHANGE, part=part.strip()))
        elif field in changes:
            faults.append(english(_TWICE, field=field))
        else:
            try:
                changes[field] = _value(field, value)
            except BadInput as error:
                faults.append(error.message)
    side = Side(found[0], tuple(changes.items()), version=found[1])
    if len(side.name) > _MOST_CHARACTERS:
        most = _MOST_CHARACTERS
        faults.append(english(_TOO_LONG, count=len(side.name), most=most))
    if not faults:
        try:
            faults += _invalid(side.spec(spec))
        except BadInput as error:
            other = "oneof" in str(error)
            fields = ", ".join(map(repr, dict.fromkeys(map(whole, changes))))
            faults.append(english(_OTHER_KIND, fields=fields) if other else error.message)
    if faults:
        raise BadInput(join(LINES, [english(_OF, text=text, fault=each) for each in faults]))
    return side


def _value(field: str, text: str) -> str:
    """Return the value as a side has it: short forms of layers and losses are written out.

    Raises BadInput.
    """
    config.check_field(field)
    for names, phrase in ((WORK, _WORK), (SHARED, _SHARED)):
        if whole(field) in names:
            raise BadInput(english(phrase, field=field))
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", error)
        raise BadInput(english(_NOT_YAML, field=field, value=text, problem=problem)) from error
    *parents, last = field.split(".")
    mapping: dict[str, object] = {last: value}
    for name in reversed(parents):
        mapping = {name: mapping}
    formed = in_proto(forms.mapping_of(mapping), job_pb2.JobSpec.DESCRIPTOR)
    if unfit := lines.unfit(formed):
        raise BadInput(join(SEMICOLON, unfit))
    for name in field.split("."):
        formed = formed[name]
    return json.dumps(formed, separators=(",", ":")) if isinstance(formed, (dict, list)) else text


def _invalid(spec: job_pb2.JobSpec) -> list[Sentence]:
    bad = checked_spec(spec, default_threads=1)[1]
    return [english(_FAULT, field=each.field, message=each.message) for each in bad]
