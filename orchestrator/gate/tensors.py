"""The tensors that a spec implies, and checks of tensor files before memory is allocated.

A safetensors file is 8 bytes, the size of its header as a little-endian number; the header, in
JSON: type, shape and position of each tensor; and the tensors, back to back.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twinrun.contract import nesting
from twinrun.contract.converters.nests import nested
from twinrun.contract.enums import TargetKind
from twinrun.contract.nesting import Place, through
from twinrun.v1 import job_pb2

from orchestrator.gate.fault import AT_MOST, ONE_OF, Fault, require
from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.trials.layers import Shape, after

_SAMPLES: Mapping[str, Shape] = {
    **dict.fromkeys(("mnist", "fashion-mnist"), (28, 28, 1)),
    **dict.fromkeys(("cifar-10", "cifar-100"), (32, 32, 3)),
}
_CLASSES: Mapping[str, int] = {
    **dict.fromkeys(("mnist", "fashion-mnist", "cifar-10"), 10),
    "cifar-100": 100,
}
_BYTES = {"F64": 8, "F32": 4, "I32": 4}
_LENGTH_BYTES = 8
_ENTRY_BYTES = 256  # of a tensor in a header, beside its name
_SLACK_BYTES = 2_048  # of a header, for padding and metadata
_NOT_A_HEADER = Phrase("the header of {file} is not one of a safetensors file: {why}")
_TOO_SHORT = Phrase("it is too short")
_NOT_JSON = Phrase("it is not JSON")
_MISSING = Phrase("{file} has no tensor {name}, which the job's model has")
_LEFT_OVER = Phrase("{file} has a tensor {name}, which the job's model does not have")
_THE_SHAPE = Phrase("{shape}, as in the job's model")
_BYTES_AT = Phrase("bytes {first} to {last}")


@dataclass(frozen=True, slots=True)
class Tensor:
    """``dtypes``: the allowed ones, by safetensors' names. ``trained``: it has a gradient."""

    shape: Shape
    dtypes: tuple[str, ...]
    trained: bool = True

    @property
    def most_bytes(self) -> int:
        return math.prod(self.shape) * max(_BYTES[dtype] for dtype in self.dtypes)

    @property
    def least_bytes(self) -> int:
        return math.prod(self.shape) * min(_BYTES[dtype] for dtype in self.dtypes)


Tensors = Mapping[str, Tensor]


def sample_shape(spec: job_pb2.JobSpec) -> Shape | None:
    """Return [h, w, c], or the shape of the user's own; None: for an unknown dataset."""
    if spec.dataset.name == "synthetic":
        synthetic = spec.dataset.synthetic
        return synthetic.height, synthetic.width, synthetic.channels
    if spec.dataset.HasField("arrays"):
        return tuple(spec.dataset.arrays.shape)
    return _SAMPLES.get(spec.dataset.name)


def of_model(spec: job_pb2.JobSpec) -> tuple[Tensors, int] | None:
    """Return the model's tensors by name, in model order, and its number of classes.

    None: the spec does not determine them.
    """
    shape = sample_shape(spec)
    dtype = ("F64",) if spec.precision == job_pb2.PRECISION_FLOAT64 else ("F32",)
    if spec.HasField("code"):
        return _of_code(spec, dtype)
    layers = nested(spec.layers)
    if not shape or nesting.size_violations(layers):
        return None
    walk = _Model(dtype)
    try:
        shape = through(layers, shape, walk)
    except _Undetermined:
        return None
    most = 3 if spec.loss.HasField("pixel_cross_entropy") else 2
    return (walk.tensors, shape[-1]) if len(shape) <= most else None


class _Undetermined(Exception):
    """The spec's layers do not fit each other, or are not known."""


class _Model:
    """A `Walk` of a sample's shape through messages, which collects the model's tensors."""

    def __init__(self, dtype: tuple[str, ...]) -> None:
        self.tensors: dict[str, Tensor] = {}
        self._dtype = dtype

    def run(self, leaves: Sequence[tuple[Place, Any]], shape: Shape) -> Shape:
        for place, layer in leaves:
            made = after(layer, shape)
            if made is None:
                raise _Undetermined
            shape, parameters = made
            for part, size in parameters.items():
                trained = not part.startswith("moving_")
                self.tensors[f"{nesting.name(place)}.{part}"] = Tensor(size, self._dtype, trained)
        return shape

    def total(self, _: Place, made: Shape, shortcut: Shape) -> Shape:
        if made != shortcut:
            raise _Undetermined
        return made

    def beside(self, _: Place, made: Sequence[Shape]) -> Shape:
        if not made or any(shape[:-1] != made[0][:-1] for shape in made):
            raise _Undetermined
        return (*made[0][:-1], sum(shape[-1] for shape in made))


def _of_code(spec: job_pb2.JobSpec, dtype: tuple[str, ...]) -> tuple[Tensors, int] | None:
    """Return the paired tensors, and as many classes as the dataset has."""
    given = spec.code.tensors
    tensors = {each.name: Tensor(tuple(each.shape), dtype, each.trained) for each in given}
    if spec.dataset.reconstruct:
        classes = math.prod(sample_shape(spec) or (0,))
    elif spec.dataset.name == "synthetic":
        classes = spec.dataset.synthetic.classes
    elif spec.dataset.HasField("arrays"):
        classes = spec.dataset.arrays.outputs
    else:
        classes = _CLASSES.get(spec.dataset.name, 0)
    return (tensors, classes) if tensors and classes else None


def of_logits(spec: job_pb2.JobSpec, samples: int, outputs: int, kind: TargetKind) -> Tensors:
    """Return the tensors for this many test samples; a row for each position or pixel."""
    if kind is TargetKind.TOKENS:
        samples *= math.prod((sample_shape(spec) or (1,))[:2])  # [time], or of [h, w, c]
    double = spec.precision == job_pb2.PRECISION_FLOAT64
    dtypes = ("F64", "F32") if double else ("F32",)
    return {
        "logits": Tensor((samples, outputs), dtypes),
        "labels": Tensor((samples,), ("I32",))
        if kind in (TargetKind.CLASS, TargetKind.TOKENS)
        else Tensor((samples, outputs), dtypes),
    }


def size_range(tensors: Tensors) -> tuple[int, int]:
    """Return the minimum and maximum bytes of a file with these tensors."""
    header = sum(_ENTRY_BYTES + len(name) for name in tensors) + _SLACK_BYTES
    least = sum(tensor.least_bytes for tensor in tensors.values())
    return least, sum(tensor.most_bytes for tensor in tensors.values()) + header


def check_file(
    file: Sentence, content: bytes | bytearray, tensors: Tensors
) -> dict[str, tuple[int, int]]:
    """Return where each tensor begins and ends. Raises Fault unless it has exactly these."""
    header, begin = _header(file, content, sum(_ENTRY_BYTES + len(name) for name in tensors))
    for name in tensors.keys() - header.keys():
        raise Fault(english(_MISSING, file=file, name=name))
    for name in header.keys() - tensors.keys():
        raise Fault(english(_LEFT_OVER, file=file, name=str(name)[:80]))
    places = sorted(_place(name, header[name], tensors[name]) for name in tensors)
    end = 0
    for first, last, name in places:
        due = english(_BYTES_AT, first=end, last=last - first + end)
        require(first == end, name, english(_BYTES_AT, first=first, last=last), due)
        end = last
    require(end == len(content) - begin, f"len({file})", len(content), end + begin)
    return {name: (begin + first, begin + last) for first, last, name in places}


def _header(
    file: Sentence, content: bytes | bytearray, entries_bytes: int
) -> tuple[dict[str, Any], int]:
    """Return the header's entry for each tensor, and where the first tensor begins."""
    if len(content) < _LENGTH_BYTES:
        raise Fault(english(_NOT_A_HEADER, file=file, why=english(_TOO_SHORT)))
    length = int.from_bytes(content[:_LENGTH_BYTES], "little")
    most = min(entries_bytes + _SLACK_BYTES, len(content) - _LENGTH_BYTES)
    require(length <= most, f"len({file}.header)", length, english(AT_MOST, most=most))
    begin = _LENGTH_BYTES + length
    try:
        text = bytes(content[_LENGTH_BYTES:begin])
        pairs: Any = json.loads(text, object_pairs_hook=list) if text.startswith(b"{") else None
        entries = dict(pairs)
    except (ValueError, TypeError, RecursionError):
        raise Fault(english(_NOT_A_HEADER, file=file, why=english(_NOT_JSON))) from None
    require(len(entries) == len(pairs), f"{file}.header", len(pairs), len(entries))
    return entries, begin


def _place(name: str, entry: Any, tensor: Tensor) -> tuple[int, int, str]:
    """Return where the tensor begins and ends, if it is the expected one. Raises Fault."""
    try:
        fields = dict(entry)
        dtype, shape, offsets = fields["dtype"], fields["shape"], fields["data_offsets"]
    except (KeyError, TypeError, ValueError):
        raise Fault(english(_NOT_A_HEADER, file=name, why=english(_NOT_JSON))) from None
    wanted = english(ONE_OF, known=", ".join(tensor.dtypes))
    require(dtype in tensor.dtypes, f"{name}.dtype", dtype, wanted)
    due = english(_THE_SHAPE, shape=list(tensor.shape))
    # True is 1, and 1.0 too.
    require(repr(shape) == repr(list(tensor.shape)), f"{name}.shape", shape, due)
    size = math.prod(tensor.shape) * _BYTES[dtype]
    sound = _are_offsets(offsets) and offsets[1] - offsets[0] == size
    require(sound, f"{name}.data_offsets", offsets, size)
    return offsets[0], offsets[1], name


def _are_offsets(found: Any) -> bool:
    whole = isinstance(found, Sequence) and len(found) == 2
    return whole and all(type(each) is int and 0 <= each < 2**62 for each in found)
