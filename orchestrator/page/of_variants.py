"""What runs within a run say together -> a page that leads to theirs."""

from collections.abc import Sequence

from orchestrator import explanation_report, loops_report, recipes_report
from orchestrator.about import About
from orchestrator.drawing import Drawing
from orchestrator.explain import Row as Explained
from orchestrator.explain import as_dict as as_dict_of_rows
from orchestrator.loops import Loops
from orchestrator.loops import as_dict as as_dict_of_loops
from orchestrator.page.blocks import (
    Block,
    Cell,
    Figures,
    Link,
    Links,
    Page,
    Prose,
    Section,
    Table,
    TableRow,
    sides,
)
from orchestrator.page.inline import inlined
from orchestrator.page.parts import data_section, lead, side_by_side
from orchestrator.recipes import Recipes
from orchestrator.recipes import as_dict as as_dict_of_recipes
from orchestrator.rows import Row

_TITLE = "{workload}: {headline}"
_NUMBERS = "In numbers"
_MEDIANS = "Medians over the trials of each."
_RUNS = "The comparisons"
_DATA = "the same as numbers"
_NOT_FINISHED = "It was not finished."
_EXPLAINED = "One difference at a time, let into the same job: what each does to a comparison."
_NONE = "No difference was held against the matched job."
_DIFFERENCES = "Each difference"
_FIGURE = "How long the losses stay together, and what it does to accuracy and to time"
_DIFFERENCE = "What it is"
_WHO = "What each framework does of its own, and why it matters."


def recipes_page(found: Recipes, about: About, inner: Sequence[str]) -> Page:
    """``inner``: names of the runs within."""
    names = recipes_report.frameworks(found)
    table = _table(_MEDIANS, names, recipes_report.recipes_rows(found))
    result = data_section("recipes.json", as_dict_of_recipes(found), _DATA)
    return _page(about, found.sentence, names, [table, _links(inner), result])


def loops_page(found: Loops, about: About, inner: Sequence[str]) -> Page:
    """As `recipes_page`."""
    names = loops_report.frameworks(found)
    headline = " ".join(found.sentences) or _NOT_FINISHED
    table = _table(loops_report.HEADING, names, loops_report.loops_rows(found))
    result = data_section("loops.json", as_dict_of_loops(found), _DATA)
    return _page(about, headline, names, [table, _links(inner), result])


def explanation_page(rows: Sequence[Explained], about: About, drawings: Sequence[Drawing]) -> Page:
    """``drawings``: of all differences in one, or nothing."""
    result = data_section("explanation.json", as_dict_of_rows(about.workload, rows), _DATA)
    if not rows:
        return _page(about, _NONE, [], [result])
    names = list(rows[0].seconds)
    colours = [side.colour for side in sides(names).values()]
    meaning = explanation_report.meaning(rows)
    figures = [inlined(drawing, _FIGURE, meaning, colours, wide=True) for drawing in drawings]
    table = Table(
        meaning,
        [Cell(explanation_report.LET_IN), *map(Cell, explanation_report.HEADINGS)],
        [TableRow(Cell(n), [Cell(c) for c in rest]) for n, *rest in explanation_report.cells(rows)],
    )
    own = [
        TableRow(
            Cell(row.pitfall.title),
            [*(Cell(row.pitfall.does(name)) for name in names), Cell(row.pitfall.paragraph)],
        )
        for row in rows
        if row.pitfall
    ]
    heads = [Cell(explanation_report.LET_IN), *_heads(names), Cell(_DIFFERENCE)]
    blocks: list[Block] = [Figures(figures), table, Table(_WHO, heads, own, numeric=False)]
    return _page(about, _EXPLAINED, names, [Section("differences", _DIFFERENCES, blocks), result])


def _heads(names: Sequence[str]) -> list[Cell]:
    return [Cell(side.name, side=index) for index, side in enumerate(sides(names).values())]


def _table(caption: str, names: Sequence[str], rows: Sequence[Row]) -> Section:
    if not rows:
        return Section("numbers", _NUMBERS, [Prose(_NOT_FINISHED)])
    return Section("numbers", _NUMBERS, [side_by_side(caption, names, rows, "")])


def _links(inner: Sequence[str]) -> Section:
    links = [Link(f"{name}/report.html", name) for name in inner]
    return Section("runs", _RUNS, [Links(links)])


def _page(about: About, headline: str, names: Sequence[str], sections: Sequence[Section]) -> Page:
    return Page(
        title=_TITLE.format(workload=about.workload, headline=headline),
        lead=lead(about),
        headline=headline,
        sides=list(sides(names).values()),
        pace_title="",
        pace=[],
        aside=[],
        answers=[],
        sections=sections,
    )
