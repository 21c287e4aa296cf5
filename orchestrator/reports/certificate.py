"""A certificate -> a report for people."""

from collections.abc import Iterator, Mapping
from typing import assert_never

from orchestrator.certificate.certificate import Certificate
from orchestrator.certificate.effectless import biases_before_batch_norm
from orchestrator.certificate.gaps import EVALUATED
from orchestrator.certificate.judge import Clause, Difference
from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import OF, with_version
from orchestrator.reports.grid import BLANK, Cell, Grid, Part, Row, Said, columns, row

_INPUTS: Mapping[str, Phrase] = {
    "data_sha256": Phrase("data"),
    "batch_order_sha256": Phrase("batch order"),
    "augmentation_sha256": Phrase("augmentation"),
    "initial_weights_sha256": Phrase("initial values"),
}
_DIFFERENCE, _LARGEST = Phrase("Relative difference of"), Phrase("largest")
_ALLOWED, _WHERE = Phrase("allowed"), Phrase("where")
_FINAL_WEIGHTS = Phrase("Relative difference of the final weights")
_NO_EFFECT = Phrase("{tensor} (no effect: before a batch norm)")
_INPUT, _SHA256 = Phrase("Input"), Phrase("SHA-256")
_STEP = Phrase("step {step:,}")
_EPOCH = Phrase("epoch {step:,}")
_WITHIN = Phrase("{tolerance:.0e}, within")
_BEYOND = Phrase("{tolerance:.0e}, beyond")
_BY_ROUNDING = Phrase("as rounding: {own:.0e}")
_BEYOND_ROUNDING = Phrase("beyond rounding: {own:.0e}")
_NOT_DETERMINED = Phrase("not determined by the job")
_DIGEST_CHARACTERS = 12
_INPUTS_LINE = Phrase("Inputs of both, by SHA-256: {digests}.")
_VERSIONS = Phrase("{versions}; {steps:,} steps compared.")


def report(workload: str, certificate: Certificate) -> Iterator[Part]:
    """Yield the sentence first, then its evidence."""
    yield Said(say(OF, name=workload, what=certificate.sentence), strong=True)
    yield differences(certificate)
    if certificate.weights:
        yield weights(certificate)
    versions = [with_version(*each) for each in certificate.versions.items()]
    yield Said(say(_VERSIONS, versions=", ".join(versions), steps=certificate.steps))
    digests = [
        f"{each.name} {each.values[0][:_DIGEST_CHARACTERS]}" for each in inputs(certificate).rows
    ]
    if digests:
        yield Said(say(_INPUTS_LINE, digests=", ".join(digests)))
    yield BLANK


def differences(certificate: Certificate) -> Grid:
    """Return the largest difference in each quantity, and what is allowed."""
    heads = [*columns(_DIFFERENCE, _LARGEST), *columns(_ALLOWED, _WHERE, numeric=False)]
    return Grid(
        heads,
        [
            Row(
                [
                    Cell(say(each.quantity)),
                    Cell(f"{each.largest:.1e}", strong=not each.within),
                    Cell(_allowed(each), strong=not each.within),
                    Cell(_where(each)),
                ]
            )
            for each in certificate.differences
        ],
    )


def weights(certificate: Certificate) -> Grid:
    """Return the largest difference in each tensor of the final weights."""
    without_effect = set(biases_before_batch_norm(certificate.job.layers))
    rows = [
        row(
            say(_NO_EFFECT, tensor=tensor) if tensor in without_effect else tensor,
            [f"{apart:.1e}"],
        )
        for tensor, apart in certificate.weights.items()
    ]
    return Grid(columns(_FINAL_WEIGHTS, _LARGEST), rows)


def inputs(certificate: Certificate) -> Grid:
    """Return the inputs of both, as far as known."""
    rows = [
        row(say(name), [digest])
        for field, name in _INPUTS.items()
        if (digest := certificate.digests.get(field))
    ]
    return Grid(columns(_INPUT, _SHA256, numeric=False), rows)


def _allowed(difference: Difference) -> str:
    """Return what is allowed, and the clause that applies."""
    match difference.clause:
        case Clause.TOLERANCE | Clause.BEYOND if difference.own is None:
            phrase = _WITHIN if difference.within else _BEYOND
            return say(phrase, tolerance=difference.tolerance)
        case Clause.TOLERANCE | Clause.ROUNDING:
            return say(_BY_ROUNDING, own=difference.own)
        case Clause.BEYOND:
            return say(_BEYOND_ROUNDING, own=difference.own)
        case Clause.UNDETERMINED:
            return say(_NOT_DETERMINED)
        case _:
            assert_never(difference.clause)


def _where(difference: Difference) -> str:
    """Return step and tensor, if it has them."""
    of_epochs = difference.quantity in EVALUATED
    at = _EPOCH if of_epochs else _STEP
    parts = [] if difference.step is None else [say(at, step=difference.step)]
    return ", ".join([*parts, *([difference.tensor] if difference.tensor else [])])
