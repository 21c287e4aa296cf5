"""A certificate -> what a person reads."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.certificate import WEIGHTS, Certificate, Difference
from orchestrator.words import label

INPUTS: Mapping[str, str] = {
    "data_sha256": "data",
    "batch_order_sha256": "batch order",
    "initial_weights_sha256": "initial values",
}
_DIGEST_CHARACTERS = 12
_INPUTS_LINE = "Inputs of both, by SHA-256: {digests}."
_VERSIONS = "{versions}; {steps:,} steps compared."


def certificate_report(workload: str, certificate: Certificate) -> RenderableType:
    """The sentence first, then what it rests on."""
    table = Table(box=None, pad_edge=False, show_edge=False)
    for heading in ("Relative difference of", "largest", "allowed", "where"):
        table.add_column(heading)
    judged = certificate.envelope is None
    for difference in certificate.differences:
        allowed = f"{difference.tolerance:.0e}" if judged else "-"
        style = "" if difference.within or not judged else "bold red"
        cells = [difference.quantity, f"{difference.largest:.1e}", allowed, where(difference)]
        table.add_row(*cells, style=style)
        if difference.quantity == WEIGHTS:
            for tensor, largest in certificate.weights.items():
                table.add_row(f"  {tensor}", f"{largest:.1e}", "", "")
    digests = [
        f"{name} {certificate.digests[field][:_DIGEST_CHARACTERS]}"
        for field, name in INPUTS.items()
        if certificate.digests.get(field)
    ]
    versions = [f"{label(name)} {version}" for name, version in certificate.versions.items()]
    lines = [
        _VERSIONS.format(versions=", ".join(versions), steps=certificate.steps),
        *([_INPUTS_LINE.format(digests=", ".join(digests))] if digests else []),
    ]
    return Group(
        Text(f"{workload}: {certificate.sentence}", style="bold"), table, *map(Text, lines), ""
    )


def where(difference: Difference) -> str:
    """Step and tensor, as far as it has them."""
    found = [] if difference.step is None else [f"step {difference.step:,}"]
    return ", ".join([*found, *([difference.tensor] if difference.tensor else [])])
