"""What the documents name is there: commands and their flags, targets of make, files, headings."""

import re
from pathlib import Path

import pytest
import typer
import yaml

from orchestrator.cli import main
from reference import cli as cli_page
from reference import pages, protocol
from services.frameworks import FRAMEWORKS
from tests.documents import (
    DOCUMENTS,
    ROOT,
    TRANSLATIONS,
    anchors,
    blocks,
    headings,
    inline,
    links,
    words,
)

COMMANDS = {
    f"{block.place} {command}": words(command)
    for path in DOCUMENTS
    for block in blocks(path)
    for command in block.commands
}
CHINESE = "zh-TW/"  # the folder of the pictures with Chinese words
# Each program of the documents, and what runs it.
RUN_BY = {
    "orchestrator": "tests/integration/test_documents.py",
    "make": ".ci/run and tests/e2e",
    "docker": "tests/e2e",
    "grpcurl": "tests/integration/test_runner_requests.py has the same calls",
    ".venv/bin/python": "make test",
    ".venv-pytorch/bin/python": "tests/system",
    ".venv-tensorflow/bin/python": "tests/system",
}


def orchestrators() -> dict[str, list[str]]:
    """By place: the words of each command of the orchestrator, in blocks and within sentences."""
    found = {
        place: each[each.index("orchestrator") :]
        for place, each in COMMANDS.items()
        if "orchestrator" in each and "docker" not in each
    }
    for path in DOCUMENTS:
        for code in inline(path):
            if code.startswith("orchestrator ") and "COMMAND" not in code:
                found[f"{path.relative_to(ROOT)} {code}"] = words(code)
    return found


ORCHESTRATORS = orchestrators()


@pytest.mark.parametrize("place", ORCHESTRATORS)
def test_a_command_and_its_flags_are_those_that_there_are(place):
    group = typer.main.get_command(main.app)
    name, *arguments = ORCHESTRATORS[place][1:]
    if name.startswith("-"):
        return
    command = group.commands[name]
    given = [word for word in arguments if word.startswith("-") and not word[1:].isdigit()]
    known = {flag for each in command.params for flag in each.opts + each.secondary_opts}
    assert {flag.partition("=")[0] for flag in given} <= known | {"--help"}


def test_a_target_of_make_is_in_the_makefile():
    there = re.findall(r"^([a-z0-9%-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    targets = {each.replace("%", name) for each in there for name in (*FRAMEWORKS, "NAME")}
    named = [each[1:] for each in COMMANDS.values() if each[0] == "make"]
    named += [
        words(code)[1:] for path in DOCUMENTS for code in inline(path) if code.startswith("make ")
    ]
    assert named
    for each in named:
        assert {word for word in each if "=" not in word} <= targets, each


def test_each_program_of_a_block_is_one_that_is_run_somewhere():
    for place, each in COMMANDS.items():
        assert next(word for word in each if "=" not in word) in RUN_BY, place


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_link_leads_to_a_file_and_a_heading_that_there_are(path):
    for link in links(path):
        name, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", name):
            assert re.fullmatch(r"https://[\w.-]+(/\S*)?", name), link
            continue
        target: Path = (path.parent / name).resolve() if name else path
        assert target.is_relative_to(ROOT), link
        assert target.is_file(), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("path", TRANSLATIONS, ids=lambda path: path.name)
def test_a_translation_has_the_headings_commands_and_pictures_of_its_original(path):
    original = TRANSLATIONS[path]
    assert len(headings(path)) == len(headings(original))
    assert commands_of(path) == commands_of(original)
    assert [picture.replace(CHINESE, "") for picture in pictures(path)] == pictures(original)
    for picture in pictures(path):
        assert CHINESE in picture or not (path.parent / with_words(picture)).exists()


def commands_of(path: Path) -> list[list[list[str]]]:
    return [[words(command) for command in block.commands] for block in blocks(path)]


def with_words(picture: str) -> str:
    """Return where the same picture is with Chinese words."""
    return picture.replace("images/", f"images/{CHINESE}")


def pictures(path: Path) -> list[str]:
    return [link for link in links(path) if link.endswith(".png")]


def test_the_site_has_every_page_and_no_other():
    listed = yaml.load((ROOT / "mkdocs.yml").read_text(), Loader=_AnyTag)["nav"]
    made = {"reference/cli.md", "reference/protocol.md"}
    wanted = {pages.page_of(path.relative_to(ROOT).as_posix()) for path in DOCUMENTS}
    assert sorted(_leaves(listed)) == sorted(wanted | made)


class _AnyTag(yaml.SafeLoader):
    """Reads what names a function as nothing."""


_AnyTag.add_multi_constructor("", lambda *_: None)


def _leaves(entry) -> list[str]:
    match entry:
        case str():
            return [entry]
        case dict():
            return [leaf for value in entry.values() for leaf in _leaves(value)]
        case _:
            return [leaf for each in entry for leaf in _leaves(each)]


def test_the_references_are_made_of_the_code():
    commands, messages = cli_page.page(), protocol.page()
    for name in typer.main.get_command(main.app).commands:
        assert f"\n## {name}\n" in commands
    assert "`--until-sure` | Repeat until the interval is narrow enough." in commands
    assert "\n### WatchJob\n" in messages
    assert "Replays the job's events after a sequence number" in messages
    assert "| `epochs` | " in messages


def test_a_link_to_a_file_outside_the_documents_is_mended(tmp_path):
    pages.lay_out(tmp_path)
    text = (tmp_path / "containers.md").read_text()
    assert "](files/docker/gpu.py)" in text
    assert (tmp_path / "files/docker/gpu.py").is_file()
    assert "](same-job.md)" in (tmp_path / "index.md").read_text()


def test_a_path_of_the_project_in_a_sentence_is_there():
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()} - {"runs", "build"}
    named = re.compile(rf"({'|'.join(map(re.escape, sorted(folders)))})/[\w*./-]+")
    for path in DOCUMENTS:
        for code in inline(path):
            if named.fullmatch(code) and "NAME" not in code and not code.startswith(".venv"):
                assert list(ROOT.glob(code)), f"{path.name}: {code}"
