"""Commands in the user's language, on runners with fake frameworks."""

import pytest

from tests.builders.commands import SMALL

CHINESE = "找不到執行紀錄"
ENGLISH = "There is no run"
TOML = 'lang = "zh-TW"'


def is_ascii(path):
    return path.read_bytes().isascii()


@pytest.mark.parametrize(
    ("arguments", "variables", "file", "said"),
    [
        (["show", "x", "--lang", "zh-TW"], {}, "", CHINESE),
        (["--lang", "zh-TW", "show", "x"], {}, "", CHINESE),
        (["--lang", "zh-TW", "show", "x", "--lang", "en"], {}, "", ENGLISH),
        (["show", "x"], {"TWINRUN_LANG": "zh-TW"}, "", CHINESE),
        (["show", "x"], {"TWINRUN_SHOW_LANG": "zh-TW"}, "", CHINESE),
        (["--lang", "en", "show", "x"], {"TWINRUN_SHOW_LANG": "zh-TW"}, TOML, ENGLISH),
        (["show", "x"], {"TWINRUN_LANG": "", "LC_ALL": "zh_TW.UTF-8"}, "", CHINESE),
        (["show", "x"], {"TWINRUN_LANG": "", "LC_ALL": "en_GB.UTF-8"}, TOML, CHINESE),
        (["show", "x"], {"TWINRUN_LANG": "en", "LC_ALL": "zh_TW.UTF-8"}, TOML, ENGLISH),
    ],
)
def test_the_flag_decides_then_the_environment_the_file_and_the_locale(
    orchestrator, arguments, variables, file, said
):
    (orchestrator.home / "twinrun.toml").write_text(file)
    done = orchestrator.run(*arguments, code=2, PYTHONUTF8="1", **variables)
    assert said in done.stderr


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["runs", "--lang", "fr"], {}),
        (["--lang=fr", "runs"], {}),
        (["runs"], {"TWINRUN_LANG": "fr"}),
    ],
)
def test_an_unknown_language_is_refused(orchestrator, arguments, variables):
    done = orchestrator.run(*arguments, code=2, **variables)
    assert done.stderr == "orchestrator: There is no language 'fr'; choose from en, zh-TW.\n"


def test_a_comparison_is_shown_in_chinese_and_stored_in_english(orchestrator, two):
    _, flags = two()
    as_users_have_it = {"module": "orchestrator", "PYTHONUTF8": "1"}
    done = orchestrator.run("compare", *SMALL, *flags, "--lang=zh-TW", **as_users_have_it)
    assert "所有試驗的工作規格、資料、初始權重與批次順序都相同。" in done.stdout
    assert "第 1 週期" in done.stderr
    run = orchestrator.latest()
    assert all(map(is_ascii, run.path.glob("*.json")))
    assert is_ascii(run.log_path)
    shown = orchestrator.run("show", "latest", "--lang=zh-TW", PYTHONUTF8="1")
    assert shown.stdout == done.stdout
    listed = orchestrator.run("runs", "--lang=zh-TW", PYTHONUTF8="1").stdout
    assert "每個週期" in listed


def test_what_a_terminal_cannot_show_is_no_fault(orchestrator):
    done = orchestrator.run("workloads", "--lang=zh-TW", PYTHONIOENCODING="ascii")
    assert "mnist-mlp" in done.stdout


def test_help_is_in_chinese_and_nothing_of_it_is_cut_off(orchestrator):
    done = orchestrator.run("train", "--help", "--lang=zh-TW", PYTHONUTF8="1", COLUMNS="80")
    text = "".join(done.stdout.replace("│", "").split())
    assert "在一個框架上訓練工作。" in text
    assert "某個框架的執行器位址；預設：其連接埠上的執行器，或本機的行程。" in text


@pytest.mark.parametrize("arguments", [["--help"], ["export", "--help"], ["compare", "--nope"]])
def test_typers_own_texts_are_in_chinese_too(orchestrator, arguments):
    code = 0 if "--help" in arguments else 2
    done = orchestrator.run(*arguments, "--lang=zh-TW", code=code, PYTHONUTF8="1", COLUMNS="200")
    text = done.stdout + done.stderr
    assert "用法：" in text
    for word in ("Usage", "Options", "OPTIONS", "Commands", "COMMAND", "Arguments", "Error", "Try"):
        assert word not in text
    for words in ("env var", "default:", "required", "Show this", "completion for"):
        assert words not in text
