"""A parity table -> its page."""

from collections.abc import Mapping, Sequence

from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import OF
from orchestrator.page.blocks import Block, Page, Prose, Section, Table, sides
from orchestrator.page.parts import data_section, environments_section, lead, warnings_section
from orchestrator.reports import parity as report
from orchestrator.results.circumstances import Caution
from orchestrator.results.parity import Parity, as_dict
from orchestrator.storage.about import About

_MEANING = Phrase("What the numbers are")
_LACKING = Phrase("What could not be run")
_TABLES = Phrase("The tables")
_DATA = Phrase("the same as numbers")


def parity_page(
    found: Parity,
    about: About,
    environments: Mapping[str, job_pb2.Environment],
    cautions: Sequence[Caution] = (),
) -> Page:
    """Build the page; ``environments`` by framework. ``cautions``: warnings."""
    headline = say(found.sentence)
    tables: list[Block] = [Table(title, grid) for title, grid in report.tables(found)]
    lacking: list[Block] = [Prose(say(why)) for why in found.lacking]
    sections = [
        Section("meaning", say(_MEANING), [Prose(say(report.MEANING))]),
        *([Section("tables", say(_TABLES), tables)] if tables else []),
        *([Section("lacking", say(_LACKING), lacking)] if lacking else []),
        *([environments_section(environments)] if environments else []),
        *warnings_section(cautions),
        data_section("parity.json", as_dict(found, cautions), say(_DATA)),
    ]
    return Page(
        title=say(OF, name=about.workload, what=headline),
        lead=lead(about),
        headline=headline,
        sides=sides(list(dict.fromkeys([*about.sides, *environments]))),
        pace_title="",
        pace=[],
        aside=[],
        answers=[],
        sections=sections,
    )
