"""The result of a sweep -> its page."""

from collections.abc import Iterator, Mapping, Sequence

from orchestrator.figures.drawing import Drawing
from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import OF
from orchestrator.page.blocks import Block, Figures, Page, Prose, Section, Table, sides
from orchestrator.page.inline import inlined
from orchestrator.page.of_variants import environments_of, plain_page
from orchestrator.page.parts import (
    data_section,
    environments_section,
    reproduce_section,
    warnings_section,
)
from orchestrator.reports import sweeps as report
from orchestrator.reports.reproduction import of_sweep
from orchestrator.reports.sweeps import scaling
from orchestrator.results.comparison import Comparison
from orchestrator.results.sweeps import Sweep, as_dict
from orchestrator.results.sweeps.words import POINTS, SCALING
from orchestrator.storage.about import About

_FIGURES, _NUMBERS, _CELLS = Phrase("Figures"), Phrase("The numbers"), Phrase("Every cell")
_READ = Phrase(
    "Above 1 the first side of the ratio took longer. Both axes are logarithmic where that is "
    "possible; a crossover is looked for on the lines as they are drawn."
)
_SCALES = Phrase("How each side scales")
_ITS_PAGE = Phrase(
    "Its own page, with figures and every trial, is {page} in the directory of this run."
)
_DATA = Phrase("the same as numbers")
_NOT_FINISHED = Phrase("It was not finished.")


def sweep_page(
    found: Sweep, about: About, compared: Mapping[str, Comparison], drawings: Sequence[Drawing]
) -> Page:
    """Build the page, which needs no other; ``compared``: the comparison of each cell."""
    names = found.sides
    colours = [side.colour for side in sides(names).values()]
    figures = [inlined(each, each.title, _how_to_read(each), colours) for each in drawings]
    said = [say(sentence) for sentence in found.sentences]
    headline = said[0] if said else say(_NOT_FINISHED)
    ran = list(compared.values())
    numbers: list[Block] = [*map(Prose, said[1:]), Table(say(report.NOTE), report.table(found))]
    sections = [
        *([Section("figures", say(_FIGURES), [Figures(figures)])] if figures else []),
        Section("numbers", say(_NUMBERS), numbers),
        *([Section("scaling", say(_SCALES), list(_scaling(found)))] if found.scaling else []),
        *warnings_section(report.cautions(found)),
        Section("cells", say(_CELLS), list(_cells(compared))),
        *([environments_section(environments_of(ran, names))] if ran else []),
        *([reproduce_section(of_sweep(found, ran, about))] if ran else []),
        data_section("sweep.json", as_dict(found), say(_DATA)),
    ]
    return plain_page(about, headline, names, sections)


def _how_to_read(drawing: Drawing) -> str:
    return say(POINTS if drawing.name.startswith(SCALING) else _READ)


def _scaling(found: Sweep) -> Iterator[Block]:
    """Yield what is not known yet first, then a table for each side and setting."""
    yield from map(Prose, scaling.too_few(found.scaling))
    yield from (Table(scaling.caption(each), scaling.table(each)) for each in found.scaling)
    yield Prose(say(scaling.NOTE))


def _cells(compared: Mapping[str, Comparison]) -> Iterator[Block]:
    """Yield the finding of each cell, and where its own page is."""
    for name, each in compared.items():
        yield Prose(say(OF, name=name, what=each.finding))
        yield Prose(say(_ITS_PAGE, page=f"{name}/report.html"))
