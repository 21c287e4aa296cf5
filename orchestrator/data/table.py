"""Tables: .csv, .tsv and .parquet, read by pyarrow, with every bad column named at once."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray
from pyarrow import ChunkedArray as Column

from orchestrator.data.samples import Samples, require_file
from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import COMMA, LINES

_MOST_CATEGORIES = 50  # of a column of texts: each becomes a column of zeros and ones
_MOST_CLASSES = 10_000

_NOT_READ = Phrase("{path} cannot be read: {error}.")
_NO_ROWS = Phrase("{path} has no rows.")
_TWICE = Phrase("{path} has more than one column {names}; give each a name of its own.")
_NO_COLUMN = Phrase("{path} has no column {names}; it has {known}.")
_NO_FEATURES = Phrase("{path} has no column beside the target {names}; there is nothing to learn.")
_TARGET_TOO = Phrase("{names} is the target, and cannot be a feature.")
_BAD_COLUMNS = Phrase("{path} has columns that cannot be used; mend them, or name others:")
_AT = Phrase("  {name}: {what}")
_NOT_TEXT = Phrase("row {row} is not UTF-8 text")
_MISSING = Phrase("{count:,} of {rows:,} values are missing, the first in row {row}")
_NOT_FINITE = Phrase("{count:,} of {rows:,} values are NaN or infinite, the first in row {row}")
_MIXED = Phrase("{count:,} of {rows:,} values are no numbers, the first, {value!r}, in row {row}")
_CONSTANT = Phrase("all values are {value}; leave it out")
_MANY = Phrase("{count:,} different texts in {rows:,} rows; leave it out, or make numbers of it")
_KIND = Phrase("it holds {kind}; make numbers of it")
_NO_CATEGORY = Phrase("it holds {kind}; codes are of texts, booleans or whole numbers")
_ONE_CLASS = Phrase("all samples are of one class, {value}; there is nothing to tell apart")
_MANY_CLASSES = Phrase("{count:,} different classes; at most {most:,} are taken")


def read(path: Path) -> pyarrow.Table:
    """Read the file. Raises BadInput."""
    require_file(path)
    try:
        if path.suffix.lower() == ".parquet":
            table = pyarrow.parquet.read_table(path)
        else:
            how = pyarrow.csv.ParseOptions(delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
            table = pyarrow.csv.read_csv(path, parse_options=how)
    except (OSError, pyarrow.ArrowException) as error:
        raise BadInput(english(_NOT_READ, path=path, error=str(error).rstrip("."))) from None
    names: list[str] = table.column_names
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadInput(english(_TWICE, path=path, names=_listed(twice)))
    if not table.num_rows:
        raise BadInput(english(_NO_ROWS, path=path))
    return table


def samples(
    path: Path | Sentence,
    table: pyarrow.Table,
    target: Sequence[str],
    features: Sequence[str] = (),
    *,
    codes: bool = False,
) -> Samples:
    """Return the columns as samples; without ``features`` these are all but the ``target``.

    A target of one column of texts, booleans or whole numbers is a class; any other is numbers.
    ``codes``: each different value of a feature is a code of its own, int32[n, columns]; those of
    the first column come first, each column's in sorted order.
    Raises BadInput, which names every column that cannot be used.
    """
    names: list[str] = table.column_names
    if missing := [name for name in (*target, *features) if name not in names]:
        known = _listed(names)
        raise BadInput(english(_NO_COLUMN, path=path, names=_listed(missing), known=known))
    if both := [name for name in features if name in target]:
        raise BadInput(english(_TARGET_TOO, names=_listed(both)))
    taken = list(features) or [name for name in names if name not in target]
    if not taken:
        raise BadInput(english(_NO_FEATURES, path=path, names=_listed(target)))
    faults: list[Sentence] = []
    columns: list[tuple[str, NDArray[np.float64 | np.int32]]] = []
    count = 0
    for name in taken:
        try:
            if codes:
                values, of_column = _codes(table[name])
                columns.append((name, values + np.int32(count)))
                count += of_column
            else:
                columns += _feature(name, table[name])
        except _Unusable as unusable:
            faults.append(english(_AT, name=name, what=unusable.what))
    classes: tuple[str, ...] = ()
    targets: NDArray[np.generic] = np.empty(0)
    try:
        if len(target) == 1 and is_class(table[target[0]]):
            targets, classes = _classes(table[target[0]])
        else:
            targets = np.stack([_numbers(table[name]) for name in target], axis=1)
    except _Unusable as unusable:
        faults.append(english(_AT, name=_listed(target), what=unusable.what))
    if faults:
        raise BadInput(join(LINES, [english(_BAD_COLUMNS, path=path), *faults]))
    stacked = np.stack([column for _, column in columns], axis=1)
    return Samples(stacked, targets, tuple(name for name, _ in columns), classes, codes=count)


class _Unusable(Exception):
    """A column that cannot be used, and why."""

    def __init__(self, what: Sentence) -> None:
        super().__init__(what)
        self.what = what


def is_class(column: Column) -> bool:
    """Return whether a target's values are classes: texts, booleans, or a few whole numbers."""
    kind = column.type
    if pyarrow.types.is_dictionary(kind):
        kind = kind.value_type
    if pyarrow.types.is_integer(kind):
        count = len(pyarrow.compute.unique(column))
        return count <= max(20, int(len(column) ** 0.5)) and count < len(column)
    return bool(_is_text(kind) or pyarrow.types.is_boolean(kind))


def _feature(name: str, column: Column) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield a column's name and numbers; texts give a column of zeros and ones for each of them."""
    column = _plain(column)
    if not _is_text(column.type):
        numbers = _numbers(column)
        if (numbers == numbers[0]).all() and len(numbers) > 1:
            raise _Unusable(english(_CONSTANT, value=f"{numbers[0]:g}"))
        yield name, numbers
        return
    _require_values(column)
    _require_texts_only(column)
    categories = sorted(pyarrow.compute.unique(column).to_pylist())
    if len(categories) == 1:
        raise _Unusable(english(_CONSTANT, value=repr(categories[0])))
    if len(categories) > _MOST_CATEGORIES:
        raise _Unusable(english(_MANY, count=len(categories), rows=len(column)))
    for category in categories:
        flags = pyarrow.compute.equal(column, category)
        yield f"{name}={category}", flags.to_numpy().astype(np.float64)


def _codes(column: Column) -> tuple[NDArray[np.int32], int]:
    """Return a column's codes, from 0, and how many there are."""
    column = _plain(column)
    kind = column.type
    _require_values(column)
    if _is_text(kind):
        _require_texts_only(column)
    elif not (pyarrow.types.is_integer(kind) or pyarrow.types.is_boolean(kind)):
        raise _Unusable(english(_NO_CATEGORY, kind=kind))
    found, codes = np.unique(column.to_numpy(zero_copy_only=False), return_inverse=True)
    if len(found) == 1:
        raise _Unusable(english(_CONSTANT, value=repr(found.tolist()[0])))
    return codes.astype(np.int32), len(found)


def _numbers(column: Column) -> NDArray[np.float64]:
    column = _plain(column)
    kind = column.type
    if _is_text(kind):
        _require_texts_only(column)
        what = english(_KIND, kind="text")
        raise _Unusable(what)
    is_number = pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind)
    if not (is_number or pyarrow.types.is_boolean(kind)):
        _require_values(column)
        raise _Unusable(english(_KIND, kind=kind))
    _require_values(column)
    numbers = column.to_numpy().astype(np.float64)
    bad = ~np.isfinite(numbers)
    if bad.any():
        row = int(bad.argmax()) + 1
        raise _Unusable(english(_NOT_FINITE, count=int(bad.sum()), rows=len(bad), row=row))
    return np.asarray(numbers)


def _classes(column: Column) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    column = _plain(column)
    _require_values(column)
    values, codes = np.unique(column.to_numpy(zero_copy_only=False), return_inverse=True)
    if len(values) == 1:
        raise _Unusable(english(_ONE_CLASS, value=values[0]))
    if len(values) > _MOST_CLASSES:
        raise _Unusable(english(_MANY_CLASSES, count=len(values), most=_MOST_CLASSES))
    return codes.astype(np.int32), tuple(str(value) for value in values)


def _plain(column: Column) -> Column:
    """Return a column of bytes as text, and a dictionary's values in place of its codes."""
    if pyarrow.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pyarrow.types.is_binary(column.type):
        for row, value in enumerate(column.to_pylist(), 1):
            try:
                (value or b"").decode()
            except UnicodeDecodeError:
                raise _Unusable(english(_NOT_TEXT, row=row)) from None
        column = column.cast(pyarrow.string())
    return column


def _require_values(column: Column) -> None:
    if column.null_count:
        missing = column.is_null().to_numpy()
        row = int(missing.argmax()) + 1
        raise _Unusable(english(_MISSING, count=column.null_count, rows=len(column), row=row))


def _require_texts_only(column: Column) -> None:
    """Refuse a column in which most values are numbers: the others are faults, not categories."""
    others = [(row, text) for row, text in enumerate(column.to_pylist(), 1) if not _is_number(text)]
    if len(others) * 2 < len(column):
        row, value = others[0]
        raise _Unusable(english(_MIXED, count=len(others), rows=len(column), value=value, row=row))


def _is_number(text: str | None) -> bool:
    try:
        float(text or "")
    except ValueError:
        return False
    return True


def _is_text(kind: pyarrow.DataType) -> bool:
    types = pyarrow.types
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_binary(kind))


def _listed(names: Sequence[str]) -> Sentence:
    return join(COMMA, names)
