"""The samples of a user's file, and of the second one that has those for the test."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from twinrun.contract.spec import File

from orchestrator.data.samples import Samples
from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english, join
from orchestrator.language.words import COMMA

TABLES = (".csv", ".tsv", ".parquet")
ARRAYS = (".npz", ".npy")
TEXT = ".txt"

_NO_KIND = Phrase("{path} is of no kind that can be read: {known}, or a folder of images.")
_NO_TARGET = Phrase("{path} needs a target: {what}.")
_A_COLUMN = Phrase("the name of a column")
_AN_ARRAY = Phrase("the name of one array")
_FOLDERS = Phrase("{path} is a folder of images: its sub-folders are the target; name no other.")
_ONE_TEXT = Phrase(
    "{path} holds tokens, whose last samples are for the test; give a fraction, not another file."
)
_NO_CODES = Phrase("{path}: codes is of tables and .npz files; leave it out.")
_TEXT = Phrase("{path} is a text: each byte's target is the one after it; name no other.")
_NO_COLUMNS = Phrase("{test} has no column {names}, which {path} has.")
_KINDS = Phrase("{path} and {test} have different kinds of values: {error}.")
_BOTH = Phrase("{path}, followed by {test}")
_OTHER_SHAPE = Phrase("{path} has samples of {shape} and {test} of {other}; make them alike.")
_OTHER_TYPE = Phrase("{path} holds {kind} and {test} {other}; make them alike.")
_NEW_CLASSES = Phrase("{test} has the class {names}, which {path} does not have.")


def read(file: File) -> tuple[Samples, Samples | None]:
    """Return the samples of ``file``, and those of its test file if it names one.

    Paths are absolute. Raises BadInput.
    """
    if file.codes and Path(file.path).suffix.lower() not in (*TABLES, *ARRAYS):
        raise BadInput(english(_NO_CODES, path=file.path))
    path, test = Path(file.path), Path(file.test_path) if file.test_path else None
    if path.suffix.lower() in TABLES:
        return _of_tables(file, path, test)
    found = _alone(file, path)
    if found.tokens and found.codes and test is not None:
        raise BadInput(english(_ONE_TEXT, path=path))
    if test is None:
        return found, None
    other = _alike(found, path, _alone(file, test), test)
    codes = max(found.codes, other.codes)
    return replace(found, codes=codes), replace(other, codes=codes)


def _alone(file: File, path: Path) -> Samples:
    if path.is_dir():
        from orchestrator.data import images  # noqa: PLC0415 - only where it is needed

        if file.target:
            raise BadInput(english(_FOLDERS, path=path))
        size = (file.size[0], file.size[1]) if file.size else None
        return images.samples(path, size, colour=not file.grey)
    from orchestrator.data import arrays  # noqa: PLC0415 - only where it is needed
    from orchestrator.data.samples import require_file  # noqa: PLC0415

    require_file(path)
    if path.suffix.lower() == TEXT:
        from orchestrator.data import text  # noqa: PLC0415 - only where it is needed

        if file.target:
            raise BadInput(english(_TEXT, path=path))
        return text.samples(path, file.context)
    if path.suffix.lower() not in ARRAYS:
        raise BadInput(english(_NO_KIND, path=path, known=" ".join((*TABLES, *ARRAYS, TEXT))))
    if len(file.target) != 1:
        raise BadInput(english(_NO_TARGET, path=path, what=english(_AN_ARRAY)))
    features = file.features[0] if file.features else ""
    return arrays.samples(path, file.target[0], features, codes=file.codes)


def _of_tables(file: File, path: Path, test: Path | None) -> tuple[Samples, Samples | None]:
    import pyarrow  # noqa: PLC0415 - only where it is needed

    from orchestrator.data import table as tables  # noqa: PLC0415

    table = tables.read(path)
    if not file.target:
        raise BadInput(english(_NO_TARGET, path=path, what=english(_A_COLUMN)))
    wanted = file.target, file.features
    if test is None:
        return tables.samples(path, table, *wanted, codes=file.codes), None
    rows = table.num_rows
    other = tables.read(test)
    names = [*file.features, *file.target] if file.features else table.column_names
    names = [name for name in names if name in table.column_names]
    if missing := [name for name in names if name not in other.column_names]:
        raise BadInput(english(_NO_COLUMNS, path=path, test=test, names=join(COMMA, missing)))
    # Both at once, so that a text has the same column in both, and a class the same code.
    try:
        parts = [table.select(names), other.select(names)]
        table = pyarrow.concat_tables(parts, promote_options="permissive")
    except pyarrow.ArrowException as error:
        said = str(error).rstrip(".")
        raise BadInput(english(_KINDS, path=path, test=test, error=said)) from None
    where = english(_BOTH, path=path, test=test)
    found = tables.samples(where, table, *wanted, codes=file.codes)
    train, tested = (
        replace(found, features=found.features[part], targets=found.targets[part])
        for part in (slice(rows), slice(rows, None))
    )
    if found.classes:
        known = np.isin(np.arange(len(found.classes)), train.targets)
        _require_known(
            [name for name, is_known in zip(found.classes, known, strict=True) if not is_known],
            path,
            test,
        )
    return train, tested


def _alike(found: Samples, path: Path, other: Samples, test: Path) -> Samples:
    """Return the test samples, with the codes that classes have in the training samples."""
    both = {"path": path, "test": test}
    shape, second = ([*each.features.shape[1:], *each.targets.shape[1:]] for each in (found, other))
    if shape != second:
        raise BadInput(english(_OTHER_SHAPE, **both, shape=shape, other=second))
    for one, two in ((found.features, other.features), (found.targets, other.targets)):
        if one.dtype.kind != two.dtype.kind:
            raise BadInput(english(_OTHER_TYPE, **both, kind=one.dtype, other=two.dtype))
    features = other.features.astype(found.features.dtype, copy=False)
    if found.tokens or other.tokens:  # classes of pixels, by number
        _require_known([name for name in other.tokens if name not in found.tokens], path, test)
        return replace(other, features=features, tokens=found.tokens)
    if not found.classes:
        return replace(other, features=features)
    _require_known([name for name in other.classes if name not in found.classes], path, test)
    codes = np.array([found.classes.index(name) for name in other.classes], np.int32)
    targets = codes[other.targets.astype(np.intp)]
    return replace(other, features=features, targets=targets, classes=found.classes)


def _require_known(unknown: Sequence[str], path: Path, test: Path) -> None:
    if unknown:
        names = join(COMMA, [repr(name) for name in unknown])
        raise BadInput(english(_NEW_CLASSES, path=path, test=test, names=names))
