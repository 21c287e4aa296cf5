"""What imports what, by the syntax tree: imports inside functions count too."""

import sys
from pathlib import Path

import pytest

import orchestrator
from services.frameworks import own
from tests.builders.source import ROOT, imported, modules, packages

_MORE = {"pytorch": {"torchvision"}, "tensorflow": {"keras"}}
FRAMEWORKS = {
    **{f"services/{name}": {each.requires, *_MORE.get(name, ())} for name, each in own().items()},
    "services/keras": {"keras"},
}
# Keras is TensorFlow's users' own too, and each of its backends is imported where it is set up.
ALLOWED = (
    ("services/tensorflow/", {"keras"}),
    ("services/keras/", {"keras"}),
    *((f"services/keras/backends/{e.requires}.py", {e.requires}) for e in own().values()),
)


def test_orchestrator_and_services_never_import_each_other():
    for name, path in modules("orchestrator"):
        assert "services" not in packages(path), name
    for name, path in modules("services"):
        assert "orchestrator" not in packages(path), name


@pytest.mark.parametrize("home", FRAMEWORKS)
def test_a_framework_is_imported_in_its_own_folder_only(home):
    for name, path in modules("services", "orchestrator", "tests/unit", "tests/integration"):
        if not name.startswith(f"{home}/"):
            allowed = {each for place, own in ALLOWED if name.startswith(place) for each in own}
            assert not packages(path) & FRAMEWORKS[home] - allowed, name
    assert any(packages(path) & FRAMEWORKS[home] for _, path in modules(home))


def test_only_the_trial_process_imports_what_lies_in_a_frameworks_folder():
    for name, path in modules("services", "orchestrator"):
        if not name.startswith(tuple(FRAMEWORKS)):
            used = {
                n
                for n in imported(path)
                if n.startswith(tuple(home.replace("/", ".") for home in FRAMEWORKS))
            }
            assert not used, name


def test_the_generated_stubs_are_used_in_one_place_of_the_orchestrator():
    users = [
        name
        for name, path in modules("orchestrator")
        if any(used.endswith("runner_service_pb2_grpc") for used in imported(path))
    ]
    assert users == ["orchestrator/runners/wire.py"]


def test_matplotlib_is_for_drawing_alone():
    """It takes a while to import: what only looks at results does without."""
    drawing = {
        "orchestrator/figures/canvas.py",
        "orchestrator/figures/fonts.py",
        "orchestrator/figures/plots.py",
        "orchestrator/figures/tracks.py",
    }
    for name, path in modules("orchestrator"):
        if name not in drawing and not name.startswith("orchestrator/figures/panels/"):
            assert "matplotlib" not in packages(path), name


def reached(*starts: Path) -> dict[Path, str]:
    """The project's modules that these import, themselves or by another, with their names."""
    seen: dict[Path, str] = {}
    waiting = list(starts)
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen[path] = path.relative_to(ROOT).as_posix()
            waiting += [found for name in imported(path) if (found := file_of(name)) is not None]
    return seen


def file_of(module: str) -> Path | None:
    """The file of one of the project's modules; None: it is none of them."""
    folder = ROOT / "proto" if module.startswith("twinrun.") else ROOT
    path = folder / f"{module.replace('.', '/')}.py"
    package = path.with_suffix("") / "__init__.py"
    return next((found for found in (path, package) if found.exists()), None)


def test_a_runners_own_modules_import_nothing_large_neither_themselves_nor_by_another():
    """NumPy would double the memory of a runner's own process."""
    # Layers' modules are found by their names, which no import statement says.
    starts = [path for _, path in modules("services/runner", "services/model/layers")]
    found = reached(*starts, ROOT / "services/server.py")
    for path, name in found.items():
        assert not packages(path) & {"numpy", "safetensors", "pynvml"}, name
    known = {"services/model/layers/products/dense.py", "proto/twinrun/contract/spec.py"}
    assert known <= {*found.values()}


def test_the_contract_imports_neither_half_nor_anything_large():
    found = dict(modules("proto/twinrun"))
    for name, path in found.items():
        assert not packages(path) & {"services", "orchestrator", "numpy"}, name
    assert "proto/twinrun/contract/converters/specs.py" in found


def test_what_runs_in_a_trial_knows_neither_the_wire_nor_jobs():
    folders = (*FRAMEWORKS, "services/model", "services/data")
    alone = [
        "services/trial/child.py",
        "services/trial/run.py",
        "services/trial/matched.py",
        "services/pipe.py",
    ]
    for start in [*(path for _, path in modules(*folders)), *(ROOT / name for name in alone)]:
        for path, name in reached(start).items():
            assert not packages(path) & {"grpc", "google"}, name
            assert not name.startswith(("services/runner/", "proto/twinrun/v1/")), name


RAY = "orchestrator/runners/cluster/ray"


def test_ray_and_grpc_are_never_in_one_process():
    """Ray is imported by its name when the driver runs; nothing that it imports has gRPC."""
    for name, path in modules("services", "orchestrator", "proto/twinrun"):
        assert ("ray" in packages(path)) == (name == f"{RAY}/driver.py"), name
    for path, name in reached(ROOT / f"{RAY}/driver.py").items():
        assert not packages(path) & {"grpc", "google", "numpy"}, name


def test_what_goes_to_a_node_of_ray_imports_the_standard_library_alone():
    """Nothing of Twinrun need be importable there."""
    assert packages(ROOT / f"{RAY}/node.py") <= sys.stdlib_module_names


def test_bench_is_imported_by_nobody():
    for name, path in modules("services", "orchestrator"):
        assert not packages(path) & {"bench", "tests"}, name


def test_what_users_call_has_no_module_of_the_same_name():
    """Importing the module would take the place of the function."""
    path = ROOT / "orchestrator"
    assert orchestrator.__all__
    for name in orchestrator.__all__:
        assert not (path / f"{name}.py").exists(), name
        assert not (path / name).exists(), name


def test_the_command_line_and_notebooks_know_nothing_of_each_other():
    assert not {
        name
        for name in imported(ROOT / "orchestrator/api/functions.py")
        if name.startswith(("typer", "orchestrator.cli.commands", "orchestrator.cli.options"))
    }
    for name, path in modules("orchestrator/cli/commands"):
        assert not imported(path) & {"orchestrator.api.functions", "orchestrator.api.result"}, name


def imported_tests(path):
    """Modules of tests, and what is in them; conftest too, which is pytest's to import."""
    return {
        name
        for name in imported(path)
        if name.startswith("tests.")
        and any(part.startswith(("test_", "conftest")) for part in name.split("."))
    }


def test_no_test_is_imported():
    for name, path in modules("tests", "bench"):
        assert not imported_tests(path), name


@pytest.mark.parametrize(
    "line",
    [
        "from tests.unit.results.test_verdict import LAW",
        "from tests.unit.results import test_verdict",
        "import tests.integration.conftest",
        "def f():\n    from tests.unit import test_verdict as v",
    ],
)
def test_a_test_that_is_imported_is_seen(line, tmp_path):
    planted = tmp_path / "test_planted.py"
    planted.write_text(f"from tests.builders.events import SPEC\n{line}\n")
    assert imported_tests(planted)
