"""Each kind of layer has a file in each place, found by its name, and no place lacks one."""

import ast
import importlib
import shutil
from pathlib import Path
from typing import get_args

import pytest
from twinrun.contract.layers import Dense, Flatten, Leaf, layer_field

from services.frameworks import own
from services.model import kinds
from services.model.kinds import complete
from services.model.layers import KINDS
from tests.mutants import targets

ROOT = Path(__file__).parents[3]
SERVICES = ROOT / "services"
FRAMEWORKS = tuple(own())
# In each place what each file says of its kind.
PLACES = {
    **{f"services/{name}": {"computed"} for name in FRAMEWORKS},
    "services/model": {"output_shape", "parameters", "multiplications"},
    "services/pytorch": {"computed", "idiomatic", "held"},
    "services/keras": {"idiomatic"},
    "tests/frameworks": {"forward", "backward"},
}


def lacking(place, functions, root=ROOT):
    """What a place lacks: files, and names in them."""
    for kind in get_args(Leaf):
        file = next((root / place / "layers").rglob(f"{layer_field(kind)}.py"), None)
        if file is None:
            yield f"{place} has no file for {kind.__name__}"
            continue
        body = ast.parse(file.read_text()).body
        there = {node.name for node in body if isinstance(node, ast.FunctionDef)}
        there |= {
            ast.unparse(target)
            for node in body
            if isinstance(node, ast.Assign)
            for target in node.targets
        }
        for name in sorted(functions - there):
            yield f"{place} has no {name} of {kind.__name__}"


@pytest.mark.parametrize("place", PLACES)
def test_no_place_lacks_a_kind_of_layer(place):
    assert list(lacking(place, PLACES[place])) == []
    assert "modules(__name__)" in (ROOT / place / "layers/__init__.py").read_text()


@pytest.mark.parametrize("place", PLACES)
def test_a_kind_that_a_place_lacks_is_named_with_the_place(place, tmp_path):
    folder = tmp_path / place / "layers"
    folder.mkdir(parents=True)
    shutil.copytree(ROOT / place / "layers", folder, dirs_exist_ok=True)
    (folder / "pools/max_pool2d.py").unlink()
    dense = folder / "products/dense.py"
    dense.write_text(dense.read_text().replace(f"def {min(PLACES[place])}", "def other"))
    assert list(lacking(place, PLACES[place], tmp_path)) == [
        f"{place} has no {min(PLACES[place])} of Dense",
        f"{place} has no file for MaxPool2d",
    ]


def test_a_registry_that_lacks_a_kind_is_an_error_that_names_place_and_kind():
    with pytest.raises(TypeError, match="services/some/layers lacks Dense"):
        complete("services/some/layers", [Flatten, Dense], {Flatten: object()})


def test_each_kind_is_found_by_its_name_and_a_package_that_lacks_one_is_named(
    tmp_path, monkeypatch
):
    found = {kind: module.__name__.rpartition(".")[2] for kind, module in KINDS.items()}
    assert found == {kind: layer_field(kind) for kind in get_args(Leaf)}
    package = tmp_path / "some_layers"
    family = package / "family"
    family.mkdir(parents=True)
    for name in ["__init__", *map(layer_field, get_args(Leaf))]:
        (family / f"{name}.py").touch()
    (package / "__init__.py").touch()
    (family / "dense.py").rename(package / "dense.py")
    (family / "max_pool2d.py").unlink()
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module(package.name)
    with pytest.raises(TypeError, match="some_layers lacks MaxPool2d"):
        kinds.modules(package.name)


def test_a_kind_is_of_the_same_family_in_each_place():
    first, *others = (
        {
            path.relative_to(ROOT / place).as_posix()
            for kind in get_args(Leaf)
            for path in (ROOT / place / "layers").rglob(f"{layer_field(kind)}.py")
        }
        for place in PLACES
    )
    assert all(other == first for other in others)


def test_mutants_are_made_of_every_kind():
    assert set(targets.KINDS) == set(map(layer_field, get_args(Leaf)))


def test_both_frameworks_have_files_of_the_same_names():
    found = [{path.name for path in (SERVICES / name).glob("*.py")} for name in FRAMEWORKS]
    assert found[0] == found[1]
