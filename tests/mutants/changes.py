"""The possible changes of one node of a syntax tree."""

import ast
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise

_BINARY: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
}
_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
# Functions, methods and fields of the same kind, each taken for another.
_ALIKE = """
    mean=sum reduce_mean=reduce_sum max=min maximum=minimum floor=ceil max_pool2d=avg_pool2d
    tanh=sigmoid cos=sin channels_first=channels_last zeros=ones float64=float32 FLOAT64=FLOAT32
    CUSTOM=FIT momentum=epsilon stride=padding height=width kept=trained update=update_plainly
    train_images=test_images normal=uniform fan_in=fan_out
"""
_INSTEAD = """
    argmax>argmin sqrt>square rsqrt>sqrt square>abs rint>floor relu>tanh gelu>relu
    assign>assign_add zeros_like>ones_like assign_sub>assign_add sub_>add_ bfloat16>float32
    COMPILED>DEFAULT EAGER>DEFAULT learning_rate>weight_decay size>stride
    train_labels>test_labels train_pixels>test_pixels int32>int16
"""
_PAIRS = [pair.split("=") for pair in _ALIKE.split()]
_NAMES = {
    **dict(_PAIRS),
    **{other: one for one, other in _PAIRS},
    **dict(pair.split(">") for pair in _INSTEAD.split()),
}
_WORDS = {"VALID": "SAME", "SAME": "VALID", "border": "zeros", "none": "sum", "kernel": "bias"}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Keywords that only refuse, only make fast, or only tell a time.
_IDLE = _words("""
    autograph copy dynamic frozen fullgraph fused isolate_recompiles memory_format mode
    non_blocking num_parallel_calls num_workers options output_signature pin_memory
    reduce_retracing signature slots strict sync_seconds wait_seconds
""")
# Calls that may be forgotten: a method gives its object instead, a function its first argument.
_METHODS = _words("""
    astype clone contiguous copy detach flatten mean permute ravel reshape split sqrt square sum
    to transpose unsqueeze view
""")
_FUNCTIONS = _words("""
    _mean _padded _with_bias abs bias_add cast ceil channels_first channels_last clip_by_value
    copy cos deepcopy erf exp float floor framed identity limited log maximum min minimum ordered
    pad perturbed radians reduce_mean reduce_sum reshape rint round rsqrt sin sqrt square
    trained_layers
""")
_UNTOUCHED = {"isinstance", "getattr", "zip", "TypeVar", "field", "set_stance", "enumerate"}
_TYPES = {"Callable", "Iterable", "Iterator", "Mapping", "Sequence", "dict", "list", "tuple"}
_SIMPLE = ast.Expr | ast.Assign | ast.AugAssign | ast.AnnAssign

Place = tuple[int, int]  # line from 1, column from 0


@dataclass(frozen=True, slots=True)
class Change:
    """``text`` replaces the source from ``start`` to before ``end``."""

    kind: str
    text: str
    start: Place
    end: Place


def of(node: ast.AST) -> Iterator[Change]:
    """Yield all changes of ``node`` itself; its children have their own."""
    yield from _of_operator(node)
    match node:
        case ast.Constant():
            yield from _of_constant(node)
        case ast.Tuple() | ast.List():
            yield from _of_elements(node)
        case ast.Call():
            yield from _of_call(node)
        case ast.Slice():
            yield from _of_slice(node)
    yield from _of_name(node)
    yield from _of_statement(node)
    for block in (getattr(node, "body", None), getattr(node, "orelse", None)):
        yield from _of_block(block) if isinstance(block, list) else ()


def _of_operator(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in _BINARY:
            yield _expression("operator", node, op=_BINARY[type(op)]())
        case ast.UnaryOp(operand=operand):
            yield _put("operator", node, operand)
        case ast.Compare(ops=[op]) if type(op) in _COMPARISONS:
            yield _expression("comparison", node, ops=[_COMPARISONS[type(op)]()])
        case ast.BoolOp(op=op):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield _expression("operator", node, op=other)
        case ast.IfExp():
            yield _expression("branch", node, body=node.orelse, orelse=node.body)


def _of_constant(node: ast.Constant) -> Iterator[Change]:
    match node.value:
        case bool(value):
            yield _text("flag", node, str(not value))
        case int(value):
            yield _text("constant", node, str(value + 1))
        case float(value):
            yield _text("constant", node, repr(value * 1.01 if value else 0.01))
        case str(value) if value in _WORDS:
            yield _text("word", node, repr(_WORDS[value]))


def _of_name(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Attribute(attr=name) if name in _NAMES:
            yield _expression("name", node, attr=_NAMES[name])
        case ast.Name(id=name, ctx=ast.Load()) if name in _NAMES:
            yield _text("name", node, _NAMES[name])


def _of_elements(node: ast.Tuple | ast.List) -> Iterator[Change]:
    for place, (one, other) in enumerate(pairwise(node.elts)):
        if isinstance(one, ast.Starred) or isinstance(other, ast.Starred):
            continue
        swapped = [*node.elts[:place], other, one, *node.elts[place + 2 :]]
        made = type(node)(swapped, node.ctx)
        parentheses = "()" if _begins(node) < _begins(node.elts[0]) else ""
        text = ast.unparse(made)
        if isinstance(node, ast.Tuple) and not parentheses:
            text = text.removeprefix("(").removesuffix(")")
        yield _text("swapped", node, text)


def _of_call(node: ast.Call) -> Iterator[Change]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
    if name in _UNTOUCHED:
        return
    for place, (one, other) in enumerate(pairwise(node.args)):
        if isinstance(one, ast.Starred) or isinstance(other, ast.Starred):
            continue
        swapped = [*node.args[:place], other, one, *node.args[place + 2 :]]
        yield _expression("swapped arguments", node, args=swapped)
    for place, keyword in enumerate(node.keywords):
        if keyword.arg and keyword.arg not in _IDLE:
            left = [*node.keywords[:place], *node.keywords[place + 1 :]]
            yield _expression("dropped argument", node, keywords=left)
    if name in _METHODS and isinstance(node.func, ast.Attribute):
        yield _put("dropped call", node, node.func.value)
    elif name in _FUNCTIONS and node.args:
        yield _put("dropped call", node, node.args[0])


def _of_slice(node: ast.Slice) -> Iterator[Change]:
    if node.lower is not None:
        yield _expression("slice", node, lower=None)
    if node.upper is not None:
        yield _expression("slice", node, upper=None)


def _of_statement(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.If():
            yield _put("condition", node.test, ast.UnaryOp(ast.Not(), node.test))
        case ast.comprehension(ifs=[test]):
            yield _put("condition", test, ast.UnaryOp(ast.Not(), test))
        case ast.Expr() | ast.AugAssign() | ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield _text("dropped line", node, "pass")
        case ast.Assign(targets=[ast.Name(id=name)]) if name in _names(node.value, ast.Load):
            yield _text("dropped line", node, "pass")  # the name had a value


def _of_block(statements: list[ast.stmt]) -> Iterator[Change]:
    for one, other in pairwise(statements):
        if _depend(one, other):
            yield _swapped_lines(one, other)


def _depend(one: ast.stmt, other: ast.stmt) -> bool:
    """Return whether their order may matter, and neither order lacks a name."""
    if not isinstance(one, _SIMPLE) or not isinstance(other, _SIMPLE) or is_text(one):
        return False
    made, read = _names(one, ast.Store), _names(other, ast.Load)
    if made & read and not made & _names(one, ast.Load):
        return False  # the second would have nothing to read
    acting = isinstance(one, ast.Expr | ast.AugAssign) or isinstance(
        other, ast.Expr | ast.AugAssign
    )
    return acting or bool(made & read)


def is_text(node: ast.AST) -> bool:
    """Return whether it is a docstring, or the dots of an omitted body."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and not isinstance(node.value.value, int)
    )


def is_idle(node: ast.AST) -> bool:
    """Return whether it is a type, an argument without effect, or an unreachable line."""
    match node:
        case ast.keyword(arg=name):
            return name in _IDLE
        case ast.Subscript(value=ast.Name(id=name)):
            return name in _TYPES
        case ast.Expr(value=ast.Call(func=ast.Name(id="assert_never"))):
            return True  # what comes there is no kind that there is
    return False


def _names(node: ast.AST, context: type[ast.expr_context]) -> set[str]:
    found = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, context)}
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        found.add(node.target.id)
    return found


def _swapped_lines(one: ast.stmt, other: ast.stmt) -> Change:
    indent = " " * one.col_offset
    text = f"{ast.unparse(other)}\n{ast.unparse(one)}".replace("\n", f"\n{indent}")
    return Change("swapped lines", text, _begins(one), _ends(other))


def _expression(kind: str, node: ast.AST, **fields: object) -> Change:
    """Return a change that replaces ``node`` after replacing some of its fields."""
    made = deepcopy(node)
    for name, value in fields.items():
        setattr(made, name, value)
    if isinstance(node, ast.Slice):
        return _text(kind, node, ast.unparse(ast.Subscript(ast.Name("x"), made))[2:-1])
    return _put(kind, node, made)


def _put(kind: str, node: ast.AST, made: ast.AST) -> Change:
    text = ast.unparse(made)
    if isinstance(made, ast.expr) and not isinstance(
        made, ast.Name | ast.Call | ast.Attribute | ast.Constant | ast.Subscript | ast.Tuple
    ):
        text = f"({text})"
    return _text(kind, node, text)


def _text(kind: str, node: ast.AST, text: str) -> Change:
    return Change(kind, text, _begins(node), _ends(node))


def _begins(node: ast.AST) -> Place:
    return node.lineno, node.col_offset  # type: ignore[attr-defined]


def _ends(node: ast.AST) -> Place:
    return node.end_lineno, node.end_col_offset  # type: ignore[attr-defined]
