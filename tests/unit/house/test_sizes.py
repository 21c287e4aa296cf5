"""No module holds more than one thing, and no folder more than one can take in at a glance."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MOST = 300
MOST_MODULES = 16  # of a folder, without __init__
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


def crowded(folder: Path) -> dict[str, int]:
    """The folders below, and the folder itself, that have too many modules, with their number."""
    found = {}
    for each in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        count = len([path for path in each.glob("*.py") if path.name != "__init__.py"])
        if count > MOST_MODULES:
            found[each.as_posix()] = count
    return found


@pytest.mark.parametrize("half", ["orchestrator", "services"])
def test_no_folder_has_more_than_16_modules(half):
    assert crowded(ROOT / half) == {}


def test_a_folder_with_more_is_found(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    for number in range(MOST_MODULES + 1):
        (inner / f"m{number}.py").write_text("")
    assert crowded(tmp_path) == {inner.as_posix(): MOST_MODULES + 1}
