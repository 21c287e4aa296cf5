"""What a run of any kind resulted in: for people, and for programs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from orchestrator.actions import explain, judging, parity, variants
from orchestrator.actions.finish import comparison_of
from orchestrator.actions.sweeps import finish as sweeps
from orchestrator.certificate import certificate_file
from orchestrator.certificate.certificate import Certificate
from orchestrator.certificate.certificates import Certificates
from orchestrator.errors import BadInput, RunUnreadable
from orchestrator.frameworks import usual
from orchestrator.language.phrases import Phrase, Sentence, english, say
from orchestrator.reports import certificate as certificate_report
from orchestrator.reports import comparison as comparison_report
from orchestrator.reports import explanation as explanation_report
from orchestrator.reports import parity as parity_report
from orchestrator.reports import sweeps as sweeps_report
from orchestrator.reports import variants as variants_report
from orchestrator.reports.grid import Part, Said
from orchestrator.reports.habits import attribution
from orchestrator.results import comparison_file
from orchestrator.results import sweeps as swept
from orchestrator.results import variants as results
from orchestrator.results.circumstances import Caution, of_damages
from orchestrator.results.comparison import Comparison
from orchestrator.results.parity import Parity
from orchestrator.results.parity import as_dict as parity_mapping
from orchestrator.storage.about import About, Kind
from orchestrator.storage.store import Run
from orchestrator.trials.mappings.stored import as_json

_VERIFY = Phrase(
    "{path} is a certificate: its trials are not timed for a comparison, so only 'show' and "
    "'export --to markdown' have a result of it."
)
_EXPLAIN = Phrase(
    "{path} is an explanation: its trials are of different jobs, so only 'show' and "
    "'export --to markdown' have a result of it."
)
_PARITY = Phrase(
    "{path} is a parity table: its trials are of different jobs, so only 'show' and "
    "'export --to markdown' have a result of it."
)
_SEVERAL = Phrase("{path} consists of comparisons, each a run of its own; name one: {paths}.")
_EMPTY = Phrase("{path} has no comparison yet.")


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A result. ``mapping``: its file's contents. ``parts``: its report, in the current language.

    ``comparisons``: those that it consists of, by the names of their runs within the run.
    """

    mapping: Mapping[str, object]
    parts: Callable[[], Iterator[Part]]
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)


def shown(run: Run) -> Shown | None:
    """Return the result of a run of any kind. None: nothing of it was finished.

    Raises RunUnreadable.
    """
    what = run.about()
    match what.kind:
        case Kind.TRAIN | Kind.COMPARE:
            found = comparison_of(run)
            if not found.trials:
                return None
            mapping = comparison_file.as_dict(found)
            return Shown(mapping, lambda: comparison_report.report(found))
        case Kind.VERIFY:
            return _of_certificates(run, what)
        case Kind.EXPLAIN:
            explanation = explain.found_in(run, compared_sides(what))
            if not (explanation.pairs or explanation.cautions):
                return None
            mapping = explain.mapping_of(explanation, what.workload)
            return Shown(mapping, lambda: _explained(explanation))
        case Kind.PARITY:
            table, cautions = parity.found_in(run)
            if not (table.rows or cautions):
                return None
            return Shown(parity_mapping(table, cautions), lambda: _parity(table, cautions))
        case Kind.RECIPES | Kind.LOOPS:
            return _of_variants(run, what.kind)
        case Kind.SWEEP:
            return _swept(run)
        case _:
            assert_never(what.kind)


def compared_sides(what: About) -> Sequence[str]:
    """Return the sides of an explanation; an older run has only those that started."""
    return what.sides if len(what.sides) > 1 else usual()


def only_comparison(run: Run) -> Comparison:
    """Return the comparison of a run that is one. Raises BadInput if it is of another kind."""
    match run.about().kind:
        case Kind.TRAIN | Kind.COMPARE:
            return comparison_of(run)
        case Kind.VERIFY:
            raise BadInput(english(_VERIFY, path=run.path))
        case Kind.EXPLAIN:
            raise BadInput(english(_EXPLAIN, path=run.path))
        case Kind.PARITY:
            raise BadInput(english(_PARITY, path=run.path))
        case Kind.RECIPES | Kind.LOOPS as kind:
            raise BadInput(_several(run, variants.inner_runs(run, kind)))
        case Kind.SWEEP:
            raise BadInput(_several(run, sweeps.begun(run)))
        case kind:
            assert_never(kind)


def _several(run: Run, inner: Mapping[str, Run]) -> Sentence:
    if not inner:
        return english(_EMPTY, path=run.path)
    return english(_SEVERAL, path=run.path, paths=", ".join(str(i.path) for i in inner.values()))


def _of_variants(run: Run, kind: Kind) -> Shown | None:
    compared = variants.compared_in(run, kind)
    if not compared:
        return None
    result = results.variants(kind, compared)
    mapping = results.as_dict(result)
    return Shown(mapping, lambda: variants_report.report(result, compared), compared)


def _swept(run: Run) -> Shown | None:
    found = sweeps.result_of(run)
    if found is None:
        return None
    result, cells = found
    return Shown(swept.as_dict(result), lambda: sweeps_report.report(result), cells)


def _of_certificates(run: Run, what: About) -> Shown | None:
    damages = list[Sentence]()
    try:
        found = certificate_file.of_run(run)
    except RunUnreadable:
        found = Certificates(judging.again(run, damages))
    if found is None:
        if not run.count_trials():
            return None
        found = Certificates(judging.again(run, damages))
    cautions = of_damages(damages)
    mapping = certificate_file.as_dict(found)
    if cautions:
        mapping |= as_json({"warnings": cautions})
    return Shown(mapping, lambda: _certified(what.workload, found, cautions))


def _certified(workload: str, found: Certificates, cautions: Sequence[Caution]) -> Iterator[Part]:
    for each in found.pairs:
        if isinstance(each, Certificate):
            yield from certificate_report.report(workload, each)
        else:
            yield Said(say(each.sentence), strong=True)
    yield from comparison_report.warnings(cautions)


def _parity(found: Parity, cautions: Sequence[Caution]) -> Iterator[Part]:
    yield from parity_report.report(found)
    yield from comparison_report.warnings(cautions)


def _explained(found: explain.Found) -> Iterator[Part]:
    for rows, several in zip(found.pairs, found.together, strict=True):
        if len(found.pairs) > 1:
            yield Said(say(explanation_report.pair(rows)), strong=True)
        yield from explanation_report.report(rows, found.passed)
        yield from attribution.report(rows, several)
    yield from comparison_report.warnings(found.cautions)
