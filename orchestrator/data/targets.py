"""Targets as a loss takes them: classes, flags or numbers."""

from dataclasses import replace
from typing import assert_never

import numpy as np
from twinrun.contract.enums import TargetKind

from orchestrator.data.samples import Samples
from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english

_NO_CLASSES = Phrase(
    "{path}: the target {name} holds numbers that are no classes; the loss softmax_cross_entropy "
    "takes one column of classes, mean_squared_error takes numbers."
)
_NO_FLAGS = Phrase(
    "{path}: the target {name} has {count:,} different values; the loss sigmoid_cross_entropy "
    "takes two classes, or columns of 0 and 1."
)
_NO_NUMBERS = Phrase(
    "{path}: the target {name} holds classes, such as {value!r}; the loss mean_squared_error takes "
    "numbers, softmax_cross_entropy takes classes."
)
_NO_TEXT = Phrase("{path} is a text; the loss must be next_token_cross_entropy.")
_OF_PIXELS = Phrase("{path} has a class at each pixel; the loss must be pixel_cross_entropy.")
_NO_TOKENS = Phrase(
    "{path} is no text, which the loss next_token_cross_entropy takes, and has no classes of "
    "pixels, which pixel_cross_entropy takes."
)
_ONE_VALUE = Phrase("{path}: in the target {name} all values are {value:g}; nothing can be learnt.")


def kind_of(samples: Samples) -> TargetKind:
    """Return what the targets are, if no loss says it: two classes are flags, as 0 and 1 are."""
    if samples.tokens:
        return TargetKind.TOKENS
    if samples.classes:
        return TargetKind.FLAGS if len(samples.classes) == 2 else TargetKind.CLASS
    flags = np.isin(samples.targets, (0, 1)).all()
    return TargetKind.FLAGS if flags else TargetKind.NUMBERS


def as_kind(samples: Samples, kind: TargetKind, path: str, name: str) -> Samples:
    """Return samples whose targets are of the ``kind``: int32[n], or float64[n, outputs].

    Flags made of two classes keep the classes' names. Raises BadInput if the targets are no such
    thing; it names the ``path``, and the target's ``name``.
    """
    _require_text(samples, path, text=kind is TargetKind.TOKENS)
    values = samples.targets.astype(np.float64)
    classes = samples.classes
    where = {"path": path, "name": name}
    match kind:
        case TargetKind.CLASS:
            if classes:
                return samples
            if values.shape[1] != 1 or (values != np.round(values)).any():
                raise BadInput(english(_NO_CLASSES, **where))
            found, codes = np.unique(values[:, 0], return_inverse=True)
            if 2 * len(found) > len(values):  # most are met but once
                raise BadInput(english(_NO_CLASSES, **where))
            named = tuple(f"{value:.0f}" for value in found)
            made = replace(samples, targets=codes.astype(np.int32), classes=named)
        case TargetKind.FLAGS:
            count = len(classes or np.unique(values))
            if count > 2 or not (classes or np.isin(values, (0, 1)).all()):
                raise BadInput(english(_NO_FLAGS, **where, count=count))
            made = replace(samples, targets=values.reshape(len(values), -1))
        case TargetKind.TOKENS:
            made = samples
        case TargetKind.NUMBERS:
            made = samples
            if classes:
                made = replace(samples, targets=_numbers(samples, where), classes=())
        case _:
            assert_never(kind)
    return made


def require_two_values(samples: Samples, path: str, name: str) -> None:
    """Check that the targets are not all the same. Raises BadInput."""
    columns = samples.targets.reshape(len(samples.targets), -1)
    if (columns == columns[:1]).all():
        value = float(columns[0, 0])
        raise BadInput(english(_ONE_VALUE, path=path, name=name, value=value))


def _require_text(samples: Samples, path: str, *, text: bool) -> None:
    """Check that these are samples of a text, or that they are none. Raises BadInput."""
    if bool(samples.tokens) is not text:
        of_tokens = _NO_TEXT if samples.codes else _OF_PIXELS
        raise BadInput(english(of_tokens if samples.tokens else _NO_TOKENS, path=path))


def _numbers(samples: Samples, where: dict[str, str]) -> np.ndarray[tuple[int, int], np.dtype]:
    try:
        by_code = np.array([float(each) for each in samples.classes])
    except ValueError:
        what = english(_NO_NUMBERS, **where, value=samples.classes[0])
        raise BadInput(what) from None
    return by_code[samples.targets.astype(np.intp)].reshape(-1, 1)
