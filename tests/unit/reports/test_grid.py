"""One table in each form: every writer says the same of any grid."""

import io
import re

import pytest

from orchestrator import page
from orchestrator.page import blocks
from orchestrator.reports.grid import Cell, Column, Grid, Row, Said
from orchestrator.reports.writers import markdown, notebook, plain, terminal

SIDES = ("pytorch", "other")
GRID = Grid(
    [
        Column(Cell("Fruit"), numeric=False),
        Column(Cell("PyTorch", side="pytorch")),
        Column(Cell("<other>", side="other")),
        Column(Cell("Colour"), numeric=False),
    ],
    [
        Row([Cell("pears|plums"), Cell("1"), Cell("1,234", strong=True), Cell("green")]),
        Row([Cell("ripe"), Cell("3"), Cell("5"), Cell("yellow")], inner=True, differs=True),
    ],
)
TEXTS = [*GRID.headings, *(text for row in GRID.rows for text in (row.name, *row.values))]


def on_a_terminal(grid, **settings):
    file = io.StringIO()
    terminal.console(file=file, width=80, **settings).print(terminal.table(grid))
    return file.getvalue()


def on_a_page(grid):
    section = blocks.Section("s", "S", [blocks.Table("What it shows", grid)])
    made = page.Page("T", [], "H", blocks.sides(SIDES), "", [], [], [], [section])
    return page.render(made).decode()


FORMS = {
    "terminal": on_a_terminal,
    "plain": lambda grid: "\n".join(plain.table(grid, 80)),
    "narrow": lambda grid: "\n".join(plain.table(grid, 20)),
    "markdown": markdown.table,
    "notebook": notebook.table,
    "page": on_a_page,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_text_of_a_grid_is_in_each_form(form):
    shown = FORMS[form](GRID).replace("\\", "").replace("&lt;", "<").replace("&gt;", ">")
    first = {GRID.headings[0]} if form == "narrow" else set()
    assert all(text in shown for text in TEXTS if text not in first)


def test_numbers_end_and_texts_begin_below_each_other():
    assert plain.table(GRID, 80) == [
        "Fruit        PyTorch  <other>  Colour",
        "pears|plums        1    1,234  green",
        "  ripe             3        5  yellow",
    ]
    assert [line.rstrip() for line in on_a_terminal(GRID).splitlines()] == plain.table(GRID, 80)


def test_where_columns_do_not_fit_each_stands_below_the_one_before():
    assert plain.table(GRID, 20) == [
        *("PyTorch", "  pears|plums: 1", "    ripe: 3"),
        *("<other>", "  pears|plums: 1,234", "    ripe: 5"),
        *("Colour", "  pears|plums: green", "    ripe: yellow"),
    ]


def test_markdown_has_a_column_of_numbers_aligned_right_and_no_text_taken_for_markup():
    head, ruled, first, _ = markdown.table(GRID).splitlines()
    assert head == "| Fruit | PyTorch | \\<other\\> | Colour |"
    assert ruled == "| --- | ---: | ---: | --- |"
    assert first == "| pears\\|plums | 1 | 1,234 | green |"


@pytest.mark.parametrize("form", ["notebook", "page"])
def test_html_has_headings_for_columns_and_rows_and_no_text_taken_for_markup(form):
    shown = FORMS[form](GRID)
    assert shown.count('<th scope="col"') == len(GRID.columns)
    assert shown.count('<th scope="row"') == len(GRID.rows)
    assert "<other>" not in shown


def test_a_page_marks_what_differs_what_is_strong_and_whose_a_column_is():
    shown = on_a_page(GRID)
    assert re.search(r'<tr class="differs">.*ripe.*≠', shown)
    assert '<td class="numeric"><strong>1,234</strong></td>' in shown
    glyphs = [(side.index, side.glyph) for side in blocks.sides(SIDES).values()]
    heads = re.findall(
        r'<th scope="col" class="numeric"><span class="mark side-(\d)".*?>(.)<', shown
    )
    assert [(int(index), glyph) for index, glyph in heads] == glyphs


def test_a_terminal_has_sides_in_their_colours_and_what_is_strong_in_bold():
    shown = on_a_terminal(GRID, force_terminal=True, color_system="truecolor")
    assert "\x1b[1m  1,234\x1b[0m" in shown
    red, green, blue = bytes.fromhex(blocks.sides(SIDES)["other"].colour[1:])
    assert re.search(rf"38;2;{red};{green};{blue}m<other>", shown)


def test_a_report_is_its_parts_below_each_other_in_each_form():
    parts = [Said("Fine.", strong=True), GRID, Said("Few.", code="FEW")]
    told = plain.report(parts)
    assert told.splitlines() == ["Fine.", *plain.table(GRID, 80), "FEW Few."]
    file = io.StringIO()
    terminal.console(file=file, width=80).print(terminal.report(parts))
    assert [line.rstrip() for line in file.getvalue().splitlines()] == told.splitlines()
