"""Small changes of a source file that another programmer could have made by mistake. Pure.

A mutant's name says where it is and what it changes, without a line number, so that it stays the
same while other parts of its file change.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.mutants import changes
from tests.mutants.changes import Change

_SKIPPED = (ast.Import, ast.ImportFrom, ast.Raise, ast.Assert, ast.JoinedStr, ast.pattern)


@dataclass(frozen=True, slots=True)
class Mutant:
    """``source``: the whole of ``file`` with one thing changed in ``function``.

    ``lines``: the first and the last line of its statement, for a compound one its head;
    ``statement``: their text. ``inner``: the line at which an enclosing nested function begins, or
    0: such a function may run where no trace sees it.
    """

    name: str
    file: str
    function: str
    lines: tuple[int, int]
    statement: str
    kind: str
    source: str
    inner: int = 0


def mutants(file: str, source: str, skipped: Sequence[str] = ()) -> list[Mutant]:
    """Return all mutants of a file, always in the same order.

    ``skipped``: functions and classes that are not changed, ``Class.method`` or ``function``.
    """
    lines = source.splitlines(keepends=True)
    found, seen = [], Counter[str]()
    tree = ast.parse(source)
    inner = _inner(tree)
    for function, span, node in _walk(tree, "", (0, 0), frozenset(skipped)):
        for change in changes.of(node):
            old = _between(lines, change)
            if old == change.text:
                continue
            name = f"{file}:{function}: {change.kind}: {_told(old)} -> {_told(change.text)}"
            seen[name] += 1
            if seen[name] > 1:
                name = f"{name} #{seen[name]}"
            made = _replaced(lines, change)
            text = _told("".join(lines[span[0] - 1 : span[1]]))
            begins = inner.get(span[0], 0)
            found.append(Mutant(name, file, function, span, text, change.kind, made, begins))
    return found


def _inner(tree: ast.AST) -> dict[int, int]:
    """Return the line at which the nested function of each line begins."""
    return {
        line: function.lineno
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef)
        for function in ast.walk(outer)
        if isinstance(function, ast.FunctionDef) and function is not outer
        for line in range(function.lineno + 1, (function.end_lineno or function.lineno) + 1)
    }


def replaced(source: str, old: str, new: str) -> str:
    """Replace ``old`` by ``new``. Raises ValueError unless ``old`` occurs exactly once."""
    if source.count(old) != 1:
        raise ValueError(f"{old!r} is there {source.count(old)} times")
    return source.replace(old, new)


def _walk(
    tree: ast.AST, function: str, lines: tuple[int, int], skipped: frozenset[str]
) -> Iterator[tuple[str, tuple[int, int], ast.AST]]:
    """Yield nodes with an effect, with their function and the lines of their statement."""
    for node in _parts(tree):
        inside, span = function, lines
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            inside = f"{function}.{node.name}".lstrip(".")
            if inside in skipped or _is_protocol(node):
                continue
        if isinstance(node, ast.stmt | ast.match_case):
            span = _lines(node)
        yield inside, span, node
        yield from _walk(node, inside, span, skipped)


def _lines(node: ast.stmt | ast.match_case) -> tuple[int, int]:
    first = getattr(node, "lineno", None) or node.pattern.lineno  # type: ignore[union-attr]
    match node:
        case ast.Match(cases=[case, *_]):
            return first, max(first, case.pattern.lineno - 1)
        case ast.stmt(body=[statement, *_]) | ast.match_case(body=[statement, *_]):
            return first, max(first, statement.lineno - 1)
        case _:
            return first, node.end_lineno or first  # type: ignore[union-attr]


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """Yield children, without those that have no effect: annotations, decorators, texts, errors."""
    match node:
        case ast.FunctionDef():
            children: Sequence[ast.AST] = node.body
        case ast.ClassDef():
            children = node.body
        case ast.AnnAssign():
            children = [node.value] if node.value else []
        case ast.Lambda():
            children = [node.body]
        case _:
            children = list(ast.iter_child_nodes(node))
    for child in children:
        if not (isinstance(child, _SKIPPED) or changes.is_text(child) or changes.is_idle(child)):
            yield child


def _is_protocol(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and "Protocol" in map(ast.unparse, node.bases)


def _told(text: str) -> str:
    return " ".join(text.split()) or "nothing"


def _between(lines: list[str], change: Change) -> str:
    (first, left), (last, right) = change.start, change.end
    if first == last:
        return lines[first - 1][left:right]
    return "".join([lines[first - 1][left:], *lines[first : last - 1], lines[last - 1][:right]])


def _replaced(lines: list[str], change: Change) -> str:
    (first, left), (last, right) = change.start, change.end
    before = [*lines[: first - 1], lines[first - 1][:left]]
    return "".join([*before, change.text, lines[last - 1][right:], *lines[last:]])
