"""No module holds more than one thing: none has over 300 lines, tests included."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MOST = 300
FOLDERS = ("orchestrator", "services", "proto/twinrun/contract", "tests", "bench", "docker")


def too_long(folder: Path) -> dict[str, int]:
    """The modules below the folder that are too long, with their lines."""
    lines = {path.as_posix(): len(path.read_text().splitlines()) for path in folder.rglob("*.py")}
    return {path: count for path, count in lines.items() if count > MOST}


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_module_is_over_300_lines(folder):
    assert too_long(ROOT / folder) == {}


def test_one_that_is_longer_is_found(tmp_path):
    (tmp_path / "short.py").write_text("pass\n" * MOST)
    long = tmp_path / "long.py"
    long.write_text("pass\n" * (MOST + 1))
    assert too_long(tmp_path) == {long.as_posix(): MOST + 1}
