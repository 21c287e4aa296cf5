"""The lesson's notebook in a real kernel, against the runners of the documents."""

import json
import sys

import pytest

from tests.builders.reader import Reader
from tests.documents import ROOT
from tests.waiting import HANG_SECONDS

jupyter = pytest.importorskip("jupyter_client.manager")
pytest.importorskip("ipykernel")
NOTEBOOK = json.loads((ROOT / "docs/lesson.ipynb").read_text(encoding="utf-8"))


def test_the_notebook_is_kept_without_what_it_showed():
    for cell in NOTEBOOK["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_every_cell_of_the_notebook_runs_in_a_clone(shelf: Reader, tmp_path):
    clone = tmp_path / "clone"
    (clone / "docs").mkdir(parents=True)
    for name in ("orchestrator", ".venv-pytorch", ".venv-tensorflow"):
        (clone / name).symlink_to(ROOT / name)
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/bin/python").symlink_to(sys.executable)
    (clone / ".venv/bin/orchestrator").symlink_to(shelf.program)  # which makes no command long
    folders = {name: str(tmp_path / name) for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR")}
    environment = (
        shelf.env
        | folders
        | {
            "PYTHONPATH": f"{ROOT}:{ROOT / 'proto'}",
            "DRAWN": "1",  # figures are shown
        }
    )
    manager, client = jupyter.start_new_kernel(
        startup_timeout=HANG_SECONDS, cwd=str(clone / "docs"), env=environment
    )
    try:
        for cell in NOTEBOOK["cells"]:
            if cell["cell_type"] == "code":
                run(client, "".join(cell["source"]))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run(client, source: str) -> None:
    """The cell, which may raise nothing; a command that fails raises, but for one after a ``!``."""
    said = []
    client.execute_interactive("_exit_code = 0", timeout=HANG_SECONDS)
    reply = client.execute_interactive(
        source,
        timeout=HANG_SECONDS,
        user_expressions={"code": "_exit_code"},
        output_hook=lambda message: said.append(message["content"].get("text", "")),
    )["content"]
    assert reply["status"] == "ok", (reply, "".join(said))
    assert reply["user_expressions"]["code"]["data"]["text/plain"] == "0", "".join(said)
