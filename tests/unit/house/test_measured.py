"""What a trial reports is given by a runner and read by the orchestrator; what is not is named."""

import ast
import dataclasses
import functools
import typing
from pathlib import Path

import pytest
from twinrun.contract import events

ROOT = Path(__file__).parents[3]
EVENTS = {cls.__name__: cls for cls in typing.get_args(events.Event)}
# Fields that nobody need read beyond the gate, and why.
NOT_READ = {"Environment.precision_notes": "environments.json has it as it came"}


def parts(cls) -> set[type]:
    """A dataclass and those that it holds."""
    held = set()
    for hint in typing.get_type_hints(cls).values():
        for part in (hint, *typing.get_args(hint)):
            if dataclasses.is_dataclass(part):
                held |= parts(part)
    return {cls, *held}


MESSAGES = {cls.__name__: cls for event in EVENTS.values() for cls in parts(event)}
# Sorted, since all workers of a test run must collect the same.
FIELDS = sorted(
    f"{name}.{field.name}" for name, cls in MESSAGES.items() for field in dataclasses.fields(cls)
)


@functools.cache
def trees(folder: str) -> tuple[ast.Module, ...]:
    return tuple(ast.parse(path.read_text()) for path in sorted((ROOT / folder).rglob("*.py")))


@functools.cache
def given() -> set[str]:
    """Fields that some runner's code gives a value, by `replace` of any class: ``Class.field``."""
    nodes = [node for tree in trees("services") for node in ast.walk(tree)]
    found = set()
    for call in (node for node in nodes if isinstance(node, ast.Call)):
        name = ast.unparse(call.func).rpartition(".")[2]
        named = {keyword.arg for keyword in call.keywords}
        if name == "replace":
            found |= {field for field in FIELDS if field.partition(".")[2] in named}
        elif name in MESSAGES:
            fields = [field.name for field in dataclasses.fields(MESSAGES[name])]
            unpacked = any(isinstance(value, ast.Starred) for value in call.args)
            placed = fields if unpacked else fields[: len(call.args)]
            found |= {f"{name}.{field}" for field in (*placed, *named)}
    return found


@functools.cache
def read() -> set[str]:
    """Every name that the orchestrator asks an object for, by itself or by a text."""
    nodes = [node for tree in trees("orchestrator") for node in ast.walk(tree)]
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
    return attributes | {text for text in texts if isinstance(text, str)}


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_of_an_event_is_given_by_a_runner(field):
    assert field in given(), f"nothing in services gives {field} a value"


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_of_an_event_is_read_by_the_orchestrator(field):
    name = field.partition(".")[2]
    names = {name, name.removesuffix("seconds") + "duration"}
    assert bool(names & read()) != (field in NOT_READ), f"nothing in orchestrator reads {field}"
