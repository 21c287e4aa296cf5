"""Where a trainer's arithmetic asks for a dtype, an execution, a device or step details.

What is certified is what is timed only where each branch is on a path that a certificate takes, or
that a test of `tests/frameworks` holds against the reference: `tests.each` lists them.
"""

import ast
from pathlib import Path

import pytest

from services.frameworks import own
from tests.each import of

SERVICES = Path(__file__).parents[3] / "services"
# What of a framework's folder computes nothing of a matched job.
OTHERS = {
    *("__init__", "defaults", "environment", "idiomatic", "measure", "pipeline", "profile"),
    "summary",
}


def computing(framework):
    """The modules of a framework's folder that compute, by their names in it."""
    folder = SERVICES / framework
    found = {
        path.relative_to(folder).with_suffix("").as_posix()
        for path in folder.rglob("*.py")
        if path.parent.name != "idiomatic"  # of the other recipe
    }
    return sorted(found - OTHERS)


ASKED = {
    *("MIXED", "gradient_scale", "_gradient_scale"),
    *("Device", "Execution", "Precision", "compiled", "dtype", "eager", "is_compiling"),
    *(
        "kernels",
        "on_cpu",
        "on_gpu",
        "products",
        "report_step_details",
        "_details",
        "_warm",
        "type",
    ),
}


def conditions(tree):
    """Each condition, with the name of the innermost function around it."""

    def walk(node, function):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = node.name
        if isinstance(node, ast.If | ast.IfExp | ast.While | ast.Assert):
            yield function, node.test
        if isinstance(node, ast.comprehension):
            yield from ((function, each) for each in node.ifs)
        if isinstance(node, ast.Match):
            yield function, node.subject
        for child in ast.iter_child_nodes(node):
            yield from walk(child, function)

    yield from walk(tree, "")


def asks(condition):
    found = {
        node.id if isinstance(node, ast.Name) else node.attr
        for node in ast.walk(condition)
        if isinstance(node, ast.Name | ast.Attribute)
    }
    return bool(found & ASKED)


def places(source, module):
    return [
        f"{module} {function}: {ast.unparse(condition)}"
        for function, condition in conditions(ast.parse(source))
        if asks(condition)
    ]


@pytest.mark.parametrize("framework", own())
def test_every_branch_by_dtype_execution_device_or_details_is_listed_with_what_covers_it(framework):
    """It joins COVERED of tests/each."""
    found = {
        place
        for name in computing(framework)
        for place in places((SERVICES / framework / f"{name}.py").read_text(), f"{name}.py")
    }
    assert sorted(found) == sorted(of(framework).COVERED)


def test_a_branch_that_is_planted_is_found():
    planted = "def _dense(x):\n    return 1.0001 * x if x.dtype == torch.float32 else x\n"
    assert places(planted, "model.py") == ["model.py _dense: x.dtype == torch.float32"]


def asks_for_loop(code: str) -> bool:
    nodes = ast.walk(ast.parse(code))
    return any(isinstance(node, ast.Attribute) and node.attr == "loop" for node in nodes)


@pytest.mark.parametrize("framework", own())
def test_a_loop_is_asked_for_nowhere_where_there_is_one_program_for_both(framework):
    """So tests/frameworks tries one of them."""
    assert asks_for_loop("own = self._spec.loop is Loop.CUSTOM")
    found = {
        path
        for folder in (framework, "trial", "model")
        for path in (SERVICES / folder).rglob("*.py")
        if asks_for_loop(path.read_text())
    }
    assert bool(found) == ("loop" not in of(framework).UNREAD), found
