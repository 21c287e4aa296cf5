"""A certificate -> its page."""

from collections.abc import Iterator, Sequence

from orchestrator.about import About
from orchestrator.certificate import Certificate, as_dict
from orchestrator.certificate_report import INPUTS, where
from orchestrator.drawing import Drawing
from orchestrator.page.blocks import Answer, Cell, Page, Section, Table, TableRow, sides
from orchestrator.page.of_comparison import figures_section
from orchestrator.page.parts import data_section, lead, reproduce_section
from orchestrator.reproduce import of_certificate
from orchestrator.words import label

_TITLE = "{workload}: {sentence}"
_SAME_JOB = "Was it the same job?"
_YES, _NO = "Yes", "Not shown"
_GIVEN = "Were they given the same?"
_UNKNOWN = "Not known"
_WHAT = "What was compared?"
_STEPS = "{steps:,} steps"
_VERSIONS = "{versions}."
_ALLOWED = "What is allowed, and why?"
_EVIDENCE = "The evidence"
_EVIDENCE_CAPTION = "The largest relative difference in each quantity, and what is allowed."
_WEIGHTS_CAPTION = "The final weights' largest relative difference, by tensor."
_COLUMNS = ("Quantity", "Largest", "Allowed", "Where")
_TENSOR_COLUMNS = ("Tensor", "Largest")
_INPUTS_CAPTION = "What both were given, by SHA-256."
_INPUT_COLUMNS = ("Input", "SHA-256")
_WITHIN = "within"
_BEYOND = "beyond"
_NO_LIMIT = "held against own rounding"
_DATA = "the evidence, every step of it"


def certificate_page(found: Certificate, about: About, drawings: Sequence[Drawing]) -> Page:
    named = sides([found.first, found.second])
    versions = [f"{label(name)} {version}" for name, version in found.versions.items()]
    return Page(
        title=_TITLE.format(workload=about.workload, sentence=found.sentence),
        lead=lead(about),
        headline=found.sentence,
        sides=list(named.values()),
        pace_title="",
        pace=[],
        aside=[],
        answers=[
            Answer(_SAME_JOB, _YES if found.same_job else _NO, [found.sentence]),
            Answer(
                _GIVEN,
                {True: _YES, False: _NO, None: _UNKNOWN}[found.inputs.same],
                [found.inputs.sentence],
            ),
            Answer(
                _WHAT,
                _STEPS.format(steps=found.steps),
                [_VERSIONS.format(versions=", ".join(versions))],
            ),
            Answer(_ALLOWED, f"{found.tolerance.losses:.0e}", [found.tolerance.reason]),
        ],
        sections=[
            *figures_section(drawings, [side.colour for side in named.values()]),
            Section("evidence", _EVIDENCE, list(_evidence(found))),
            reproduce_section(of_certificate(found, about.workload)),
            data_section("certificate.json", as_dict(found), _DATA),
        ],
    )


def _evidence(found: Certificate) -> Iterator[Table]:
    judged = found.envelope is None
    yield Table(
        _EVIDENCE_CAPTION,
        [Cell(name) for name in _COLUMNS],
        [
            TableRow(
                Cell(each.quantity),
                [
                    Cell(f"{each.largest:.1e}", strong=judged and not each.within),
                    Cell(_allowed(each.tolerance, within=each.within) if judged else _NO_LIMIT),
                    Cell(where(each)),
                ],
            )
            for each in found.differences
        ],
    )
    if found.weights:
        yield Table(
            _WEIGHTS_CAPTION,
            [Cell(name) for name in _TENSOR_COLUMNS],
            [TableRow(Cell(name), [Cell(f"{v:.1e}")]) for name, v in found.weights.items()],
        )
    digests = [
        (text, found.digests[name]) for name, text in INPUTS.items() if found.digests.get(name)
    ]
    if digests:
        yield Table(
            _INPUTS_CAPTION,
            [Cell(name) for name in _INPUT_COLUMNS],
            [TableRow(Cell(text), [Cell(digest)]) for text, digest in digests],
            numeric=False,
        )


def _allowed(tolerance: float, *, within: bool) -> str:
    return f"{tolerance:.0e}, {_WITHIN if within else _BEYOND}"
