"""The result of inner runs together, and that of single differences -> their pages."""

from collections.abc import Iterator, Mapping, Sequence

from twinrun.contract.enums import Recipe
from twinrun.v1 import job_pb2

from orchestrator.figures.drawing import Drawing
from orchestrator.language.phrases import Phrase, english, join, say
from orchestrator.language.words import NEXT, OF
from orchestrator.page.blocks import Block, Figures, Page, Prose, Section, Table, sides
from orchestrator.page.inline import inlined
from orchestrator.page.of_comparison import numbers_caption
from orchestrator.page.parts import (
    data_section,
    environments_section,
    lead,
    notes,
    reproduce_section,
    warnings_section,
)
from orchestrator.reports import explanation, variants
from orchestrator.reports.habits import attribution
from orchestrator.reports.reproduction import of_variants
from orchestrator.reports.table import table
from orchestrator.results.circumstances import Caution
from orchestrator.results.comparison import Comparison
from orchestrator.results.habits.explanation import Row as Explained
from orchestrator.results.habits.explanation import Skipped
from orchestrator.results.habits.explanation import as_dict as as_dict_of_rows
from orchestrator.results.habits.together import Together, with_together
from orchestrator.results.variants import Variants, as_dict, title
from orchestrator.storage.about import About, Kind

_NUMBERS = Phrase("The numbers")
_CAPTIONS: Mapping[Kind, Phrase] = {
    Kind.RECIPES: Phrase("Medians over the trials of each."),
    Kind.LOOPS: Phrase("Seconds of an epoch"),
}
_FIGURES = Phrase("Figures")
_BARS: Mapping[Kind, Phrase] = {
    Kind.RECIPES: Phrase(
        "Medians over the trials; the hatched part of a bar is the time spent waiting for data."
    ),
    Kind.LOOPS: Phrase("Medians over the epochs of the trials."),
}
_TITLES: Mapping[Kind, Phrase] = {
    Kind.RECIPES: Phrase("The recipe: {name}"),
    Kind.LOOPS: Phrase("Trained by {name}"),
}
_ITS_PAGE = Phrase(
    "Its own page, with figures and every trial, is {page} in the directory of this run."
)
_DATA = Phrase("the same as numbers")
_NOT_FINISHED = Phrase("It was not finished.")
_EXPLAINED = Phrase("One difference at a time: the effect of each on a comparison of the same job")
_NONE = Phrase("No difference was compared with the matched job.")
_DIFFERENCES = Phrase("Each difference")
_FIGURE = Phrase("How long the losses stay together, and the effect on accuracy and time")
_WHO = Phrase("Each framework's own way, and why it matters.")


def variants_page(
    found: Variants, about: About, compared: Mapping[str, Comparison], drawings: Sequence[Drawing]
) -> Page:
    """Build the page, which needs no other; ``compared``: the comparison of each variant."""
    summary = variants.table(found)
    block = (
        Table(say(_CAPTIONS[found.kind]), summary) if summary.rows else Prose(say(_NOT_FINISHED))
    )
    names = list(dict.fromkeys(side for each in compared.values() for side in each.trials))
    colours = [side.colour for side in sides(names).values()]
    caption = say(_BARS[found.kind])
    figures = [inlined(drawing, drawing.title, caption, colours) for drawing in drawings]
    ran = [each for each in compared.values() if each.trials]
    sections = [
        *([Section("figures", say(_FIGURES), [Figures(figures)])] if figures else []),
        Section("numbers", say(_NUMBERS), [block]),
        *(_compared(found.kind, name, each) for name, each in compared.items()),
        *([environments_section(environments_of(ran, names))] if ran else []),
        *([_reproduced(found.kind, ran, about)] if ran else []),
        data_section(f"{found.kind}.json", as_dict(found), say(_DATA)),
    ]
    headline = say(join(NEXT, found.sentences)) or say(_NOT_FINISHED)
    return plain_page(about, headline, names, sections)


def _reproduced(kind: Kind, ran: Sequence[Comparison], about: About) -> Section:
    found = of_variants(kind, ran, about.workload)
    return reproduce_section(found, own=any(each.job.recipe is Recipe.IDIOMATIC for each in ran))


def _compared(kind: Kind, name: str, comparison: Comparison) -> Section:
    """Return the result of one variant's comparison, and where its own page is."""
    numbers = table(comparison)
    blocks: list[Block] = [Prose(say(comparison.finding))]
    if numbers.rows:
        blocks.append(Table(numbers_caption(comparison), numbers))
    if comparison.cautions:
        blocks.append(notes(comparison.cautions))
    blocks.append(Prose(say(_ITS_PAGE, page=f"{name}/report.html")))
    return Section(name, say(_TITLES[kind], name=title(name)), blocks)


def environments_of(
    compared: Sequence[Comparison], names: Sequence[str]
) -> dict[str, job_pb2.Environment | None]:
    """Return the first known environment of each side."""
    trials = [t for each in compared for group in each.trials.values() for t in group]
    return {
        name: next((t.environment for t in trials if t.framework == name and t.environment), None)
        for name in names
    }


def explanation_page(
    pairs: Sequence[Sequence[Explained]],
    about: About,
    drawings: Sequence[Drawing],
    passed: Sequence[Skipped] = (),
    cautions: Sequence[Caution] = (),
    *,
    together: Sequence[Together] = (),
) -> Page:
    """Build the page; ``drawings``: one for each of ``pairs``, of all its differences.

    ``passed``: the differences that do not apply to the job. ``cautions``: warnings. ``together``:
    of each of ``pairs``, what several differences do at once.
    """
    together = together or [Together() for _ in pairs]
    rows_found = as_dict_of_rows(about.workload, pairs, passed, cautions=cautions)
    found = with_together(rows_found, together)
    result = data_section("explanation.json", found, say(_DATA))
    warnings = warnings_section(cautions)
    if not pairs:
        return plain_page(about, say(_NONE), [], [*warnings, result])
    names = list(dict.fromkeys(name for rows in pairs for name in rows[0].seconds))
    sections = [
        _explained(rows, drawing, passed, several, alone=len(pairs) == 1)
        for rows, drawing, several in zip(pairs, drawings, together, strict=True)
    ]
    return plain_page(about, say(_EXPLAINED), names, [*sections, *warnings, result])


def _explained(
    rows: Sequence[Explained],
    drawing: Drawing,
    passed: Sequence[Skipped],
    several: Together,
    *,
    alone: bool,
) -> Section:
    names = list(rows[0].seconds)
    colours = [side.colour for side in sides(names).values()]
    meaning = explanation.meaning(rows)
    blocks: list[Block] = [
        Figures([inlined(drawing, say(_FIGURE), meaning, colours, wide=True)]),
        Table(meaning, explanation.differences(rows)),
        *_changes(rows, several),
        *map(Prose, explanation.not_applying(passed)),
        Table(say(_WHO), explanation.own_ways(rows, why=True)),
    ]
    if alone:
        return Section("differences", say(_DIFFERENCES), blocks)
    title = say(OF, name=explanation.pair(rows), what=english(_DIFFERENCES))
    return Section(f"differences-{names[1]}", title, blocks)


def _changes(rows: Sequence[Explained], several: Together) -> Iterator[Block]:
    """Yield what each difference adds, where a gap comes from, and what two do at once."""
    if (changes := explanation.effects(rows)).rows:
        yield Table(explanation.meaning_of_effects(rows), changes)
    metric = rows[0].metric
    if several.attribution:
        caption = attribution.whence(rows, several.attribution)
        yield Table(caption, attribution.gap(several.attribution, metric))
    if several.interactions:
        caption = attribution.which(several.interactions)
        yield Table(caption, attribution.twos(several.interactions, metric))


def plain_page(
    about: About, headline: str, names: Sequence[str], sections: Sequence[Section]
) -> Page:
    """Return a page without answers or curves, which lists its sections."""
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
