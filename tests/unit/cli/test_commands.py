"""Commands that are imported when they are asked for, and not before."""

import importlib
import inspect
import os
import re
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from orchestrator.cli import main
from orchestrator.cli.commands import COMMANDS
from tests.waiting import HANG_SECONDS

LARGE = {
    *("numpy", "scipy", "sklearn", "matplotlib", "pandas", "safetensors"),
    *("grpc", "google.protobuf", "twinrun", "yaml"),
}
IMPORTED = re.compile(r"^import time:\s+\d+ \|\s+\d+ \|\s+(\S+)$", re.MULTILINE)


def imported(*arguments, **environment) -> set[str]:
    """Modules that a new process imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=True,
    )
    return set(IMPORTED.findall(done.stderr))


def large(modules) -> set[str]:
    return {m for m in modules if any(m == name or m.startswith(f"{name}.") for name in LARGE)}


def test_help_imports_nothing_large():
    found = imported("-m", "orchestrator", "--help")
    assert "orchestrator.cli.main" in found
    assert not large(found)


def test_a_command_imports_what_it_needs():
    assert "numpy" in imported("-m", "orchestrator", "runs", "--help")


def test_completing_the_name_of_a_command_imports_nothing_large():
    script = (
        "import sys; sys.argv[0] = 'orchestrator'; from orchestrator.cli.main import main; main()"
    )
    asked = {"COMP_WORDS": "orchestrator ru", "COMP_CWORD": "1"}
    found = imported("-c", script, _ORCHESTRATOR_COMPLETE="complete_bash", **asked)
    assert "orchestrator.cli.main" in found
    assert not large(found)


def test_importing_the_package_imports_nothing_of_it_but_itself():
    found = imported("-c", "import orchestrator; dir(orchestrator); orchestrator.__all__")
    assert {m for m in found if m.startswith("orchestrator")} == {"orchestrator"}
    assert not large(found)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_that_is_not_imported_is_its_own(name):
    group = typer.main.get_command(main.app)
    module = importlib.import_module(f"orchestrator.cli.commands.{COMMANDS[name]}")
    assert group.commands[name].help == inspect.getdoc(getattr(module, name))
    assert group.commands[name].whole.help == group.commands[name].help
    assert group.commands[name].help


def test_help_lists_every_command_in_its_order():
    shown = CliRunner().invoke(main.app, ["--help"]).output
    listed = re.findall(r"^│ (\w+) +[A-Z]", shown, re.MULTILINE)
    assert listed == list(COMMANDS)


def test_help_says_how_a_table_of_the_file_is_written():
    assert "a table such as [compare]" in CliRunner().invoke(main.app, ["--help"]).output


def test_every_command_has_flags_and_its_own_help():
    group = typer.main.get_command(main.app)
    for name, command in group.commands.items():
        assert command.params, name
        shown = CliRunner().invoke(main.app, [name, "--help"])
        assert shown.exit_code == 0, name
        assert "Usage:" in shown.output


def test_a_name_that_is_none_is_refused_with_one_that_is_near():
    shown = CliRunner().invoke(main.app, ["cmpare"])
    assert shown.exit_code == 2
    assert "compare" in shown.output
