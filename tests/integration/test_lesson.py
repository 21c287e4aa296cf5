"""The lesson's notebook in a real kernel, against the runners of the documents."""

import json
import re
import sys

import pytest

from tests.builders.reader import Reader
from tests.documents import ROOT, headings
from tests.waiting import HANG_SECONDS

jupyter = pytest.importorskip("jupyter_client.manager")
pytest.importorskip("ipykernel")
NAMES = ("lesson", "lesson.zh-TW")
NOTEBOOKS = {
    name: json.loads((ROOT / f"docs/{name}.ipynb").read_text(encoding="utf-8")) for name in NAMES
}


def sources(name: str, kind: str) -> list[str]:
    return ["".join(c["source"]) for c in NOTEBOOKS[name]["cells"] if c["cell_type"] == kind]


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_kept_without_what_it_showed(name):
    for cell in NOTEBOOKS[name]["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_has_the_steps_of_its_page(name):
    steps = [each for each in headings(ROOT / f"docs/{name}.md") if re.match(r"\d+\. ", each)]
    assert (
        re.findall(r"^## (\d+\. .+)$", "\n".join(sources(name, "markdown")), re.MULTILINE) == steps
    )


def test_the_chinese_notebook_has_the_cells_of_the_english_one_after_the_first():
    english, chinese = (sources(name, "code") for name in NAMES)
    assert chinese[1:] == english[1:]
    assert 'setdefault("TWINRUN_LANG", "zh-TW")' in chinese[0]


def test_every_cell_runs_in_a_clone_and_each_figure_again_after_all(shelf: Reader, tmp_path):
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
        shown = {source: run(client, source) for source in sources("lesson", "code")}
        figures = {source: pictures for source, pictures in shown.items() if pictures}
        assert len(figures) == 6
        # A later step's run may not stand in for the one that a figure means.
        assert {source: run(client, source) for source in figures} == figures
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run(client, source: str) -> list[str]:
    """Run a cell, which may raise nothing, and return its pictures.

    A command that fails raises, except one after a ``!``.
    """
    said, pictures = [], []

    def hear(message) -> None:
        content = message["content"]
        said.append(content.get("text", ""))
        pictures.extend(filter(None, [content.get("data", {}).get("image/png")]))

    client.execute_interactive("_exit_code = 0", timeout=HANG_SECONDS)
    reply = client.execute_interactive(
        source,
        timeout=HANG_SECONDS,
        user_expressions={"code": "_exit_code"},
        output_hook=hear,
    )["content"]
    assert reply["status"] == "ok", (reply, "".join(said))
    assert reply["user_expressions"]["code"]["data"]["text/plain"] == "0", "".join(said)
    return pictures
