"""A runner's state directory."""

from pathlib import Path

from twinrun.contract import state_dir


def test_a_directory_that_another_command_makes_at_the_same_moment_is_taken(tmp_path, monkeypatch):
    home, real = tmp_path / "home", Path.is_dir
    home.mkdir()
    monkeypatch.setattr(Path, "is_dir", lambda path: path != home and real(path))
    state_dir.prepare(home)
    assert home.stat().st_mode & 0o777 == 0o700
