"""Files that a job announces, and their download: exactly what was announced."""

import hashlib
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError
from twinrun.contract.enums import TargetKind
from twinrun.contract.losses import Loss, SoftmaxCrossEntropy, targets
from twinrun.v1 import job_pb2, runner_service_pb2

from orchestrator.gate.expected import Expected
from orchestrator.gate.fault import AT_LEAST, ONE_OF, Fault, Origin, require, require_from
from orchestrator.gate.scores import check_logits
from orchestrator.gate.tensors import Tensors, check_file, of_logits, size_range
from orchestrator.language.phrases import Phrase, Sentence, english

_DIGEST = re.compile(r"[0-9a-f]{64}")
_A_DIGEST = Phrase("a SHA-256 in hexadecimal")
_ANNOUNCED = Phrase("{value}, as announced")
_OVERDUE = Phrase("all of it within {seconds:.0f} s")
_CLASSES = Phrase("a class number below {classes}")
_LABELS = Phrase("{file}.labels")
_INITIAL = Phrase("the initial weights")
_FINAL = Phrase("the final weights")
_LOGITS = Phrase("the logits")
_TRACE = Phrase("the traced arrays")
_NOT_ARRAYS = Phrase("{file} are not a safetensors file: {error}")
_LACKING = Phrase("{file} have no array {name}, which the traced model has")
_SHAPED = Phrase("{shape}, as in the traced model")
_SURPLUS = Phrase("{file} have an array {name}, which the traced model has not")
_OF_SAMPLES = Phrase("a row for each sample of the input")
_FLOATS = ("float32", "float64")
_MOST_CHUNK_BYTES = 2**20
_SECONDS, _LEAST_RATE = 30.0, 250_000  # bytes a second, for a whole file
_MOST_BYTES = 2**31 * 8  # of parameters that a spec may have
_Piece = runner_service_pb2.DownloadWeightsResponse | runner_service_pb2.DownloadLogitsResponse


@dataclass(frozen=True, slots=True)
class File:
    """An announced file. ``tensors``: None if the spec does not determine them."""

    name: Sentence
    sha256: str
    size_bytes: int
    tensors: Tensors | None
    classes: int | None = None  # of logits with their labels
    test: job_pb2.Metrics | None = None  # what was said of them
    loss: Loss = field(default_factory=SoftmaxCrossEntropy)
    traced: job_pb2.ModelTraced | None = None  # whose arrays it has


def weights_file(message: job_pb2.WeightsSaved, expected: Expected) -> File:
    """Return the expected file. Raises Fault if it cannot be the model's."""
    initial = message.kind == job_pb2.WEIGHTS_KIND_INITIAL
    file = File(
        english(_INITIAL if initial else _FINAL), message.sha256, message.size_bytes, expected.model
    )
    _check("weights_saved", file)
    return file


def logits_file(
    message: job_pb2.LogitsSaved,
    expected: Expected,
    inputs: job_pb2.Inputs,
    test: job_pb2.Metrics | None,
) -> File:
    """Return the expected file, with as many samples as inputs; ``test``: its reported metrics.

    Raises Fault if it cannot be theirs.
    """
    classes, tensors, kind = expected.classes, None, targets(expected.loss)
    if classes is not None:
        tensors = of_logits(expected.spec, inputs.test_samples, classes, kind)
        if inputs.validation_samples:
            held = of_logits(expected.spec, inputs.validation_samples, classes, kind)
            tensors = {**tensors, **{f"validation_{name}": held[name] for name in held}}
    file = File(
        english(_LOGITS), message.sha256, message.size_bytes, tensors, classes, test, expected.loss
    )
    _check("logits_saved", file)
    return file


def trace_file(given: job_pb2.LogitsSaved, traced: job_pb2.ModelTraced) -> File:
    """Return the expected file of a trace: its tensors are the model's own. Raises Fault."""
    file = File(english(_TRACE), given.sha256, given.size_bytes, None, traced=traced)
    _check("logits_saved", file)
    return file


def _check(field: str, file: File) -> None:
    require_digest(f"{field}.sha256", file.sha256)
    least, most = (1, _MOST_BYTES) if file.tensors is None else size_range(file.tensors)
    require_from(f"{field}.size_bytes", file.size_bytes, least, most)


def require_digest(field: str, value: str) -> None:
    """Check a digest. Raises Fault."""
    require(bool(_DIGEST.fullmatch(value)), field, value, english(_A_DIGEST))


class Download:
    """A file while its chunks arrive. Raises WrongReport."""

    def __init__(self, origin: Origin, file: File) -> None:
        self._origin = origin
        self._file = file
        self._content = bytearray()
        self._seconds = _SECONDS + file.size_bytes / _LEAST_RATE
        self._due = time.monotonic() + self._seconds

    @property
    def size(self) -> int:
        return len(self._content)

    @property
    def done(self) -> bool:
        return self.size == self._file.size_bytes

    def take(self, piece: _Piece) -> None:
        with self._origin.telling():
            self._check(piece)
        self._content += piece.chunk

    def content(self) -> bytes:
        """Return the complete file."""
        content = bytes(self._content)
        with self._origin.telling():
            _check_content(self._file, content)
        return content

    def _check(self, piece: _Piece) -> None:
        file, size = self._file, self._file.size_bytes
        known = english(_ANNOUNCED, value=size)
        require(piece.total_bytes == size, f"{file.name}: total_bytes", piece.total_bytes, known)
        known = english(_ANNOUNCED, value=file.sha256)
        require(piece.sha256 == file.sha256, f"{file.name}: sha256", piece.sha256, known)
        most = min(_MOST_CHUNK_BYTES, size - self.size)
        require_from(f"{file.name}: len(chunk)", len(piece.chunk), 1, most)
        overdue = time.monotonic() > self._due
        wanted = english(_OVERDUE, seconds=self._seconds)
        require(not overdue, str(file.name), f"{self.size} of {size} bytes", wanted)


def _check_content(file: File, content: bytes) -> None:
    """Check the digest first, then the expected tensors. Raises Fault."""
    digest = hashlib.sha256(content).hexdigest()
    known = english(_ANNOUNCED, value=file.sha256)
    require(digest == file.sha256, f"{file.name}: SHA-256", digest, known)
    if file.traced is not None:
        _check_trace(file.name, content, file.traced)
    if file.tensors is not None:
        places = check_file(file.name, content, file.tensors)
        of_classes = targets(file.loss) in (TargetKind.CLASS, TargetKind.TOKENS)
        if file.classes is not None and of_classes:
            _check_labels(file, content[slice(*places["labels"])])
        if file.test is not None:
            _check_metrics(file.test, file.loss, safetensors.numpy.load(content))


def _check_trace(file: Sentence, content: bytes, model: job_pb2.ModelTraced) -> None:
    """Check that each of the model's arrays is there, as reported, and no other. Raises Fault."""
    try:
        found = safetensors.numpy.load(content)
    except (SafetensorError, LookupError, TypeError, ValueError) as error:
        raise Fault(english(_NOT_ARRAYS, file=file, error=str(error)[:80])) from None
    made = {
        f"{what}/{index}": tuple(layer.output_shape)
        for index, layer in enumerate(model.layers)
        for what in ("output", "slope")
    }
    for name in made.keys() & found.keys():
        array, due = found[name], ", ".join(["[...", *map(str, made[name])]) + "]"
        require(array.ndim > 0, f"{name}: axes", 0, english(AT_LEAST, least=1))
        due = english(_SHAPED, shape=due)
        require(array.shape[1:] == made[name], f"{name}.shape", list(array.shape), due)
    samples = _require_array(file, "input", found).shape[:1]
    for name, axes in (("input", 1), ("labels", 1), ("logits", 2)):
        shape = _require_array(file, name, found).shape
        sound = len(shape) >= axes and shape[:1] == samples
        require(sound, f"{name}.shape", list(shape), english(_OF_SAMPLES))
    shape = _require_array(file, "loss", found).shape
    require(shape == (1,), "loss.shape", list(shape), english(_SHAPED, shape=[1]))
    known = {"input", "labels", "logits", "loss", *made}
    for tensor in model.tensors:
        own = tuple(tensor.shape)
        due = english(_SHAPED, shape=list(own))
        for what in ("initial", "updated", *["gradient"] * tensor.trained):
            for suffix in ("", *tensor.variants):
                name = f"{what}/{tensor.key}{suffix}"
                array = _require_array(file, name, found)
                alike = array.size == math.prod(own) if suffix else array.shape == own
                require(alike, f"{name}.shape", list(array.shape), due)
                known.add(name)
    of_case = ("case/", "input/case") if model.HasField("case") else ()
    for name, array in found.items():
        if name.startswith(of_case):
            continue
        if name not in known:
            raise Fault(english(_SURPLUS, file=file, name=name[:200]))
        sound = name in {"input", "labels", *made} or array.dtype in _FLOATS
        require(sound, f"{name}: type", str(array.dtype), english(ONE_OF, known=", ".join(_FLOATS)))


def _require_array(
    file: Sentence, name: str, found: Mapping[str, NDArray[np.generic]]
) -> NDArray[np.generic]:
    if name not in found:
        raise Fault(english(_LACKING, file=file, name=name))
    return found[name]


def _check_metrics(
    said: job_pb2.Metrics, loss: Loss, found: Mapping[str, NDArray[np.generic]]
) -> None:
    """Check that the reported metrics of the test samples match their logits. Raises Fault."""
    logits = found["logits"].astype(np.float64)
    if not np.isfinite(logits).all():
        return
    check_logits(said, loss, logits, found["labels"])


def _check_labels(file: File, content: bytes) -> None:
    labels = np.frombuffer(content, "<i4")
    least, most = int(labels.min()), int(labels.max())
    wrong = least if least < 0 else most
    wanted = english(_CLASSES, classes=file.classes)
    sound = least >= 0 and most < (file.classes or 0)
    require(sound, english(_LABELS, file=file.name), wrong, wanted)
