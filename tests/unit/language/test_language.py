"""What people read can be said in their language, and what is stored is in English."""

import ast
import copy
import json
import re
import string
from pathlib import Path

import pytest
from babel.messages import extract, mofile, pofile

from orchestrator.errors import BadInput
from orchestrator.language.phrases import (
    ENGLISH,
    LANGUAGES,
    Phrase,
    Sentence,
    clause,
    current,
    english,
    join,
    say,
    speaking,
)
from orchestrator.language.words import AND, NEXT, OF
from orchestrator.settings.locales import asked, named, of
from reference.messages import unmarked

ROOT = Path(__file__).parents[3] / "orchestrator"
WRITES_YAML = ROOT / "settings/workloads/new.py"  # in English, as the presets are
SOURCES = sorted({*ROOT.rglob("*.py")} - {WRITES_YAML})
CATALOGUES = sorted((ROOT / "language/locale").rglob("*.po"))
# Two words of plain text beside each other.
# What is neither said nor shown: help, sources, reasons that are stored; names of other packages.
KEYWORDS = {"help", "message", "reason", "source"}
NAMES = {"bold red", "lower left", "lower right", "offset points", "upper left"}
NAMES |= {"color-mix(in srgb, "}
PANELS = {"The job", "Where it runs", "Output", "Interval"}  # of --help
FAULTS = {"AttributeError", "LookupError", "ValueError"}  # of the code
WORDS = re.compile(r"[A-Za-z]{2,}[,:;]? [a-z]{2,}")
TAIWANESE = LANGUAGES[1]


def test_the_language_is_english_until_another_is_spoken():
    assert current() == ENGLISH
    with speaking(TAIWANESE):
        assert current() == TAIWANESE
    assert current() == ENGLISH


def test_a_sentence_is_english_text_whatever_is_spoken():
    with speaking(TAIWANESE):
        made = english(OF, name="a", what=english(AND, one="b", other="c"))
    assert made == "a: b and c"
    assert json.dumps(made) == '"a: b and c"'


def test_a_sentence_is_said_in_the_language_of_the_moment_with_all_that_is_in_it():
    made = english(OF, name="a", what=english(AND, one="b", other="c"))
    with speaking(TAIWANESE):
        assert say(made) == say(OF, name="a", what=say(AND, one="b", other="c"))
    assert say(made) == made


def test_a_copy_of_a_sentence_can_still_be_said():
    made = copy.deepcopy(english(AND, one="b", other="c"))
    with speaking(TAIWANESE):
        assert say(made) == say(AND, one="b", other="c")


def test_braces_in_what_is_told_are_left_alone():
    assert say(OF, name="{a}", what="{}") == "{a}: {}"
    assert say(Phrase("{not a placeholder}")) == "{not a placeholder}"


@pytest.mark.parametrize(
    ("parts", "joined"), [([], ""), (["a"], "a"), (["a", "b"], "a b"), (["a", "b", "c"], "a b c")]
)
def test_parts_are_joined_in_their_order(parts, joined):
    assert join(NEXT, iter(parts)) == joined


def test_a_clause_has_no_full_stop():
    made = clause(english(Phrase("It is so.")))
    assert made == say(made) == "It is so"
    assert say(OF, name="x", what=made) == "x: It is so"


@pytest.mark.parametrize("given", ["zh-TW", "zh_TW", "zh-tw"])
def test_a_language_may_be_spelled_as_locales_are(given):
    assert named(given) == "zh-TW"


def test_an_unknown_language_is_refused_with_those_that_there_are():
    with pytest.raises(BadInput, match="no language 'fr'; choose from en, zh-TW"):
        named("fr")


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_TW.UTF-8"}, "zh-TW"),
        ({"LANG": "zh_HK"}, "zh-TW"),
        ({"LANG": "zh-Hant-TW"}, "zh-TW"),
        ({"LANG": "zh_CN.UTF-8"}, "en"),
        ({"LANG": "zh_TW.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "zh_TW.UTF-8"}, "zh-TW"),
        ({"LC_ALL": "C", "LC_MESSAGES": "zh_TW.UTF-8"}, "en"),
        ({"LC_ALL": "", "LANG": "zh_TW.UTF-8"}, "zh-TW"),
        ({"LANG": "zh_TW.UTF-8", "TWINRUN_LANG": "en"}, "en"),
        ({"LANG": "en_GB.UTF-8", "TWINRUN_LANG": "zh-TW"}, "zh-TW"),
    ],
)
def test_the_language_is_what_the_environment_says(variables, language):
    assert of(variables) == language


@pytest.mark.parametrize(
    ("arguments", "language"),
    [
        (["compare", "--help"], None),
        (["--lang", "zh-TW", "--help"], "zh-TW"),
        (["compare", "--lang=zh-TW", "--help"], "zh-TW"),
        (["compare", "--lang"], None),
        (["--lang", "fr"], None),
    ],
)
def test_help_is_in_the_language_that_its_command_line_asks_for(arguments, language):
    assert asked(arguments) == language


@pytest.mark.parametrize("path", SOURCES, ids=[str(path.relative_to(ROOT)) for path in SOURCES])
def test_every_text_that_people_read_is_a_phrase(path):
    untold = [
        f"line {node.lineno}: {node.value}"
        for node in _texts(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert untold == []


def _texts(tree):
    """String constants of words that are neither phrases, nor documentation, nor help."""
    told = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name("Phrase")):
                told |= set(ast.walk(node))
            case ast.keyword(arg=name) if name in KEYWORDS:
                told |= set(ast.walk(node))
            case ast.Raise(exc=ast.Call(func=ast.Name(name))) if name in FAULTS:
                told |= set(ast.walk(node))
            case ast.Assign(targets=[ast.Name("_HELP")]):
                told |= set(ast.walk(node))
            case ast.Expr(value=ast.Constant()):
                told.add(node.value)
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and WORDS.search(node.value)
        and '="' not in node.value  # HTML
        and node.value not in NAMES | PANELS
        and node not in told
    ]


def test_a_phrase_is_made_a_text_by_the_language_alone():
    for path in SOURCES:
        if path.name != "phrases.py":
            assert ".format(" not in path.read_text(encoding="utf-8"), path


@pytest.fixture(scope="module")
def extracted():
    """Every phrase in the sources."""
    found = extract.extract_from_dir(ROOT, [("**.py", "python")], keywords={"Phrase": None})
    return {message[2] for message in found} | unmarked()


def catalogue(path):
    with path.open("rb") as file:
        return pofile.read_po(file)


@pytest.mark.parametrize("path", CATALOGUES, ids=str)
def test_every_phrase_is_translated_and_nothing_else_is(path, extracted):
    found = catalogue(path)
    translated = {message.id for message in found if message.id and message.string}
    assert extracted - translated == set(), "run 'make messages', and translate"
    assert translated - extracted == set(), "run 'make messages'"
    assert not found.obsolete
    assert not any(message.fuzzy for message in found if message.id)


def placeholders(text):
    """Each with how it is written: {ratio:.2f}."""
    parts = string.Formatter().parse(text)
    return {(name, spec, how) for _, name, spec, how in parts if name is not None}


@pytest.mark.parametrize("path", CATALOGUES, ids=str)
def test_a_translation_has_the_placeholders_and_the_indent_of_its_phrase(path):
    for message in catalogue(path):
        if message.id:
            assert placeholders(message.string) == placeholders(message.id), message.id
            if message.id.startswith("  "):
                indents = [len(text) - len(text.lstrip()) for text in (message.id, message.string)]
                assert indents[0] == indents[1], message.id


def test_the_compiled_catalogue_is_what_has_been_translated():
    for path in CATALOGUES:
        translated = {message.id: message.string for message in catalogue(path) if message.string}
        with path.with_suffix(".mo").open("rb") as file:
            compiled = {message.id: message.string for message in mofile.read_mo(file)}
        del translated[""], compiled[""]  # the headers
        assert compiled == translated, "run 'make messages'"


def test_sentences_are_texts():
    assert isinstance(english(NEXT, one="a", other="b"), Sentence)
    assert isinstance(english(NEXT, one="a", other="b"), str)
