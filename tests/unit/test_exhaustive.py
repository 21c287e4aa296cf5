"""Nothing is passed over in silence: neither a kind that no case names nor a field of a job."""

import ast
import dataclasses
from pathlib import Path
from typing import get_args

import pytest
from twinrun.contract.spec import JobSpec
from twinrun.v1 import job_pb2

from orchestrator.trials.kinds import EventKind, LayerKind
from services.model.layers import output_shape, parameters

ROOT = Path(__file__).parents[2]
# Whose last case does something, and why that is right for whatever comes.
OPEN = {
    "services/pytorch/modules.py held: module": "a module of PyTorch's that holds no parameter",
    "services/runner/worker.py run: report": "all that is left are events, and each is passed on",
}
# What a trainer need not read.
NOT_A_TRAINERS = {
    "tolerance": "the orchestrator judges by it",
    "target_accuracy": "the orchestrator holds accuracies against it",
}


def matches(source, module):
    """Each match that does not end by refusing, with the function around it."""

    def walk(node, function):
        if isinstance(node, ast.FunctionDef):
            function = node.name
        if isinstance(node, ast.Match) and not refuses(node.cases[-1]):
            yield f"{module} {function}: {ast.unparse(node.subject)}"
        for child in ast.iter_child_nodes(node):
            yield from walk(child, function)

    yield from walk(ast.parse(source), "")


def refuses(case):
    """Whether it takes whatever is left, and raises: by `assert_never` or by itself."""
    takes_all = (
        isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and not case.guard
    )
    last = case.body[-1]
    never = isinstance(last, ast.Expr) and ast.unparse(last).startswith("assert_never(")
    return takes_all and (never or isinstance(last, ast.Raise))


def test_every_match_ends_with_assert_never_or_raises():
    found = {
        place
        for folder in ("services", "orchestrator", "proto/twinrun/contract")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for place in matches(path.read_text(), path.relative_to(ROOT).as_posix())
    }
    assert found == set(OPEN)


@pytest.mark.parametrize(
    "ending",
    [
        "",
        "        case _:\n            return 2\n",
        "        case _ if layer:\n            raise ValueError\n",
        "        case B():\n            raise ValueError\n",
        "        case _:\n            assert_never(layer)\n            pass\n",
    ],
)
def test_a_match_that_forgets_is_found(ending):
    source = "def f(layer):\n    match layer:\n        case A():\n            return 1\n" + ending
    assert list(matches(source, "model.py")) == ["model.py f: layer"]


def test_the_kinds_of_events_and_layers_are_the_protocols():
    for kinds, names in (
        (EventKind, job_pb2.JobEvent.DESCRIPTOR.oneofs_by_name["event"].fields),
        (LayerKind, job_pb2.Layer.DESCRIPTOR.oneofs_by_name["kind"].fields),
    ):
        assert list(get_args(kinds)) == [field.name for field in names]


@pytest.mark.parametrize("ask", [output_shape, lambda layer, shape: parameters([layer], shape)])
def test_a_layer_that_is_not_known_is_never_the_identity(ask):
    with pytest.raises(AssertionError, match="Unknown"):
        ask("Unknown", (3,))


def read(paths):
    """The names of all attributes that are read."""
    return {
        node.attr
        for path in paths
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }


@pytest.mark.parametrize("framework", ["pytorch", "tensorflow"])
def test_every_field_of_a_job_is_read_where_it_is_trained(framework):
    own = ROOT / "services" / framework
    # What trains alike for all; the spec itself only says what may stand in a field.
    shared = [ROOT / f"services/trial/{name}.py" for name in ("matched", "chunks", "run")]
    shared += [*(ROOT / "services/model").glob("*.py"), *(ROOT / "services/data").glob("*.py")]
    fields = {field.name for field in dataclasses.fields(JobSpec)}
    found = read([*own.glob("*.py"), *shared])
    if "epoch_numbers" in found:  # which follow from it
        found.add("late_epoch")
    assert fields - found == set(NOT_A_TRAINERS)


@pytest.mark.parametrize("file", ["model.py", "idiomatic.py"])
@pytest.mark.parametrize("framework", ["pytorch", "tensorflow"])
def test_each_recipe_of_each_framework_asks_for_the_loss(framework, file):
    source = (ROOT / "services" / framework / file).read_text()
    subjects = {
        ast.unparse(node.subject)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Match)
    }
    assert "spec.loss" in subjects
