"""The orchestrator's registry of frameworks, which alone names them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import orchestrator
from orchestrator.frameworks import FRAMEWORKS
from orchestrator.language.palette import looks
from orchestrator.language.words import label

ROOT = Path(orchestrator.__file__).parent
# What may be said beside it: texts about a framework's own ways.
TEXTS = {
    "frameworks.py",
    "results/habits/arithmetic.py",  # what each does of its own
    "results/habits/machinery.py",  # the same
    "results/habits/pitfall.py",  # the same
    "results/habits/pitfalls.py",  # the same
    "results/summary.py",  # buffers are PyTorch's word
    "settings/sides.py",  # examples of sides
    "cli/sides_option.py",  # the same
    "settings/job.py",  # an example of a model in code
}


def texts(path: Path) -> Iterator[str]:
    """String constants of a module that are no docstrings."""
    tree = ast.parse(path.read_text())
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        constant = isinstance(node, ast.Constant) and id(node) not in docstrings
        if constant and isinstance(node.value, str):
            yield node.value


def test_no_other_module_names_a_framework():
    naming = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        for text in texts(path)
        if any(name in text.lower() for name in FRAMEWORKS)
    }
    assert naming == TEXTS


def test_each_has_a_name_a_port_and_a_look_of_its_own():
    every = list(FRAMEWORKS.values())
    for field in ("name", "label", "port", "colour", "marker"):
        assert len({getattr(each, field) for each in every}) == len(every)
    assert all(name == each.name for name, each in FRAMEWORKS.items())


def test_up_to_eight_sides_are_told_apart_by_colour_and_by_marker():
    sides = [*FRAMEWORKS, *(f"other{number}" for number in range(8 - len(FRAMEWORKS)))]
    found = list(looks(sides).values())
    assert len({look.colour for look in found}) == len({look.marker for look in found}) == 8
    unknown = looks([f"other{number}" for number in range(8)])
    assert len(set(unknown.values())) == 8


def test_a_side_is_labelled_by_its_framework_and_what_it_changes():
    assert label("pytorch") == "PyTorch"
    assert label("pytorch-a") == "PyTorch A"
    assert label("pytorch-execution=compiled") == "PyTorch (execution=compiled)"
    assert label("other-loop=custom,seed=3") == "other (loop=custom, seed=3)"
