"""The result of inner runs together -> a page that links to theirs."""

from collections.abc import Mapping, Sequence

from orchestrator.figures.drawing import Drawing
from orchestrator.language.phrases import Phrase, english, join, say
from orchestrator.language.words import NEXT, OF
from orchestrator.page.blocks import (
    Block,
    Figures,
    Link,
    Links,
    Page,
    Prose,
    Section,
    Table,
    sides,
)
from orchestrator.page.inline import inlined
from orchestrator.page.parts import data_section, lead, warnings_section
from orchestrator.reports import explanation, variants
from orchestrator.results.explanation import Row as Explained
from orchestrator.results.explanation import as_dict as as_dict_of_rows
from orchestrator.results.variants import Variants, as_dict, cautions, title
from orchestrator.storage.about import About, Kind

_NUMBERS = Phrase("The numbers")
_CAPTIONS: Mapping[Kind, Phrase] = {
    Kind.RECIPES: Phrase("Medians over the trials of each."),
    Kind.LOOPS: Phrase("Seconds of an epoch"),
}
_RUNS = Phrase("The comparisons")
_DATA = Phrase("the same as numbers")
_NOT_FINISHED = Phrase("It was not finished.")
_EXPLAINED = Phrase("One difference at a time: the effect of each on a comparison of the same job")
_NONE = Phrase("No difference was compared with the matched job.")
_DIFFERENCES = Phrase("Each difference")
_FIGURE = Phrase("How long the losses stay together, and the effect on accuracy and time")
_WHO = Phrase("Each framework's own way, and why it matters.")


def variants_page(found: Variants, about: About, inner: Sequence[str]) -> Page:
    """Build the page; ``inner``: names of the inner runs."""
    table = variants.table(found)
    block = Table(say(_CAPTIONS[found.kind]), table) if table.rows else Prose(say(_NOT_FINISHED))
    findings = [
        Prose(say(OF, name=title(name), what=text)) for name, text in found.findings.items()
    ]
    links = [Link(f"{name}/report.html", name) for name in inner]
    sections = [
        Section("numbers", say(_NUMBERS), [block]),
        Section("runs", say(_RUNS), [*findings, Links(links)]),
        *warnings_section(cautions(found)),
        data_section(f"{found.kind}.json", as_dict(found), say(_DATA)),
    ]
    headline = say(join(NEXT, found.sentences)) or say(_NOT_FINISHED)
    return _page(about, headline, table.sides, sections)


def explanation_page(
    pairs: Sequence[Sequence[Explained]], about: About, drawings: Sequence[Drawing]
) -> Page:
    """Build the page; ``drawings``: one for each of ``pairs``, of all its differences."""
    result = data_section("explanation.json", as_dict_of_rows(about.workload, pairs), say(_DATA))
    if not pairs:
        return _page(about, say(_NONE), [], [result])
    names = list(dict.fromkeys(name for rows in pairs for name in rows[0].seconds))
    sections = [
        _explained(rows, drawing, alone=len(pairs) == 1)
        for rows, drawing in zip(pairs, drawings, strict=True)
    ]
    return _page(about, say(_EXPLAINED), names, [*sections, result])


def _explained(rows: Sequence[Explained], drawing: Drawing, *, alone: bool) -> Section:
    names = list(rows[0].seconds)
    colours = [side.colour for side in sides(names).values()]
    meaning = explanation.meaning(rows)
    blocks: list[Block] = [
        Figures([inlined(drawing, say(_FIGURE), meaning, colours, wide=True)]),
        Table(meaning, explanation.differences(rows)),
        Table(say(_WHO), explanation.own_ways(rows, why=True)),
    ]
    if alone:
        return Section("differences", say(_DIFFERENCES), blocks)
    title = say(OF, name=explanation.pair(rows), what=english(_DIFFERENCES))
    return Section(f"differences-{names[1]}", title, blocks)


def _page(about: About, headline: str, names: Sequence[str], sections: Sequence[Section]) -> Page:
    return Page(
        title=say(OF, name=about.workload, what=headline),
        lead=lead(about),
        headline=headline,
        sides=sides(names),
        pace_title="",
        pace=[],
        aside=[],
        answers=[],
        sections=sections,
    )
