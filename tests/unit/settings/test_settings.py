"""Flags in a file: under the environment and the command line."""

import pytest

from orchestrator.errors import BadInput
from orchestrator.settings import file as settings

FLAGS = {
    "compare": {"epochs": "epochs", "batch-size": "batch_size", "json": "as_json"},
    "jobs": {"json": "as_json"},
}


@pytest.fixture
def file(tmp_path):
    def file(text):
        path = tmp_path / "twinrun.toml"
        path.write_text(text)
        return path

    return file


def test_a_key_at_the_top_is_every_commands_and_one_in_a_table_that_commands(file):
    found = settings.defaults(FLAGS, file("json = true\nepochs = 2\n[compare]\nepochs = 7\n"))
    assert found == {"compare": {"as_json": True, "epochs": 7}, "jobs": {"as_json": True}}


def test_every_key_that_is_no_flag_is_named_at_once(file):
    text = "ephocs = 2\n[compare]\nseeed = 1\n[jobs]\nepochs = 3\n[nothing]\nx = 1\n"
    with pytest.raises(BadInput) as caught:
        settings.defaults(FLAGS, file(text))
    for name in ("ephocs", "compare.seeed", "jobs.epochs", "[nothing]"):
        assert name in caught.value.message


@pytest.mark.parametrize("text", ["epochs =", "\0", "epochs = 1\nepochs = 2"])
def test_what_is_no_toml_is_said_with_the_files_name(file, text):
    with pytest.raises(BadInput, match=r"twinrun\.toml cannot be read"):
        settings.defaults(FLAGS, file(text))


def test_the_file_here_goes_before_the_users_own_and_a_named_one_before_both(tmp_path, monkeypatch):
    here, home = tmp_path / "here", tmp_path / "config"
    (home / "twinrun").mkdir(parents=True)
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.delenv("TWINRUN_CONFIG", raising=False)
    assert settings.path() is None
    users = home / "twinrun/twinrun.toml"
    users.touch()
    assert settings.path() == users
    (here / "twinrun.toml").touch()
    assert settings.path().resolve() == here / "twinrun.toml"
    monkeypatch.setenv("TWINRUN_CONFIG", str(users))
    assert settings.path() == users
    monkeypatch.setenv("TWINRUN_CONFIG", "nowhere.toml")
    with pytest.raises(BadInput, match="nowhere"):
        settings.path()
