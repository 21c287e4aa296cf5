"""What runs within a run say together -> a page that leads to theirs."""

from collections.abc import Sequence

from orchestrator.figures.drawing import Drawing
from orchestrator.language.phrases import Phrase, join, say
from orchestrator.language.words import NEXT, OF
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
from orchestrator.page.parts import data_section, heads, lead, side_by_side
from orchestrator.reports import explanation, loops, recipes
from orchestrator.reports.rows import Row
from orchestrator.results.explanation import Row as Explained
from orchestrator.results.explanation import as_dict as as_dict_of_rows
from orchestrator.results.loops import Loops
from orchestrator.results.loops import as_dict as as_dict_of_loops
from orchestrator.results.recipes import Recipes
from orchestrator.results.recipes import as_dict as as_dict_of_recipes
from orchestrator.storage.about import About

_NUMBERS = Phrase("In numbers")
_MEDIANS = Phrase("Medians over the trials of each.")
_RUNS = Phrase("The comparisons")
_DATA = Phrase("the same as numbers")
_NOT_FINISHED = Phrase("It was not finished.")
_EXPLAINED = Phrase("One difference at a time: what each does to a comparison of the same job")
_NONE = Phrase("No difference was held against the matched job.")
_DIFFERENCES = Phrase("Each difference")
_FIGURE = Phrase("How long the losses stay together, and what it does to accuracy and to time")
_DIFFERENCE = Phrase("What it is")
_WHO = Phrase("What each framework does of its own, and why it matters.")


def recipes_page(found: Recipes, about: About, inner: Sequence[str]) -> Page:
    """``inner``: names of the runs within."""
    names = recipes.frameworks(found)
    table = _table(say(_MEDIANS), names, recipes.recipes_rows(found))
    result = data_section("recipes.json", as_dict_of_recipes(found), say(_DATA))
    return _page(about, say(found.sentence), names, [table, _links(inner), result])


def loops_page(found: Loops, about: About, inner: Sequence[str]) -> Page:
    """As `recipes_page`."""
    names = loops.frameworks(found)
    headline = say(join(NEXT, found.sentences)) or say(_NOT_FINISHED)
    table = _table(say(loops.HEADING), names, loops.loops_rows(found))
    result = data_section("loops.json", as_dict_of_loops(found), say(_DATA))
    return _page(about, headline, names, [table, _links(inner), result])


def explanation_page(rows: Sequence[Explained], about: About, drawings: Sequence[Drawing]) -> Page:
    """``drawings``: of all differences in one, or nothing."""
    result = data_section("explanation.json", as_dict_of_rows(about.workload, rows), say(_DATA))
    if not rows:
        return _page(about, say(_NONE), [], [result])
    names = list(rows[0].seconds)
    colours = [side.colour for side in sides(names).values()]
    meaning = explanation.meaning(rows)
    figures = [inlined(drawing, say(_FIGURE), meaning, colours, wide=True) for drawing in drawings]
    table = Table(
        meaning,
        [Cell(say(name)) for name in (explanation.LET_IN, *explanation.HEADINGS)],
        [TableRow(Cell(n), [Cell(c) for c in rest]) for n, *rest in explanation.differences(rows)],
    )
    own = [
        TableRow(
            Cell(say(row.pitfall.title)),
            [
                *map(Cell, explanation.own_ways(row.pitfall, names)),
                Cell(say(row.pitfall.paragraph)),
            ],
        )
        for row in rows
        if row.pitfall
    ]
    columns = [Cell(say(explanation.LET_IN)), *heads(names), Cell(say(_DIFFERENCE))]
    blocks: list[Block] = [Figures(figures), table, Table(say(_WHO), columns, own, numeric=False)]
    return _page(
        *(about, say(_EXPLAINED), names),
        [Section("differences", say(_DIFFERENCES), blocks), result],
    )


def _table(caption: str, names: Sequence[str], rows: Sequence[Row]) -> Section:
    if not rows:
        return Section("numbers", say(_NUMBERS), [Prose(say(_NOT_FINISHED))])
    return Section("numbers", say(_NUMBERS), [side_by_side(caption, names, rows)])


def _links(inner: Sequence[str]) -> Section:
    links = [Link(f"{name}/report.html", name) for name in inner]
    return Section("runs", say(_RUNS), [Links(links)])


def _page(about: About, headline: str, names: Sequence[str], sections: Sequence[Section]) -> Page:
    return Page(
        title=say(OF, name=about.workload, what=headline),
        lead=lead(about),
        headline=headline,
        sides=list(sides(names).values()),
        pace_title="",
        pace=[],
        aside=[],
        answers=[],
        sections=sections,
    )
