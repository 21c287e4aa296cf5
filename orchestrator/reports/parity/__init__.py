"""A parity table -> tables, one for each group of kinds, precision and execution."""

import math
from collections.abc import Iterator, Mapping, Sequence

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label
from orchestrator.reports.grid import BLANK, UNKNOWN, Cell, Column, Grid, Part, Said, columns
from orchestrator.reports.grid import Row as Line
from orchestrator.results.parity import Apart, Parity, Row

_CASE = Phrase("Case")
_FORWARD, _GRADIENT = Phrase("forward"), Phrase("gradient")
_OWN_FORWARD, _OWN_GRADIENT = Phrase("own forward"), Phrase("own gradient")
_TITLE = Phrase("{group}, {precision}, execution {execution}")
_FROM = Phrase("{title}, from {baseline}")
_OF = Phrase("{column}, {side}")
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
    """Yield title and table of each group, by precision and execution."""
    several = len({row.side for row in found.rows}) > 1
    for key in dict.fromkeys((r.precision, r.execution, r.group) for r in found.rows):
        rows = [row for row in found.rows if (row.precision, row.execution, row.group) == key]
        precision, execution, group = key
        title = say(_TITLE, group=say(GROUPS[group]), precision=precision, execution=execution)
        if several:
            title = say(_FROM, title=title, baseline=label(found.baseline))
        yield title, table(rows)


def table(rows: Sequence[Row]) -> Grid:
    """Return a line for each case, with columns for each side; what does not agree is marked."""
    sides = list(dict.fromkeys(row.side for row in rows))
    heads = (_FORWARD, _GRADIENT, _OWN_FORWARD, _OWN_GRADIENT)
    made = columns(_CASE, *heads)
    if len(sides) > 1:
        named = [Cell(say(_OF, column=say(h), side=label(s)), side=s) for s in sides for h in heads]
        made = [made[0], *map(Column, named)]
    cases: dict[str, dict[str, Row]] = {}
    for row in rows:
        cases.setdefault(row.case, {})[row.side] = row
    return Grid(made, [_line(case, found, sides) for case, found in cases.items()])


def _line(case: str, found: Mapping[str, Row], sides: Sequence[str]) -> Line:
    """Return the cells of a case, whose rows are ``found`` by side."""
    cells = [Cell(case, strong=any(map(_is_wrong, found.values())))]
    for side in sides:
        row = found.get(side)
        numbers = 4 * [UNKNOWN] if row is None else [*_written(row.matched), *_written(row.own)]
        wrong = row is not None and _is_wrong(row)
        cells += [Cell(text, strong=wrong) for text in numbers]
    return Line(cells, differs=cells[0].strong)


def _is_wrong(row: Row) -> bool:
    return row.matched is not None and not row.agrees


def _written(found: Apart | None) -> list[str]:
    if found is None:
        return [UNKNOWN, UNKNOWN]
    return [_number(found.forward), _number(found.gradient)]


def _number(value: float) -> str:
    """Write two digits: only the order of magnitude matters."""
    return "0" if value == 0 else "∞" if math.isinf(value) else f"{value:.1e}"
