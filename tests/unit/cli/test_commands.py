"""Commands that are imported when they are asked for, and not before."""

import ast
import importlib
import inspect
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from orchestrator.cli import main
from orchestrator.cli.commands import COMMANDS
from orchestrator.errors import BadInput
from orchestrator.results.circumstances import CODES
from orchestrator.settings import config
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


def test_the_interpreter_does_not_look_through_all_objects_before_it_ends():
    script = (
        "import atexit, gc, sys; atexit.register(lambda: print(gc.get_freeze_count()));"
        "sys.argv = ['orchestrator', '--version'];"
        "from orchestrator.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=True,
    )
    assert int(done.stdout.splitlines()[-1]) > 0


def test_importing_the_package_imports_nothing_of_it_but_itself():
    found = imported("-c", "import orchestrator; dir(orchestrator); orchestrator.__all__")
    assert {m for m in found if m.startswith("orchestrator")} == {"orchestrator"}
    assert not large(found)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_that_is_not_imported_is_its_own(name):
    group = typer.main.get_command(main.app)
    module = importlib.import_module(f"orchestrator.cli.commands.{COMMANDS[name]}")
    assert group.commands[name].help == inspect.getdoc(getattr(module, name.replace("-", "_")))
    assert group.commands[name].whole.help == group.commands[name].help
    assert group.commands[name].help


def test_help_lists_every_command_in_its_order():
    shown = CliRunner().invoke(main.app, ["--help"]).output
    listed = re.findall(r"^│ ([\w-]+) +[A-Z]", shown, re.MULTILINE)
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


def test_the_version_and_help_have_their_usual_flags():
    shown = CliRunner().invoke(main.app, ["--version"])
    assert re.fullmatch(r"twinrun \d+\.\d+\.\d+\n", shown.output)
    for arguments in (["-h"], ["runs", "-h"]):
        shown = CliRunner().invoke(main.app, arguments)
        assert shown.exit_code == 0
        assert "Usage:" in shown.output


def test_a_flags_environment_variable_is_named_after_the_flag():
    group = typer.main.get_command(main.app)
    checked = 0
    for name, command in group.commands.items():
        for flag in command.params:
            if flag.param_type_name != "option" or flag.name == "help":
                continue
            spelt = max(flag.opts, key=len).lstrip("-").replace("-", "_")
            rule = f"TWINRUN_{name}_{spelt}".upper()
            variables = [flag.envvar] if isinstance(flag.envvar, str) else flag.envvar or []
            if flag.allow_from_autoenv:
                variables = [*variables, f"TWINRUN_{name}_{flag.name}".upper()]
            assert rule in variables, (rule, variables)
            checked += 1
    assert checked > 100


@pytest.mark.parametrize("arguments", [["--help"], ["compare", "--help"], ["workloads"]])
def test_an_output_that_nobody_reads_ends_quietly_as_of_any_program(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator", *arguments],
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=HANG_SECONDS,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def strict(*arguments):
    group = typer.main.get_command(main.app)
    return group.commands["compare"].make_context("compare", list(arguments)).params["strict"]


def test_strict_is_for_all_warnings_or_for_those_it_names():
    assert strict() is None
    assert strict("--strict") == strict("--strict", "--epochs", "3") == config.EVERY
    assert strict("--strict", "BELOW_TARGET") == strict("--strict=BELOW_TARGET") == "BELOW_TARGET"


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        *((text, ()) for text in (None, "", "false", "0")),
        *((text, CODES) for text in ("all", "1", "true", "True")),
        ("below_target, CPU_SHARED", ["BELOW_TARGET", "CPU_SHARED"]),
    ],
)
def test_the_codes_that_strict_refuses(text, refused):
    assert list(config.codes(text, CODES)) == list(refused)


def test_strict_knows_every_warning_and_refuses_others():
    rooms = Path(main.__file__).parents[1]
    made = {
        node.args[0].value
        for path in rooms.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Caution"
        if isinstance(node.args[0], ast.Constant)
    }
    assert made == set(CODES)
    with pytest.raises(BadInput, match="there is no warning 'BELOW'; choose from CERTIFICATE_M"):
        config.codes("BELOW", CODES)


@pytest.mark.parametrize(
    ("text", "moment"),
    [("2026-01-02", (2, 0)), ("2026-01-02T03:00+01:00", (2, 2)), ("3d", (7, 12)), ("12h", (10, 0))],
)
def test_since_is_a_time_or_a_span(text, moment):
    now = datetime(2026, 1, 10, 12, tzinfo=UTC)
    assert config.since(text, now) == datetime(2026, 1, *moment, tzinfo=UTC)
    with pytest.raises(BadInput, match="give a date"):
        config.since(f"{text}x", now)
