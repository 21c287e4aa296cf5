"""One Chinese word for one thing, in the catalogue and in the documents."""

import re
from pathlib import Path

import pytest

from tests.documents import TRANSLATIONS

CATALOGUE = Path(__file__).parents[3] / "orchestrator/language/locale/zh_TW/LC_MESSAGES/twinrun.po"
# What must not be said, and the word of the glossary instead.
OTHERS = {
    "跟看": "追蹤",
    "數據": "數值",
    "安靜的": "閒置的",
    r"倍慢": "倍的時間",
    r"\*(?:觀察|提問)\*[^ ：\n]": "a space after the word that begins a remark",
}


@pytest.mark.parametrize("path", [CATALOGUE, *TRANSLATIONS], ids=lambda path: path.name)
@pytest.mark.parametrize("other", OTHERS, ids=OTHERS.get)
def test_no_other_word_stands_for_a_word_of_the_glossary(path, other):
    assert not re.findall(other, path.read_text(encoding="utf-8")), OTHERS[other]
