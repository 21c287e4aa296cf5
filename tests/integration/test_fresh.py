"""Commands in fresh processes: other tests fork theirs, with all that they need imported."""

import os
import subprocess
import sys

import pytest

from orchestrator.cli.commands import COMMANDS
from tests.waiting import HANG_SECONDS

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked there")
# Imports each module of its arguments, and none of the project's before: only what they import of
# others is there, as that takes long.
EACH = """
import importlib, os, sys, traceback
import google.protobuf.json_format, grpc, numpy, typer.main, yaml
assert not {name.partition(".")[0] for name in sys.modules} & {"orchestrator", "twinrun", "tests"}
failed = []
for name in sys.argv[1:]:
    if not (child := os.fork()):
        code = 1
        try:
            importlib.import_module(name)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    failed += [name] if os.waitpid(child, 0)[1] else []
sys.exit(f"These failed: {failed}" if failed else 0)
"""


def each(*names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", EACH, *names],
        env={**os.environ, "PYTHONHASHSEED": "random"},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )


def test_each_command_imports_all_that_it_needs():
    done = each(*(f"orchestrator.cli.commands.{name}" for name in {*COMMANDS.values()}))
    assert done.returncode == 0, done.stderr


def test_what_cannot_be_imported_is_named():
    done = each("orchestrator.cli.entry", "tests.none")
    assert done.returncode == 1
    assert "These failed: ['tests.none']" in done.stderr
