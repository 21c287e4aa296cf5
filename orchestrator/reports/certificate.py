"""A certificate -> what a person reads."""

from collections.abc import Mapping
from typing import assert_never

from rich.console import Group, RenderableType
from rich.text import Text

from orchestrator.certificate.certificate import Certificate
from orchestrator.certificate.gaps import EVALUATED_ACCURACIES, EVALUATED_LOSSES
from orchestrator.certificate.judge import Clause, Difference
from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import OF, label
from orchestrator.reports.plain import Table

INPUTS: Mapping[str, Phrase] = {
    "data_sha256": Phrase("data"),
    "batch_order_sha256": Phrase("batch order"),
    "augmentation_sha256": Phrase("augmentation"),
    "initial_weights_sha256": Phrase("initial values"),
}
_HEADINGS = (
    Phrase("Relative difference of"),
    Phrase("largest"),
    Phrase("allowed"),
    Phrase("where"),
)
_STEP = Phrase("step {step:,}")
_EPOCH = Phrase("epoch {step:,}")
_WITHIN = Phrase("{tolerance:.0e}, within")
_BEYOND = Phrase("{tolerance:.0e}, beyond")
_BY_ROUNDING = Phrase("as rounding does: {own:.0e}")
_BEYOND_ROUNDING = Phrase("beyond what rounding does: {own:.0e}")
_NOT_DETERMINED = Phrase("not determined by the job")
_DIGEST_CHARACTERS = 12
_INPUTS_LINE = Phrase("Inputs of both, by SHA-256: {digests}.")
_VERSIONS = Phrase("{versions}; {steps:,} steps compared.")


def certificate_report(workload: str, certificate: Certificate) -> RenderableType:
    """The sentence first, then what it rests on."""
    table = Table(box=None, pad_edge=False, show_edge=False)
    for heading in _HEADINGS:
        table.add_column(say(heading), overflow="fold")
    for difference in certificate.differences:
        style = "" if difference.within else "bold red"
        largest = f"{difference.largest:.1e}"
        cells = [say(difference.quantity), largest, allowed(difference), where(difference)]
        table.add_row(*cells, style=style)
    for tensor, apart in certificate.weights.items():
        table.add_row(f"  {tensor}", f"{apart:.1e}", "", "")
    digests = [
        f"{say(name)} {certificate.digests[field][:_DIGEST_CHARACTERS]}"
        for field, name in INPUTS.items()
        if certificate.digests.get(field)
    ]
    versions = [f"{label(name)} {version}" for name, version in certificate.versions.items()]
    lines = [
        say(_VERSIONS, versions=", ".join(versions), steps=certificate.steps),
        *([say(_INPUTS_LINE, digests=", ".join(digests))] if digests else []),
    ]
    return Group(
        Text(say(OF, name=workload, what=certificate.sentence), style="bold"),
        table,
        *map(Text, lines),
        "",
    )


def allowed(difference: Difference) -> str:
    """What is allowed, and by which clause it is so."""
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


def where(difference: Difference) -> str:
    """Step and tensor, as far as it has them."""
    of_epochs = difference.quantity in (EVALUATED_LOSSES, EVALUATED_ACCURACIES)
    at = _EPOCH if of_epochs else _STEP
    found = [] if difference.step is None else [say(at, step=difference.step)]
    return ", ".join([*found, *([difference.tensor] if difference.tensor else [])])
