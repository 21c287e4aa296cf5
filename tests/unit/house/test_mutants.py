"""The mutants of `make mutants`: which there are, and that nothing is left out in silence."""

import ast
import importlib.util
from itertools import chain

import pytest

from tests.mutants import known, matrix, report, targets
from tests.mutants.operators import mutants, replaced
from tests.mutants.planted import PLANTED
from tests.mutants.worker import Changed

SOURCE = '''
def step(spec, w, g, *, training=True):
    """A docstring of 3 words."""
    rate = 0.5 * g.mean()
    w.sub_(rate)
    w.mul_(2.0)
    if spec.momentum and training:
        w = w + 1
    return w, rate
'''


def made(source: str) -> list[str]:
    return [mutant.name.partition(": ")[2] for mutant in mutants("x.py", source)]


def test_each_mutant_changes_one_thing_and_is_still_a_program():
    for mutant in mutants("x.py", SOURCE):
        changed = [
            (old, new)
            for old, new in zip(SOURCE.splitlines(), mutant.source.splitlines(), strict=True)
            if old != new
        ]
        assert 1 <= len(changed) <= 2, mutant.name
        ast.parse(mutant.source)
        first, last = mutant.lines
        assert mutant.statement in " ".join(SOURCE.split())
        assert first <= last


def test_constants_operators_names_lines_and_order_are_changed():
    assert made(SOURCE) == [
        "swapped lines: w.sub_(rate) w.mul_(2.0) -> w.mul_(2.0) w.sub_(rate)",
        "operator: 0.5 * g.mean() -> (0.5 / g.mean())",
        "constant: 0.5 -> 0.505",
        "dropped call: g.mean() -> g",
        "name: g.mean -> g.sum",
        "dropped line: w.sub_(rate) -> pass",
        "name: w.sub_ -> w.add_",
        "dropped line: w.mul_(2.0) -> pass",
        "constant: 2.0 -> 2.02",
        "condition: spec.momentum and training -> (not (spec.momentum and training))",
        "operator: spec.momentum and training -> (spec.momentum or training)",
        "name: spec.momentum -> spec.epsilon",
        "dropped line: w = w + 1 -> pass",
        "operator: w + 1 -> (w - 1)",
        "constant: 1 -> 2",
        "swapped: w, rate -> rate, w",
    ]


def test_names_stay_while_other_parts_of_the_file_change():
    before = {mutant.name for mutant in mutants("x.py", SOURCE)}
    after = {mutant.name for mutant in mutants("x.py", "import math\n\n\nX = 3\n" + SOURCE)}
    assert before <= after


def test_a_function_that_is_left_out_is_not_changed():
    assert not mutants("x.py", SOURCE, ["step"])


def test_a_text_that_is_not_there_once_cannot_be_replaced():
    with pytest.raises(ValueError, match="is there 2 times"):
        replaced("a a", "a", "b")


def test_every_file_of_a_framework_is_mutated_or_left_out_with_a_reason():
    for framework in targets.EVERY:
        folder = targets.ROOT / "services" / framework
        there = {path.relative_to(targets.ROOT).as_posix() for path in folder.rglob("*.py")}
        start = f"services/{framework}/"
        every = chain(targets.MUTATED, targets.LEFT_OUT)
        listed = {name for name in every if name.startswith(start)}
        assert there == listed, f"MUTATED and LEFT_OUT of tests/each/{framework}.py"


def test_every_function_that_is_left_out_is_there():
    for file, skipped in chain(targets.MUTATED.items(), targets.SHARED.items()):
        tree = ast.parse((targets.ROOT / file).read_text())
        names = {
            f"{getattr(parent, 'name', '')}.{node.name}".lstrip(".")
            for parent in ast.walk(tree)
            for node in ast.iter_child_nodes(parent)
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
        }
        assert skipped.keys() <= names, file


def test_every_fault_that_is_planted_changes_the_code_as_it_is_now():
    names = {case.name for case in matrix.CASES}
    for fault in PLANTED:
        compile(fault.mutant().source, fault.file, "exec")
        assert fault.case in names, fault.what
    assert len(PLANTED) >= 30
    assert {fault.framework for fault in PLANTED} == set(targets.EVERY)


def test_what_is_known_of_mutants_has_reasons():
    listed = known.read()
    for reason in chain(listed.equivalent.values(), listed.unreached.values()):
        assert len(reason) > 10


def fields(mapping: object) -> set[str]:
    """All names and enumerated values in a job."""
    if isinstance(mapping, dict):
        return set(mapping).union(*(fields(value) for value in mapping.values()))
    if isinstance(mapping, list):
        return set().union(*(fields(value) for value in mapping))
    return {mapping} if isinstance(mapping, str) else set()


def test_the_matrix_has_every_layer_optimizer_loop_and_execution():
    from twinrun.v1 import job_pb2  # noqa: PLC0415 - beside what needs it

    found = set().union(*(fields(case.job) for case in matrix.CASES))
    kinds = {field.name for field in job_pb2.Layer.DESCRIPTOR.fields}
    kinds |= {field.name for field in job_pb2.Optimizer.DESCRIPTOR.oneofs_by_name["kind"].fields}
    for enum in (job_pb2.ActivationFunction, job_pb2.Execution, job_pb2.Loop):
        kinds |= {name for name in enum.keys() if not name.endswith("_UNSPECIFIED")}  # noqa: SIM118
    defaults = {"EXECUTION_DEFAULT", "LOOP_FIT"}
    assert kinds - defaults <= found


def test_a_planted_fault_alone_makes_no_listed_mutant_of_its_file_stale():
    fault = PLANTED[0].mutant()
    mutant = mutants(fault.file, SOURCE)[0]
    listed = known.Known(equivalent={f"{fault.file}:step: gone": "it was changed"})
    planted = report.found(fault, listed, caught="it", tried=1)
    assert not list(listed.stale(report.whole([planted])))
    tried = report.found(mutant, listed, caught="it", tried=1)
    assert list(listed.stale(report.whole([planted, tried])))


@pytest.mark.parametrize(
    "file", ["services/model/optimizers/__init__.py", "services/model/order.py"]
)
def test_a_changed_source_takes_the_place_of_its_module_also_of_a_package(file):
    package = file.endswith("/__init__.py")
    name = file.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")
    made = Changed(file, "CHANGED = 1").find_spec(name)
    module = importlib.util.module_from_spec(made)
    made.loader.exec_module(module)
    assert module.CHANGED == 1
    folder = str(targets.ROOT / "services/model/optimizers")
    assert made.submodule_search_locations == ([folder] if package else None)
