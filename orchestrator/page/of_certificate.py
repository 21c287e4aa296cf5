"""A certificate -> its page."""

from collections.abc import Iterator, Sequence

from orchestrator.certificate.certificate import Certificate
from orchestrator.certificate.certificate_file import as_dict
from orchestrator.figures.drawing import Drawing
from orchestrator.language.phrases import Phrase, join, say
from orchestrator.language.words import COMMA, OF, label
from orchestrator.page.blocks import Answer, Cell, Page, Section, Table, TableRow, sides
from orchestrator.page.of_comparison import figures_section
from orchestrator.page.parts import data_section, lead, reproduce_section
from orchestrator.reports.certificate import INPUTS, allowed, where
from orchestrator.results.reproduction import of_certificate
from orchestrator.storage.about import About

_SAME_JOB = Phrase("Was it the same job?")
_YES, _NO = Phrase("Yes"), Phrase("Not shown")
_GIVEN = Phrase("Were they given the same?")
_UNKNOWN = Phrase("Not known")
_WHAT = Phrase("What was compared?")
_STEPS = Phrase("{steps:,} steps")
_VERSIONS = Phrase("{versions}.")
_ALLOWED = Phrase("What is allowed, and why?")
_EVIDENCE = Phrase("The evidence")
_EVIDENCE_CAPTION = Phrase("The largest relative difference in each quantity, and what is allowed.")
_WEIGHTS_CAPTION = Phrase("The final weights' largest relative difference, by tensor.")
_COLUMNS = (Phrase("Quantity"), Phrase("Largest"), Phrase("Allowed"), Phrase("Where"))
_TENSOR_COLUMNS = (Phrase("Tensor"), Phrase("Largest"))
_INPUTS_CAPTION = Phrase("What both were given, by SHA-256.")
_INPUT_COLUMNS = (Phrase("Input"), Phrase("SHA-256"))
_DATA = Phrase("the evidence, every step of it")


def certificate_page(found: Certificate, about: About, drawings: Sequence[Drawing]) -> Page:
    named = sides([found.first, found.second])
    versions = [f"{label(name)} {version}" for name, version in found.versions.items()]
    return Page(
        title=say(OF, name=about.workload, what=found.sentence),
        lead=lead(about),
        headline=say(found.sentence),
        sides=list(named.values()),
        pace_title="",
        pace=[],
        aside=[],
        answers=[
            Answer(say(_SAME_JOB), say(_YES if found.same_job else _NO), [say(found.sentence)]),
            Answer(
                say(_GIVEN),
                say({True: _YES, False: _NO, None: _UNKNOWN}[found.inputs.same]),
                [say(found.inputs.sentence)],
            ),
            Answer(
                say(_WHAT),
                say(_STEPS, steps=found.steps),
                [say(_VERSIONS, versions=say(join(COMMA, versions)))],
            ),
            Answer(say(_ALLOWED), f"{found.tolerance.losses:.0e}", [found.tolerance.reason]),
        ],
        sections=[
            *figures_section(drawings, [side.colour for side in named.values()]),
            Section("evidence", say(_EVIDENCE), list(_evidence(found))),
            reproduce_section(of_certificate(found, about.workload)),
            data_section("certificate.json", as_dict(found), say(_DATA)),
        ],
    )


def _evidence(found: Certificate) -> Iterator[Table]:
    yield Table(
        say(_EVIDENCE_CAPTION),
        [Cell(say(name)) for name in _COLUMNS],
        [
            TableRow(
                Cell(say(each.quantity)),
                [
                    Cell(f"{each.largest:.1e}", strong=not each.within),
                    Cell(allowed(each)),
                    Cell(where(each)),
                ],
            )
            for each in found.differences
        ],
    )
    if found.weights:
        yield Table(
            say(_WEIGHTS_CAPTION),
            [Cell(say(name)) for name in _TENSOR_COLUMNS],
            [TableRow(Cell(name), [Cell(f"{v:.1e}")]) for name, v in found.weights.items()],
        )
    digests = [
        (text, found.digests[name]) for name, text in INPUTS.items() if found.digests.get(name)
    ]
    if digests:
        yield Table(
            say(_INPUTS_CAPTION),
            [Cell(say(name)) for name in _INPUT_COLUMNS],
            [TableRow(Cell(say(text)), [Cell(digest)]) for text, digest in digests],
            numeric=False,
        )
