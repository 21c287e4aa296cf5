"""A parity table -> tables, one for each group of kinds, precision and execution."""

import math
from collections.abc import Iterator, Sequence

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label
from orchestrator.reports.grid import BLANK, UNKNOWN, Cell, Column, Grid, Part, Said, columns
from orchestrator.reports.grid import Row as Line
from orchestrator.results.parity import Apart, Parity, Row

_CASE = Phrase("Case")
_FORWARD, _GRADIENT = Phrase("forward"), Phrase("gradient")
_OWN_FORWARD, _OWN_GRADIENT = Phrase("own forward"), Phrase("own gradient")
_TITLE = Phrase("{group}, {precision}, execution {execution}")
_OF_MATCHED, _OF_OWN = (_FORWARD, _GRADIENT), (_OWN_FORWARD, _OWN_GRADIENT)
_MATCHED = Phrase("{title}, matched jobs, from {baseline}")
_OWN = Phrase("{title}, own ways, from {baseline}")
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
    """Yield title and table of each group, by precision and execution.

    Of several sides, one table of the matched jobs and one of the own ways.
    """
    sides = list(dict.fromkeys(row.side for row in found.rows))
    for key in dict.fromkeys((r.precision, r.execution, r.group) for r in found.rows):
        rows = [row for row in found.rows if (row.precision, row.execution, row.group) == key]
        precision, execution, group = key
        title = say(_TITLE, group=say(GROUPS[group]), precision=precision, execution=execution)
        if len(sides) < 2:
            yield title, table(rows)
            continue
        for form, heads in ((_MATCHED, _OF_MATCHED), (_OWN, _OF_OWN)):
            named = say(form, title=title, baseline=label(found.baseline))
            yield named, _of_sides(rows, sides, heads)


def table(rows: Sequence[Row]) -> Grid:
    """Return a line for each case of one side; those that do not agree are marked."""
    heads = columns(_CASE, *_OF_MATCHED, *_OF_OWN)
    return Grid(heads, [_line(r.case, [r], [*_written(r.matched), *_written(r.own)]) for r in rows])


def _of_sides(rows: Sequence[Row], sides: Sequence[str], heads: Sequence[Phrase]) -> Grid:
    """Return a line for each case, with columns for each side, of the matched jobs or own ways."""
    names = [(head, side) for head in heads for side in sides]
    cells = [Cell(say(_OF, column=say(h), side=label(side)), side=side) for h, side in names]
    cases: dict[str, dict[str, Row]] = {}
    for row in rows:
        cases.setdefault(row.case, {})[row.side] = row
    lines = []
    for case, found in cases.items():
        pairs = [
            _written((row.matched if heads is _OF_MATCHED else row.own) if row else None)
            for row in map(found.get, sides)
        ]
        lines.append(
            _line(
                case, list(found.values()), [t for both in zip(*pairs, strict=True) for t in both]
            )
        )
    return Grid([*columns(_CASE), *map(Column, cells)], lines)


def _line(case: str, rows: Sequence[Row], numbers: Sequence[str]) -> Line:
    wrong = any(map(_is_wrong, rows))
    return Line([Cell(text, strong=wrong) for text in (case, *numbers)], differs=wrong)


def _is_wrong(row: Row) -> bool:
    return row.matched is not None and not row.agrees


def _written(found: Apart | None) -> list[str]:
    if found is None:
        return [UNKNOWN, UNKNOWN]
    return [_number(found.forward), _number(found.gradient)]


def _number(value: float) -> str:
    """Write two digits: only the order of magnitude matters."""
    return "0" if value == 0 else "∞" if math.isinf(value) else f"{value:.1e}"
