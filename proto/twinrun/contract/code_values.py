"""Which values the code of a job spec may have, whatever runs it."""

import json
import re
from collections.abc import Iterator

from twinrun.contract.code import Code, CodeSource, StoredFile
from twinrun.contract.enums import OwnWay
from twinrun.contract.ranges import between
from twinrun.contract.spec import JobSpec
from twinrun.contract.violation import Violation

_MOST_TENSORS, _MOST_AXES, _MOST_VALUES = 100_000, 8, 2**31
_MOST_BYTES = 2**34
_MOST_CALLS = 100  # of a case
_SHA256 = re.compile("[0-9a-f]{64}")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
# What a job of layers may take by its framework's own default, and one of code may not.
OF_LAYERS = (
    OwnWay.LOSS,
    OwnWay.CUDA_GRAPH,
    OwnWay.DATA_PIPELINE,
    OwnWay.PIPELINE_WORKERS,
    OwnWay.NORM_EPSILON,
    OwnWay.NORM_MOMENTUM,
    OwnWay.SAME_PADDING,
    OwnWay.INITIALIZERS,
    OwnWay.MEMORY_LAYOUT,
)


def code_violations(spec: JobSpec) -> Iterator[Violation]:
    """Yield fields of the code whose value is out of range, and what excludes it."""
    code = spec.code
    if code is None:
        return
    if spec.layers and len(code.sources) > 1:
        yield Violation("code", "is set for several frameworks, and so are layers; leave one out")
    if not code.sources:
        yield Violation("code", "names no file; give one for each framework, such as pytorch")
    for name, source in code.sources.items():
        yield from _source_violations(f"code.{name}", source)
    for name, stored in code.stored.items():
        yield from _stored_violations(f"code.{name}", stored)
    yield from _tensor_violations(code)
    for own in OF_LAYERS:
        if own in spec.own_ways:
            yield Violation("own_ways", f"has {own}, which is of layers; leave it out")


def _source_violations(field: str, source: CodeSource) -> Iterator[Violation]:
    if not source.file.endswith(".py"):
        yield Violation(f"{field}.file", f"is {source.file[:200]!r}; it must be a Python file")
    yield from between(f"len({field}.case)", len(source.case), 0, _MOST_CALLS)
    for index in source.case[:_MOST_CALLS]:
        yield from between(f"{field}.case", index, 0, _MOST_TENSORS)
    if not source.function.isidentifier():
        yield Violation(f"{field}.function", f"is {source.function[:80]!r}; give a function's name")
    if source.arguments:
        try:
            is_object = isinstance(json.loads(source.arguments), dict)
        except (ValueError, RecursionError):
            is_object = False
        if not is_object:
            what = f"is {source.arguments[:80]!r}; give an object in JSON"
            yield Violation(f"{field}.arguments", what)


def _stored_violations(field: str, stored: StoredFile) -> Iterator[Violation]:
    if not _SHA256.fullmatch(stored.sha256):
        what = f"is {stored.sha256[:80]!r}; it must be 64 hexadecimal digits"
        yield Violation(f"{field}.sha256", what)
    yield from between(f"{field}.size_bytes", stored.size_bytes, 1, _MOST_BYTES)


def _tensor_violations(code: Code) -> Iterator[Violation]:
    yield from between("len(code.tensors)", len(code.tensors), 0, _MOST_TENSORS)
    names = [tensor.name for tensor in code.tensors]
    if len({*names}) < len(names):
        yield Violation("code.tensors", "has a name twice")
    values = 0
    for index, tensor in enumerate(code.tensors[:_MOST_TENSORS]):
        if not _NAME.fullmatch(tensor.name):
            what = "must have 1 to 200 characters that can be printed"
            yield Violation(f"code.tensors[{index}].name", what)
        size = 1
        for side in tensor.shape[:_MOST_AXES]:
            size *= max(side, 0)
        if len(tensor.shape) > _MOST_AXES or any(side < 1 for side in tensor.shape):
            what = f"is {list(tensor.shape)[:10]}; it must have up to {_MOST_AXES} sizes from 1"
            yield Violation(f"code.tensors[{index}].shape", what)
        values += size
    if values > _MOST_VALUES:
        yield Violation("code.tensors", f"have {values:,} values; at most {_MOST_VALUES:,} fit")
    if code.tensors and not any(tensor.trained for tensor in code.tensors):
        yield Violation("code.tensors", "have none that is trained")
