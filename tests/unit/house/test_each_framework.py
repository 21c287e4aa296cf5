"""What each framework has outside of its folder: one that lacks an entry fails here."""

import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from orchestrator.frameworks import FRAMEWORKS
from services import frameworks
from services.frameworks import own
from tests import each

ROOT = Path(__file__).parents[3]


def test_both_halves_list_the_same_ones_at_the_same_ports():
    """In services/frameworks.py and orchestrator/frameworks.py."""
    theirs = {name: known.port for name, known in FRAMEWORKS.items()}
    assert theirs == {name: known.port for name, known in frameworks.FRAMEWORKS.items()}
    assert {name for name, known in FRAMEWORKS.items() if not known.on} == own().keys()


@pytest.mark.parametrize("name", own())
def test_it_says_how_its_errors_tell_of_memory(name):
    assert own()[name].out_of_memory, "services/frameworks.py: out_of_memory"


@pytest.mark.parametrize("name", own())
def test_the_tests_know_it(name):
    assert each.of(name).ALWAYS_COMPILED in (True, False)


def test_one_that_the_tests_do_not_know_is_named_with_what_is_missing(monkeypatch):
    with pytest.raises(LookupError, match=r"There is no tests/each/other\.py, which tells"):
        each.of("other")
    monkeypatch.setattr(each, "NAMES", {**each.NAMES, "more": "what it is"})
    with pytest.raises(LookupError, match=r"tests/each/jax\.py lacks more \(what it is\)"):
        each.of("jax")


@pytest.mark.parametrize("name", own())
def test_its_environment_and_its_place_among_the_rooms_are_told(name):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert name in project["project"]["optional-dependencies"], f"pyproject.toml: {name} = [...]"
    assert (ROOT / f"requirements/{name}.txt").exists(), "make lock"
    (rooms,) = (
        contract["layers"]
        for contract in project["tool"]["importlinter"]["contracts"]
        if contract.get("containers") == ["services"]
    )
    assert name in rooms[0].split(" | "), "pyproject.toml: the layers of services"
    (unknown,) = (
        override["module"]
        for override in project["tool"]["mypy"]["overrides"]
        if "numpy.*" not in override["module"] and "torch.*" in override["module"]
    )
    assert f"{own()[name].requires}.*" in unknown, "pyproject.toml: the packages of mypy"


def test_every_one_has_a_service_of_its_own_port_and_state():
    """One that lacks it has no container: compose.yaml takes a block and a volume for each."""
    content = yaml.safe_load((ROOT / "compose.yaml").read_text())
    for name, known in own().items():
        assert name in content["services"], f"compose.yaml has no service of {name}"
        service = content["services"][name]
        (port,) = service["ports"]
        assert port.endswith(f"_{name.upper()}_PORT:-{known.port}}}:{known.port}")
        assert f"{name}-state:/state" in service["volumes"]
        assert f"{name}-state" in content["volumes"]
        assert service["build"]["args"]["FRAMEWORK"] == name
        told = content["services"]["orchestrator"]["environment"]
        assert told[f"TWINRUN_{name.upper()}"] == f"{name}:{known.port}"
        usual = FRAMEWORKS[name].usual
        assert service.get("profiles", []) == ([] if usual else ["further"])


def test_there_is_one_target_for_the_environments_of_all():
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", "environments"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(f"touch .venv-{name}/.test\n" in done.stdout for name in own())


@pytest.mark.parametrize("name", own())
def test_each_framework_has_its_targets(name):
    done = subprocess.run(
        ["make", "--dry-run", f"up-{name}", f"serve-{name}", f".venv-{name}/.test"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"docker.containers up {name}\n" in done.stdout
    assert f".venv-{name}/bin/python -m services.server --framework {name}" in done.stdout
