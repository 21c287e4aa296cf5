"""Figures in Chinese where a font has the characters, in English elsewhere, boxes nowhere."""

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from matplotlib.text import Text

from orchestrator.figures import canvas, fonts, plots
from orchestrator.language.phrases import LANGUAGES, characters, speaking
from orchestrator.results.habits.numbering import number_of
from orchestrator.results.habits.pitfalls import PITFALLS
from tests.builders import evaluations, explained, proofs
from tests.builders.drawn import BOTH, figures

CHINESE = LANGUAGES[1]
NAME = "Twinrun Test"


def explanation():
    pairs = [explained.pair(number_of(pitfall), parts_at=5) for pitfall in PITFALLS]
    return explained.rows(explained.pair(), *pairs)


DRAWN = {
    "comparison": lambda: figures(BOTH),
    "certificate": lambda: plots.certificate_canvas(proofs.made()).drawing(),
    "explanation": lambda: plots.explanation_canvas(explanation()).drawing(),
    "evaluation": lambda: plots.evaluation_canvas(evaluations.made(), "x").drawing(),
}


def build(path, name, wanted):
    """A font in which each of the characters is a square."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, 700), (700, 700), (700, 0)):
        pen.lineTo(corner)
    pen.closePath()
    glyphs = {".notdef": pen.glyph(), "square": pen.glyph()}
    builder = FontBuilder(1000)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap(dict.fromkeys(map(ord, wanted), "square"))
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(dict.fromkeys(glyphs, (800, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": name, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    font_manager.fontManager.addfont(path)


@pytest.fixture(scope="module", autouse=True)
def installed(tmp_path_factory):
    """One font with all characters, and one with all but one."""
    fonts._learn_new_fonts()  # which it does once, so that it must not be undone
    known = list(font_manager.fontManager.ttflist)
    wanted = characters(CHINESE)
    folder = tmp_path_factory.mktemp("fonts")
    build(folder / "whole.ttf", NAME, wanted)
    build(folder / "lacking.ttf", "Twinrun Lacking", wanted - {"訓"})
    yield
    font_manager.fontManager.ttflist[:] = known


@pytest.fixture
def drawn(monkeypatch):
    """The texts of all figures that are drawn meanwhile."""
    texts = []

    def keep(figure, kind):
        texts.extend(text.get_text() for text in figure.findobj(Text))
        return before(figure, kind)

    before = canvas._saved
    monkeypatch.setattr(canvas, "_saved", keep)
    # A missing glyph is a warning, and a warning is an error.
    monkeypatch.setattr(canvas.warnings, "filterwarnings", lambda *_, **__: None)
    return texts


def is_chinese(text):
    return any("\u3000" <= character <= "\uffef" for character in text)


def test_the_first_font_that_has_every_character_is_taken():
    assert fonts.family(CHINESE, ["Nobody's", "Twinrun Lacking", NAME]) == NAME


@pytest.mark.parametrize("families", [[], ["Nobody's"], ["Twinrun Lacking"]])
def test_a_font_that_is_not_there_or_lacks_a_character_is_not_taken(families):
    assert fonts.family(CHINESE, families) is None


@pytest.mark.parametrize("what", DRAWN)
def test_figures_are_in_chinese_without_a_missing_glyph(what, drawn, monkeypatch):
    monkeypatch.setattr(fonts, "FAMILIES", (NAME,))
    with speaking(CHINESE):
        DRAWN[what]()
    assert any(map(is_chinese, drawn))


@pytest.mark.parametrize("what", DRAWN)
def test_figures_are_in_english_where_no_font_has_the_characters(what, drawn, monkeypatch):
    monkeypatch.setattr(fonts, "FAMILIES", ())
    with speaking(CHINESE):
        DRAWN[what]()
    assert not any(map(is_chinese, drawn))
    assert any(" " in text for text in drawn)
