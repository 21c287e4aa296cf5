"""`Any` is for edges whose own types are not known: each module that has it says why here."""

import ast

import pytest

from tests.builders.source import ROOT, modules

JSON = "what JSON holds is known once it has been looked at, which is done here"
YAML = "what YAML holds, as JSON"
REFLECTION = "protobuf's reflection and gRPC's callables have no types"
CLICK = "click's and typer's commands and parameters have no types of their own"
MATPLOTLIB = "keyword arguments that are handed on to matplotlib"
RICH = "keyword arguments and cells that are handed on to rich"
RAY = "Ray is imported in one process alone, which speaks JSON; its own objects have no types here"
MAY = {
    "orchestrator/__init__.py": "a module's __getattr__ gives what there is",
    "orchestrator/actions/cluster/by_ray.py": RAY,
    "orchestrator/api/answer.py": "what a command prints as JSON, as users get it",
    "orchestrator/api/asked.py": "changes to a job, as YAML has them",
    "orchestrator/api/functions.py": "changes to a job, as YAML has them",
    "orchestrator/api/looking.py": "changes to a job, as YAML has them",
    "orchestrator/api/proving.py": "changes to a job, as YAML has them",
    "orchestrator/api/sweeping.py": "changes to a job, as YAML has them",
    "orchestrator/api/result.py": "comparison.json as users get it, who look into it",
    "orchestrator/cli/entry.py": CLICK,
    "orchestrator/cli/groups.py": CLICK,
    "orchestrator/cli/help.py": CLICK,
    "orchestrator/cli/lazy.py": CLICK,
    "orchestrator/cli/main.py": CLICK,
    "orchestrator/cli/options.py": CLICK,
    "orchestrator/cli/output.py": "whatever json.dumps takes",
    "orchestrator/exports/tables.py": "cells are of the kinds that their table's columns name",
    "orchestrator/figures/": MATPLOTLIB,
    "orchestrator/figures/renderer.py": "what pickle gives",
    "orchestrator/gate/report.py": "a look takes the message of its own kind of event",
    "orchestrator/gate/spec.py": REFLECTION,
    "orchestrator/gate/status.py": REFLECTION,
    "orchestrator/gate/tensors.py": JSON,
    "orchestrator/trials/mappings/values.py": REFLECTION,
    "orchestrator/language/columns.py": "keyword arguments that are handed on to textwrap",
    "orchestrator/reports/workloads.py": YAML,
    "orchestrator/reports/writers/terminal.py": RICH,
    "orchestrator/runners/apart.py": REFLECTION,
    "orchestrator/runners/asking.py": REFLECTION,
    "orchestrator/runners/client.py": REFLECTION,
    "orchestrator/runners/cluster/ray/": RAY,
    "orchestrator/runners/wire.py": REFLECTION,
    "orchestrator/settings/config.py": YAML,
    "orchestrator/settings/file.py": "what TOML holds, as JSON",
    "orchestrator/settings/job.py": "values of flags of every kind, as YAML has them",
    "orchestrator/settings/parity/": JSON,
    "orchestrator/settings/workloads/": YAML,
    "orchestrator/storage/": JSON,
    "orchestrator/trials/mappings/names.py": REFLECTION,
    "orchestrator/trials/mappings/reading.py": "fields of dataclasses of every kind, by hints",
    "orchestrator/trials/sides.py": REFLECTION,
    "orchestrator/trials/text.py": REFLECTION,
}


def uses_any(source: str) -> bool:
    """Whether a module names `typing.Any`, in whatever way; a word in a text is none."""
    tree = ast.walk(ast.parse(source))
    return any(
        (isinstance(node, ast.Name) and node.id == "Any")
        or (isinstance(node, ast.Attribute) and node.attr == "Any")
        or (isinstance(node, ast.alias) and node.name == "Any")
        for node in tree
    )


USERS = [name for name, path in modules("orchestrator") if uses_any(path.read_text())]


def reason(name: str) -> str | None:
    """Of the module itself, or of a folder that it lies in."""
    folders = (why for place, why in MAY.items() if place.endswith("/") and name.startswith(place))
    return MAY.get(name) or next(folders, None)


@pytest.mark.parametrize("name", USERS)
def test_whoever_uses_any_has_a_reason(name):
    assert reason(name), f"{name} uses Any: give it a type"


@pytest.mark.parametrize("place", MAY)
def test_a_reason_stands_for_someone_who_uses_any(place):
    assert (ROOT / place).exists()
    assert any(name == place or name.startswith(place.rstrip("/") + "/") for name in USERS)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from typing import Any\n\ndef f(x: Any) -> None: ...\n", True),
        ("import typing\n\nx: dict[str, typing.Any] = {}\n", True),
        ("from typing import Any as Whatever\n", True),
        ('"""Any thread may."""\n\nx: object = "Any"\n', False),
    ],
)
def test_it_is_seen_in_whatever_way_it_is_named(source, found):
    assert uses_any(source) is found


@pytest.mark.parametrize("room", ["trials/inputs.py", "results/comparison.py", "page/parts.py"])
def test_the_judging_half_has_no_reason(room):
    assert reason(f"orchestrator/{room}") is None
