"""A certificate -> its page."""

from collections.abc import Iterator, Sequence

from orchestrator.certificate.certificate import Certificate
from orchestrator.certificate.certificate_file import as_dict
from orchestrator.certificate.certificates import Certificates, pair
from orchestrator.certificate.rounding import FLOAT64, rule_of
from orchestrator.figures.drawing import Drawing
from orchestrator.language.phrases import Phrase, english, join, say
from orchestrator.language.words import COMMA, OF, with_version
from orchestrator.page.blocks import Answer, Page, Section, Table, sides
from orchestrator.page.of_comparison import figures_section
from orchestrator.page.parts import data_section, lead, reproduce_section, warnings_section
from orchestrator.reports import certificate as report
from orchestrator.reports.reproduction import of_certificates
from orchestrator.results.circumstances import Caution
from orchestrator.storage.about import About

_SAME_JOB = Phrase("Was it the same job?")
_YES, _NO = Phrase("Yes"), Phrase("Not shown")
_GIVEN = Phrase("Were the inputs the same?")
_UNKNOWN = Phrase("Not known")
_WHAT = Phrase("What was compared?")
_STEPS = Phrase("{steps:,} steps")
_VERSIONS = Phrase("{versions}.")
_ALLOWED = Phrase("What is allowed, and why?")
_TIMES = Phrase("{times:g} times rounding")
_BY_ROUNDING = Phrase(
    "In {precision} rounding alone makes a framework differ from itself if its initial values are "
    "moved by one unit in their last place. The two may differ by a multiple of that."
)
_EVIDENCE = Phrase("The evidence")
_EVIDENCE_CAPTION = Phrase("The largest relative difference in each quantity, and what is allowed.")
_WEIGHTS_CAPTION = Phrase("The final weights' largest relative difference, by tensor.")
_INPUTS_CAPTION = Phrase("The inputs of both, by SHA-256.")
_DATA = Phrase("the evidence, with every step")


def certificate_page(
    certificates: Sequence[Certificate],
    about: About,
    drawings: Sequence[Drawing],
    cautions: Sequence[Caution] = (),
) -> Page:
    """Build the page; ``certificates``: one for each side that was compared with the baseline.

    ``cautions``: warnings.
    """
    named = sides(
        list(dict.fromkeys(n for each in certificates for n in (each.first, each.second)))
    )
    kept = Certificates(certificates)
    finding = say(kept.sentence)
    return Page(
        title=say(OF, name=about.workload, what=finding),
        lead=lead(about),
        headline=finding,
        sides=named,
        pace_title="",
        pace=[],
        aside=[],
        answers=list(_answers(certificates, kept.same_job)),
        sections=[
            *figures_section(drawings, [side.colour for side in named.values()]),
            *(_evidence_section(each, alone=len(certificates) == 1) for each in certificates),
            *warnings_section(cautions),
            reproduce_section(of_certificates(certificates, about.workload)),
            data_section("certificate.json", as_dict(kept), say(_DATA)),
        ],
    )


def _answers(certificates: Sequence[Certificate], same_job: bool) -> Iterator[Answer]:
    """Yield the answers for all certificates together."""
    given = [each.inputs.same for each in certificates]
    short = _NO if False in given else _UNKNOWN if None in given else _YES
    versions = {name: v for each in certificates for name, v in each.versions.items()}
    known = [with_version(*each) for each in versions.items()]
    sentences = [each.sentence for each in certificates]
    if len(certificates) > 1:
        sentences = [english(OF, name=pair(each), what=each.sentence) for each in certificates]
    yield Answer(say(_SAME_JOB), say(_YES if same_job else _NO), list(map(say, sentences)))
    inputs = dict.fromkeys(say(each.inputs.sentence) for each in certificates)
    yield Answer(say(_GIVEN), say(short), list(inputs))
    yield Answer(
        say(_WHAT),
        say(_STEPS, steps=max(each.steps for each in certificates)),
        [say(_VERSIONS, versions=say(join(COMMA, known)))],
    )
    allowed, rule = certificates[0].tolerance, rule_of(certificates[0].job)
    if rule is FLOAT64:
        yield Answer(say(_ALLOWED), f"{allowed.losses:.0e}", [allowed.reason])
    else:
        why = say(_BY_ROUNDING, precision=rule.precision)
        yield Answer(say(_ALLOWED), say(_TIMES, times=rule.allowed), [why])


def _evidence_section(found: Certificate, *, alone: bool) -> Section:
    if alone:
        return Section("evidence", say(_EVIDENCE), list(_evidence(found)))
    title = say(OF, name=pair(found), what=english(_EVIDENCE))
    return Section(f"evidence-{found.second}", title, list(_evidence(found)))


def _evidence(found: Certificate) -> Iterator[Table]:
    yield Table(say(_EVIDENCE_CAPTION), report.differences(found))
    for caption, grid in (
        (_WEIGHTS_CAPTION, report.weights(found)),
        (_INPUTS_CAPTION, report.inputs(found)),
    ):
        if grid.rows:
            yield Table(say(caption), grid)
