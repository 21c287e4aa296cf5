"""Nothing is passed over in silence: neither a kind that no case names nor a field of a job."""

import ast
import dataclasses
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from twinrun.contract.losses import Loss
from twinrun.contract.optimizers import Optimizer
from twinrun.contract.spec import JobSpec
from twinrun.v1 import job_pb2

from orchestrator.trials.kinds import EventKind, LayerKind
from services.model.shapes import output_shape, parameters
from tests.each import of
from tests.mutants.targets import EVERY

ROOT = Path(__file__).parents[3]
# Whose last case does something, and why that is right for whatever comes.
OPEN = {
    "services/runner/worker.py run: report": "all that is left are events, and each is passed on",
    "proto/twinrun/contract/converters/nests.py _nest: kind": "a leaf is itself",
    "orchestrator/reports/workloads.py _layers: name": "a leaf of any kind is told by its size",
}
# What a trainer need not read.
NOT_A_TRAINERS = {
    "tolerance": "the orchestrator judges by it",
    "target": "the orchestrator holds metrics against it",
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
    with pytest.raises(KeyError, match="str"):
        ask("Unknown", (3,))


def read(paths):
    """The names of all attributes that are read."""
    return {
        node.attr
        for path in paths
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }


@pytest.mark.parametrize("framework", EVERY)
def test_every_field_of_a_job_is_read_where_it_is_trained(framework):
    own = ROOT / "services" / framework
    # What trains alike for all; the spec itself only says what may stand in a field.
    shared = [
        ROOT / f"services/trial/{name}.py" for name in ("matched", "chunks", "run", "initial")
    ]
    shared += [*(ROOT / "services/model").rglob("*.py"), *(ROOT / "services/data").glob("*.py")]
    fields = {field.name for field in dataclasses.fields(JobSpec)}
    refused = (ROOT / "services/refusals").glob(f"{framework}.py")
    found = read([*own.rglob("*.py"), *refused, *shared])
    follow = {"gradient_scale": "loss_scale", "epoch_numbers": "late_epoch"}
    found |= {field for name, field in follow.items() if name in found}
    assert fields - found == set(NOT_A_TRAINERS) | of(framework).UNREAD


# Of which a job has one. A loss or an optimizer that a place forgets would fail there at run time.
FAMILIES = {
    "losses": {kind.__name__ for kind in get_args(Loss)},
    "optimizers": {kind.__name__ for kind in get_args(get_type_hints(Optimizer)["kind"])},
}
# Of optimizers each has a file of its own in each place, or the place is an error at import.
PLACES = {
    "losses": [f"{place}/losses.py" for place in ("model", *EVERY)],
    "optimizers": [f"{place}/optimizers/" for place in ("model", *EVERY)],
}


def forgotten(source, family):
    """Of each match over the family what none of its cases names, with the function around it."""
    found = {}
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        for match in ast.walk(function):
            if isinstance(match, ast.Match):
                # What is held back by a guard is not taken for sure.
                patterns = [case.pattern for case in match.cases if not case.guard]
                parts = [part for pattern in patterns for part in ast.walk(pattern)]
                named = {
                    ast.unparse(part.cls if isinstance(part, ast.MatchClass) else part.value)
                    for part in parts
                    if isinstance(part, ast.MatchClass | ast.MatchValue)
                }
                if named & family:
                    found[function.name] = family - named
    return found


@pytest.mark.parametrize("name", FAMILIES)
def test_every_loss_and_optimizer_has_a_case_wherever_one_has(name):
    for path in sorted((ROOT / "services").rglob("*.py")):
        for function, lacking in forgotten(path.read_text(), FAMILIES[name]).items():
            assert not lacking, f"{path.relative_to(ROOT)} {function}"


@pytest.mark.parametrize("place", PLACES["losses"])
def test_a_loss_is_asked_for_in_the_few_files_that_are_its_own(place):
    assert forgotten((ROOT / "services" / place).read_text(), FAMILIES["losses"])


@pytest.mark.parametrize("place", PLACES["optimizers"])
def test_an_optimizer_has_a_file_of_its_own_in_each_place(place):
    there = {path.stem for path in (ROOT / "services" / place).glob("*.py")}
    assert {name.lower() for name in FAMILIES["optimizers"]} <= there


def test_no_other_file_of_the_runner_tells_losses_or_optimizers_apart():
    """So that another one is another case in these."""
    users = {"losses": "keras/losses.py", "optimizers": "keras/optimizers.py"}  # who write Keras
    for name, family in FAMILIES.items():
        for path in sorted((ROOT / "services").rglob("*.py")):
            place = path.relative_to(ROOT / "services").as_posix()
            if not place.startswith((*PLACES[name], users[name])):
                named = {
                    ast.unparse(node)
                    for node in ast.walk(ast.parse(path.read_text()))
                    if isinstance(node, ast.Name | ast.Attribute)
                }
                assert not named & family, place


def test_a_loss_that_is_forgotten_is_found():
    source = (
        "def f(loss):\n    match loss:\n        case Loss.A:\n            return 1\n"
        "        case Loss.B if loss:\n            return 2\n"
        "        case _:\n            assert_never(loss)\n"
    )
    assert forgotten(source, {"Loss.A", "Loss.B"}) == {"f": {"Loss.B"}}


@pytest.mark.parametrize(
    ("framework", "file", "asked"),
    [
        *((name, file, asked) for name in EVERY for file, asked in of(name).LOSSES.items()),
        ("keras", "trainer", {"idiomatic", "metrics"}),
    ],
)
def test_each_recipe_of_each_framework_asks_for_the_loss(framework, file, asked):
    source = (ROOT / "services" / framework / f"{file}.py").read_text()
    found = {
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "losses"
    }
    assert found == asked
