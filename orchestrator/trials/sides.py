"""The sides of a comparison: each a framework, optionally with changes to the job.

A side is stored as its name, which says all of it: ``pytorch``, ``pytorch-a`` for one of two
identical sides, ``pytorch-2.13.0`` for one of a certain version of the framework,
``pytorch-execution=compiled`` for one that changes the job.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote, unquote

import yaml
from google.protobuf import json_format
from twinrun.contract.converters.specs import spec_to_proto
from twinrun.contract.values import checked_spec
from twinrun.v1 import job_pb2

from orchestrator.errors import BadInput
from orchestrator.frameworks import parted
from orchestrator.language.phrases import Phrase, english
from orchestrator.trials.mappings.names import in_proto

# Every field of a job is in one of these. Changes of how it is run do not affect its arithmetic.
HOW = frozenset({"device", "execution", "loop", "report_every_steps", "threads"})
OWN = frozenset({"own_ways", "recipe"})  # after which the arithmetic is each framework's own
ARITHMETIC = OWN | {
    *("accumulate_steps", "allow_tf32", "augmentation", "batch_size", "early_stopping", "layers"),
    *("loss", "loss_scale", "matched_batch_order"),
    *("matched_initial_values", "optimizer", "precision"),
}
# With another value an epoch, or all of training, is other work: a ratio would mean nothing.
WORK = frozenset({"dataset", "epochs", "late_epoch", "steps_per_epoch_limit"})
# What a comparison has once, for all its sides.
SHARED = frozenset(
    {
        *("code", "perturb_initial_weights", "profile", "report_step_details", "seed", "target"),
        *("target_accuracy", "tolerance"),
    }
)
VERSION = re.compile(r"\d+(\.\d+){1,3}")  # of a framework: a part of file names and commands
_AS_IT_IS = '.+-{}[]":'  # of a value, in a name
_NO_CHANGE = Phrase("{side} changes {field} to {value}, which is not a valid job: {error}")


@dataclass(frozen=True, slots=True)
class Side:
    """A framework, and ``changes`` to the job: dotted fields of the spec with their values.

    Values are written as for ``--set``: ``compiled``, ``0.01``. ``letter`` distinguishes identical
    sides. ``version`` of the framework, if it has an environment of its own; empty: the usual one.
    """

    framework: str
    changes: tuple[tuple[str, str], ...] = ()
    letter: str = ""
    version: str = ""

    @property
    def name(self) -> str:
        """Its name in stored data and in its files' names."""
        changes = [f"{field}={quote(value, safe=_AS_IT_IS)}" for field, value in self.changes]
        parts = [*filter(None, [self.version]), *self.letter, *changes]
        return "-".join([self.framework, *filter(None, [",".join(parts)])])

    @property
    def runner(self) -> str:
        """The name of the runner that it runs on: ``pytorch`` or ``pytorch-2.13.0``."""
        return Side(self.framework, version=self.version).name

    @classmethod
    def named(cls, name: str) -> Self:
        """Return the side that is stored under that name."""
        framework, rest = parted(name)
        parts = [part.partition("=") for part in rest.split(",")]
        changes = tuple((field, unquote(value)) for field, equals, value in parts if equals)
        words = [field for field, equals, _ in parts if not equals]
        version = words.pop(0) if words and VERSION.fullmatch(words[0]) else ""
        return cls(framework, changes, "".join(words), version)

    def spec(self, spec: job_pb2.JobSpec) -> job_pb2.JobSpec:
        """Return the spec of the side's trials, where the job is ``spec``. Raises BadInput."""
        changed = job_pb2.JobSpec()
        changed.CopyFrom(spec)
        for field, value in self.changes:
            mapping = json_format.MessageToDict(changed, preserving_proto_field_name=True)
            try:
                _change(mapping, field, value)
                mapping = in_proto(mapping, job_pb2.JobSpec.DESCRIPTOR)
                changed = json_format.ParseDict(mapping, job_pb2.JobSpec())
            except (json_format.ParseError, yaml.YAMLError, TypeError) as error:
                given = {"side": self.name, "field": field, "value": repr(value)}
                raise BadInput(english(_NO_CHANGE, **given, error=error)) from error
        return _whole(changed) if self.changes else changed


def _whole(changed: job_pb2.JobSpec) -> job_pb2.JobSpec:
    """Fill in the defaults of what was changed, as a runner would; an invalid one stays."""
    completed, violations = checked_spec(changed, default_threads=1)
    if violations:
        return changed
    made = spec_to_proto(completed)
    if not changed.HasField("threads"):
        made.ClearField("threads")
    return made


def _change(mapping: dict[str, Any], path: str, value: str) -> None:
    """Set a field to ``value``, in YAML."""
    *parents, name = path.split(".")
    for parent in parents:
        mapping = mapping.setdefault(parent, {})
    mapping[name] = yaml.safe_load(value)


def framework_of(side: str) -> str:
    """Return the framework that a side's trials run on."""
    return Side.named(side).framework


def runner_of(side: str) -> str:
    """Return the name of the runner that a side's trials run on."""
    return Side.named(side).runner


def version_of(side: str) -> str:
    """Return the version of the framework that a side asks for; empty: none."""
    return Side.named(side).version


def as_flag(name: str) -> str:
    """Write the side of that name as ``--side`` takes it: ``pytorch: execution=compiled``."""
    side = Side.named(name)
    changes = ", ".join(f"{field}={value}" for field, value in side.changes)
    return f"{side.runner}: {changes}" if changes else side.runner


def changed_fields(sides: Sequence[str]) -> list[str]:
    """Return in what the sides change the job differently: dotted fields of the spec."""
    changes = [dict(Side.named(side).changes) for side in sides]
    fields = {field for each in changes for field in each}
    return sorted(f for f in fields if len({each.get(f) for each in changes}) > 1)


def sides(frameworks: Sequence[str]) -> tuple[Side, ...]:
    """Return a side for each framework, without changes."""
    return tuple(map(Side, frameworks))


def runners_of(sides: Sequence[Side]) -> tuple[str, ...]:
    """Return the names of the runners of the sides, each once."""
    return tuple(dict.fromkeys(side.runner for side in sides))


def twice(framework: str) -> tuple[Side, Side]:
    """Return two sides of the same framework."""
    return Side(framework, letter="a"), Side(framework, letter="b")


def are_the_same(sides: Sequence[str]) -> bool:
    """Return whether there are several sides, all of one framework, unchanged: an A/A test."""
    different = {(side.runner, side.changes) for side in map(Side.named, sides)}
    return len(sides) > 1 and len(different) == 1


def change_how(sides: Sequence[str]) -> bool:
    """Return whether they only change how the job is run: its arithmetic is the same."""
    changes = (field for side in sides for field, _ in Side.named(side).changes)
    return HOW.issuperset(map(whole, changed_fields(sides))) and OWN.isdisjoint(changes)


def whole(field: str) -> str:
    """Return the field of the spec that a dotted one is a part of."""
    return field.partition(".")[0]
