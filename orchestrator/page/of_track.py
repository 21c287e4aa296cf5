"""A track -> its page."""

from collections.abc import Sequence

from orchestrator.figures.drawing import Drawing
from orchestrator.language.phrases import Phrase, say
from orchestrator.page.blocks import Block, Figures, Folded, Page, Prose, Section, Table, sides
from orchestrator.page.inline import inlined
from orchestrator.page.parts import data_section
from orchestrator.reports import track as report
from orchestrator.results.track import Series, Track, as_dict
from orchestrator.results.track.series import name

_TITLE = Phrase("Track")
_LEAD = Phrase("History of {quantity}")
_CAPTION = Phrase("Each mark is a run: the median of its trials. The lines are medians of runs.")
_RUNS = Phrase("All runs of this series, {count} in all")
_RUNS_CAPTION = Phrase("Oldest first; the first run of each change says how large it is.")
_DATA = Phrase("the same as numbers")


def track_page(found: Track, drawings: Sequence[Drawing]) -> Page:
    """Build the page; ``drawings``: one for each series."""
    headline = report.headline(found)
    quantities = list(dict.fromkeys(each.quantity for each in found.series))
    return Page(
        title=say(_TITLE),
        lead=[say(_LEAD, quantity=each) for each in quantities],
        headline=headline,
        sides=sides(list(dict.fromkeys(each.side for each in found.series))),
        pace_title="",
        pace=[],
        aside=[say(each) for each in found.damages],
        answers=[],
        sections=[
            *(
                _section(number, series, drawing)
                for number, (series, drawing) in enumerate(
                    zip(found.series, drawings, strict=True), start=1
                )
            ),
            data_section("track.json", as_dict(found), say(_DATA)),
        ],
    )


def _section(number: int, series: Series, drawing: Drawing) -> Section:
    colours = [side.colour for side in sides([series.side]).values()]
    heading, title = say(name(series)), say(_LEAD, quantity=series.quantity)
    listed = Table(say(_RUNS_CAPTION), report.table(series))
    blocks: list[Block] = [
        *(Prose(say(sentence)) for sentence in series.sentences),
        Figures([inlined(drawing, title, say(_CAPTION), colours, wide=True)]),
        Folded(say(_RUNS, count=len(series.points)), listed),
    ]
    return Section(f"series-{number}", heading, blocks)
