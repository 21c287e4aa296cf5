"""Remedies as Python's users need them."""

import pytest
from babel.messages import pofile

from orchestrator.api.words import in_python, in_words_of_python
from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english
from tests.builders.source import ROOT


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Repeat: --repeats 10, or --until-sure.", "Repeat: repeats=10, or until_sure=True."),
        ("請重複：--repeats 10，或 --until-sure。", "請重複：repeats=10，或 until_sure=True。"),
        ("Remove --no-verify; it", "Remove verify=False; it"),
        ("See 'orchestrator verify', where", "See orchestrator.verify(), where"),
        ("See &#x27;orchestrator verify&#x27;", "See orchestrator.verify()"),
        (
            "it: 'orchestrator compare ... --batch-size 512', or with --execution compiled.",
            'it: orchestrator.compare(..., batch_size=512), or with execution="compiled".',
        ),
        ("such as --batch-size 16,64,256.", "such as batch_size=[16, 64, 256]."),
        ("Set --threads to the number", "Set threads to the number"),
        ("the A/A test: --aa pytorch.", 'the A/A test: aa="pytorch".'),
        ("--loop both and --recipe both", 'loop="both" and recipe="both"'),
        ("--set takes FIELD=VALUE", "changes takes FIELD=VALUE"),
        ("--target-accuracy 0.9.", "target_accuracy=0.9."),
        ("with `orchestrator show latest`", 'with orchestrator.load("latest")'),
        # What no function does.
        ("'orchestrator watch pytorch-1' shows", "'orchestrator watch pytorch-1' shows"),
        ("'orchestrator env --measure' measures", "'orchestrator env --measure' measures"),
        ("a runner's --data-dir", "a runner's --data-dir"),
        ("it's - -- --- a--b", "it's - -- --- a--b"),
    ],
)
def test_flags_and_commands_become_keywords_and_functions(text, told):
    assert in_python(text) == told


def test_what_is_told_in_python_is_not_told_again():
    path = ROOT / "orchestrator/language/locale/zh_TW/LC_MESSAGES/twinrun.po"
    with path.open("rb") as file:
        for message in pofile.read_po(file):
            for text in (str(message.id), str(message.string)):
                assert in_python(in_python(text)) == in_python(text)


def test_an_error_is_told_in_python():
    def refuse():
        with in_words_of_python():
            raise BadInput(english(Phrase("--baseline is {name!r}."), name="x"))

    with pytest.raises(BadInput) as caught:
        refuse()
    assert str(caught.value) == caught.value.message == "baseline is 'x'."
