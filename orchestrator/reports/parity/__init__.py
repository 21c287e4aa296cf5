"""A parity table -> tables, one for each group of kinds, precision and execution."""

import math
from collections.abc import Iterator, Sequence

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label
from orchestrator.reports.grid import BLANK, UNKNOWN, Cell, Grid, Part, Said, columns
from orchestrator.reports.grid import Row as Line
from orchestrator.results.parity import Apart, Parity, Row

_CASE = Phrase("Case")
_FORWARD, _GRADIENT = Phrase("forward"), Phrase("gradient")
_OWN_FORWARD, _OWN_GRADIENT = Phrase("own forward"), Phrase("own gradient")
_TITLE = Phrase("{group}, {precision}, execution {execution}")
_OF_SIDE = Phrase("{title}, {first} and {second}")
GROUPS = {
    "layers": Phrase("Layers"),
    "activations": Phrase("Activations"),
    "losses": Phrase("Losses"),
    "optimizers": Phrase("Optimizers"),
    "schedules": Phrase("Schedules"),
    "clipping": Phrase("Clipping"),
    "decay": Phrase("Weight decay"),
}
MEANING = Phrase(
    "Relative differences. Forward: the losses of the steps and the test logits after them, the "
    "larger of both. Gradient: what the steps changed in any weight, relative to the largest "
    "change; one step of SGD, and six steps of optimizers, schedules, clipping and decay. Matched: "
    "by one job spec. Own: each framework's own layers, losses and optimizers as its users write "
    "them, with what these leave to its defaults, from the same initial values."
)


def report(found: Parity) -> Iterator[Part]:
    """Yield the result, what its numbers are, and the tables."""
    yield Said(say(found.sentence), strong=True)
    yield Said(", ".join(f"{label(name)} {version}" for name, version in found.versions.items()))
    yield Said(say(MEANING))
    for title, grid in tables(found):
        yield from (BLANK, Said(title, strong=True), grid)
    if lacking := found.lacking:
        yield BLANK
        yield from (Said(say(why)) for why in lacking)


def tables(found: Parity) -> Iterator[tuple[str, Grid]]:
    """Yield title and table of each group, by precision, execution and side."""
    several = len({row.side for row in found.rows}) > 1
    for key in dict.fromkeys((r.side, r.precision, r.execution, r.group) for r in found.rows):
        rows = [r for r in found.rows if (r.side, r.precision, r.execution, r.group) == key]
        side, precision, execution, group = key
        title = say(_TITLE, group=say(GROUPS[group]), precision=precision, execution=execution)
        if several:
            title = say(_OF_SIDE, title=title, first=label(found.baseline), second=label(side))
        yield title, table(rows)


def table(rows: Sequence[Row]) -> Grid:
    """Return a line for each case; those that do not agree are marked."""
    heads = columns(_CASE, _FORWARD, _GRADIENT, _OWN_FORWARD, _OWN_GRADIENT)
    return Grid(heads, list(map(_line, rows)))


def _line(row: Row) -> Line:
    wrong = row.matched is not None and not row.agrees
    cells = [row.case, *_written(row.matched), *_written(row.own)]
    return Line([Cell(text, strong=wrong) for text in cells], differs=wrong)


def _written(found: Apart | None) -> list[str]:
    if found is None:
        return [UNKNOWN, UNKNOWN]
    return [_number(found.forward), _number(found.gradient)]


def _number(value: float) -> str:
    """Write two digits: only the order of magnitude matters."""
    return "0" if value == 0 else "∞" if math.isinf(value) else f"{value:.1e}"
