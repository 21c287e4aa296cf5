"""A certificate -> what a person reads."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.text import Text

from orchestrator.certificate import WEIGHTS, Certificate, Difference
from orchestrator.language import Phrase, say
from orchestrator.plain import Table
from orchestrator.words import OF, label

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
_DIGEST_CHARACTERS = 12
_INPUTS_LINE = Phrase("Inputs of both, by SHA-256: {digests}.")
_VERSIONS = Phrase("{versions}; {steps:,} steps compared.")


def certificate_report(workload: str, certificate: Certificate) -> RenderableType:
    """The sentence first, then what it rests on."""
    table = Table(box=None, pad_edge=False, show_edge=False)
    for heading in _HEADINGS:
        table.add_column(say(heading), overflow="fold")
    judged = certificate.envelope is None
    for difference in certificate.differences:
        allowed = f"{difference.tolerance:.0e}" if judged else "-"
        style = "" if difference.within or not judged else "bold red"
        cells = [say(difference.quantity), f"{difference.largest:.1e}", allowed, where(difference)]
        table.add_row(*cells, style=style)
        if difference.quantity == WEIGHTS:
            for tensor, largest in certificate.weights.items():
                table.add_row(f"  {tensor}", f"{largest:.1e}", "", "")
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


def where(difference: Difference) -> str:
    """Step and tensor, as far as it has them."""
    found = [] if difference.step is None else [say(_STEP, step=difference.step)]
    return ", ".join([*found, *([difference.tensor] if difference.tensor else [])])
