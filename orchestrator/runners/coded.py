"""From a job whose model is the user's code to one whose arrays are paired, and start alike."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from twinrun.contract.converters.events import event_from_proto
from twinrun.contract.traced import ModelTraced
from twinrun.v1 import job_pb2, runner_service_pb2

from orchestrator.data import blob
from orchestrator.data.place import blob_directory
from orchestrator.errors import BadInput, NotTheSameJob, OrchestratorError
from orchestrator.frameworks import with_code
from orchestrator.language.phrases import Phrase, english, join
from orchestrator.language.words import NEXT, label
from orchestrator.pairing import ambiguities
from orchestrator.pairing.causes.catalog import explained
from orchestrator.pairing.locate import locate
from orchestrator.pairing.measure import gap
from orchestrator.pairing.pair import pair
from orchestrator.pairing.result import Arrays, Pairing
from orchestrator.pairing.starts import starts
from orchestrator.runners import asking
from orchestrator.runners.apart import AtOnce
from orchestrator.runners.client import Client

_NO_SOURCE = Phrase(
    "The job's model is code, and there is none for {names}: give --code {name}=FILE:FUNCTION, or "
    "code.{name} in the workload."
)
_NO_SIDE = Phrase(
    "There is code for {names}, which no side is, and {others} would train layers in its place: "
    "name it in --frameworks, or leave its code out."
)
_NOT_PAIRED = Phrase(
    "The two models are not the same job: {faults} 'orchestrator pair' shows what is paired with "
    "what; code.pairs in the workload pairs by hand."
)
_PAIRS_OF_TWO = Phrase(
    "code.pairs says which array of one model is which of another's, and {count} models are "
    "compared; compare two at a time, or leave code.pairs out."
)
_TWO_LAYOUTS = Phrase(
    "{name} of {first}'s model is laid out otherwise beside {second}'s model than beside another; "
    "compare two at a time."
)
_MOST_TRIES = 12
TOLERANCE = 1e-9  # of a layer's output in float64: far above rounding, far below a fault
_SAME = 1e-6  # far above rounding in float64, far below what two layers' values differ by
_SAMPLES = 8  # of a trace: enough to tell layers apart
_SHARED = runner_service_pb2.PROCESS_USE_SHARED


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One step of a framework's model: its report, and arrays named as in ModelTraced."""

    framework: str
    model: ModelTraced
    arrays: Arrays


Tracer = Callable[[job_pb2.JobSpec], Sequence[Trace]]  # of each side, the baseline's first


def paired(spec: job_pb2.JobSpec, clients: Sequence[Client]) -> job_pb2.JobSpec:
    """Return the spec with its tensors and their initial values: those of the first framework.

    Each other framework's model is paired with the first one's. Raises NotTheSameJob if something
    has no counterpart, BadInput, JobFailed.
    """
    require_sources(spec, [client.framework for client in clients])
    first, *others = clients
    if len(others) > 1 and spec.code.pairs:
        raise BadInput(english(_PAIRS_OF_TWO, count=len(clients)))
    pairings = list[Pairing]()
    for other in others or [first]:
        found, trace = pairing_of(spec, tracer([first, *([other] if others else ())]))
        if found.faults:
            raise NotTheSameJob(english(_NOT_PAIRED, faults=join(NEXT, found.faults)))
        pairings.append(found)
    return with_tensors(spec, pairings[0], trace, pairings[1:])


def require_sources(spec: job_pb2.JobSpec, frameworks: Sequence[str]) -> None:
    """Check that each framework has code, or else there are layers. Raises BadInput.

    Code of none of them is refused where one of them would train layers in its place.
    """
    missing = [name for name in frameworks if not spec.code.HasField(name)]
    unused = [name for name in with_code(spec) if name not in frameworks]
    if missing and unused:
        names, others = (", ".join(map(label, each)) for each in (unused, missing))
        raise BadInput(english(_NO_SIDE, names=names, others=others))
    if missing and not spec.layers:
        names = ", ".join(map(label, missing))
        raise BadInput(english(_NO_SOURCE, names=names, name=missing[0]))


@np.errstate(all="ignore")  # a model's numbers may be too large, or none
def pairing_of(spec: job_pb2.JobSpec, trace: Tracer) -> tuple[Pairing, Trace]:
    """Pair the models of the first two sides; return also the first one's trace.

    The second starts from the first's values, and one batch goes through both. If it comes out
    differently and no cause is known, other pairs of layers that are alike are tried; if it always
    does, the models differ for another reason, and the most likely pairing is returned.
    """
    first, *others = trace(spec)
    second = others[0] if others else first
    found = _resolved(spec, trace, first, second)
    return replace(found, starts=tuple(starts(found, first.arrays, second.arrays))), first


def _resolved(spec: job_pb2.JobSpec, trace: Tracer, first: Trace, second: Trace) -> Pairing:
    names = first.framework, second.framework
    found = pair(first.model, second.model, names, dict(spec.code.pairs))
    if found.faults or second is first:
        return found
    arrays = _alike(spec, found, first, trace)
    if _agree(*arrays):
        return found
    likely = ambiguities.best(found, *arrays)
    if likely != found:
        arrays = _alike(spec, likely, first, trace)
    located = locate(likely, *arrays, TOLERANCE)
    if _agree(*arrays) or explained(likely, located, *arrays):
        return likely
    place = None if located.layer is None else located.layer.first
    tries = ambiguities.candidates(likely, place)
    for tried in itertools.islice(tries, _MOST_TRIES):
        if _agree(*_alike(spec, tried, first, trace)):
            return tried
    return likely


def _alike(
    spec: job_pb2.JobSpec, found: Pairing, first: Trace, trace: Tracer
) -> tuple[Arrays, Arrays]:
    """Return the first two sides' arrays if both start from the first's values."""
    one, other = trace(with_tensors(spec, found, first))[:2]
    return one.arrays, other.arrays


def _agree(one: Arrays, other: Arrays) -> bool:
    return gap(one["logits"], other["logits"]) < _SAME


def tracer(clients: Sequence[Client]) -> Tracer:
    """Return what has each framework trace one step of its model, in float64, at once."""

    def traces(spec: job_pb2.JobSpec) -> list[Trace]:
        asked, watched = to_trace(spec), AtOnce()
        each = [_Tracing(client, asked) for client in clients]
        try:
            for tracing in each:
                watched.begin(tracing.framework, tracing.result)
            for _ in each:
                watched.wait()
        except BaseException:  # Ctrl-C too: users' code may never end by itself
            for tracing in each:
                tracing.cancel()
            while watched.running:
                with suppress(Exception):
                    watched.wait()
            raise
        return [watched.results[tracing.framework] for tracing in each]

    return traces


class _Tracing:
    """A framework's trace, which can be cancelled before its job has begun, too."""

    def __init__(self, client: Client, asked: job_pb2.JobSpec) -> None:
        self.framework = client.framework
        self._client, self._asked = client, asked
        self._job_id, self._cancelled = "", False

    def result(self) -> Trace:
        found = asking.trace(self._client, self._asked, _SHARED, began=self._began)
        return traced(self.framework, *found)

    def cancel(self) -> None:
        self._cancelled = True
        if self._job_id:
            _cancel(self._client, self._job_id)

    def _began(self, job_id: str) -> None:
        self._job_id = job_id
        if self._cancelled:
            _cancel(self._client, job_id)


def _cancel(client: Client, job_id: str) -> None:
    with suppress(OrchestratorError):
        client.cancel(job_id)


_IDIOMATIC = ("matched_initial_values", "matched_batch_order")


def to_trace(spec: job_pb2.JobSpec) -> job_pb2.JobSpec:
    """Return the job whose first step is traced."""
    asked = job_pb2.JobSpec()
    asked.CopyFrom(spec)
    asked.precision = job_pb2.PRECISION_FLOAT64
    asked.recipe, asked.execution = job_pb2.RECIPE_MATCHED, job_pb2.EXECUTION_DEFAULT
    asked.batch_size = min(spec.batch_size or _SAMPLES, _SAMPLES)
    for name in ("own_ways", "late_epoch", "profile", "perturb_initial_weights", *_IDIOMATIC):
        asked.ClearField(name)
    return asked


def traced(framework: str, model: job_pb2.ModelTraced, content: bytes) -> Trace:
    """Return a trace from its event and its file."""
    read = event_from_proto(job_pb2.JobEvent(model_traced=model))
    assert isinstance(read, ModelTraced)  # noqa: S101 - its field was set
    return Trace(framework, read, safetensors.numpy.load(content))


def with_tensors(
    spec: job_pb2.JobSpec, found: Pairing, first: Trace, further: Sequence[Pairing] = ()
) -> job_pb2.JobSpec:
    """Return the spec with the tensors of a pairing, which start as the first framework's.

    ``further``: pairings of the same first side with others. An array that a side does not have,
    and nothing depends on, is left out. Raises NotTheSameJob if one side's is laid out otherwise.
    """
    whole = job_pb2.JobSpec()
    whole.CopyFrom(spec)
    whole.code.ClearField("tensors")
    whole.code.ClearField("notes")
    values: dict[str, NDArray[np.generic]] = {}
    others = [{each.name: each for each in pairing.code_tensors} for pairing in further]
    for pair_of, tensor in zip(found.once, found.code_tensors, strict=True):
        alike = [other.get(tensor.name) for other in others]
        known = [each for each in alike if each is not None]
        if len(known) < len(alike):
            continue
        message = whole.code.tensors.add(
            name=tensor.name,
            shape=tensor.shape,
            trained=tensor.trained or any(each.trained for each in known),
        )
        for framework in dict.fromkeys(found.frameworks):
            setattr(message, framework, tensor.key(framework))
        for pairing, each in zip(further, known, strict=True):
            one, other = pairing.frameworks
            if each.key(one) != tensor.key(one):
                names = {"name": tensor.name, "first": label(one), "second": label(other)}
                raise NotTheSameJob(english(_TWO_LAYOUTS, **names))
            setattr(message, other, each.key(other))
        values[tensor.name] = pair_of.canonical(first.arrays)
    stored = blob.write(values, blob_directory())
    whole.code.initial.CopyFrom(job_pb2.StoredFile(sha256=stored.sha256, size_bytes=stored.size))
    notes = [f"{label(found.frameworks[0])}: {note}" for note in found.first.notes]
    for pairing in (found, *further):
        if pairing.frameworks[0] != pairing.frameworks[1]:
            notes += [f"{label(pairing.frameworks[1])}: {note}" for note in pairing.second.notes]
        notes += map(str, pairing.starts)
    whole.code.notes.extend(notes)
    return whole


def with_returned(
    spec: job_pb2.JobSpec, framework: str, arrays: Mapping[int, NDArray[np.generic]]
) -> job_pb2.JobSpec:
    """Return the spec with what a framework's layers return in a trace, by index of their calls."""
    whole = job_pb2.JobSpec()
    whole.CopyFrom(spec)
    values = {f"{framework}/{index}": array.astype(float) for index, array in arrays.items()}
    stored = blob.write(values, blob_directory())
    whole.code.returned.CopyFrom(job_pb2.StoredFile(sha256=stored.sha256, size_bytes=stored.size))
    return whole


def with_cases(
    spec: job_pb2.JobSpec, frameworks: Sequence[str], calls: Sequence[Sequence[int]]
) -> job_pb2.JobSpec:
    """Return the spec whose trace reports calls of each side as a program, by their indices."""
    whole = job_pb2.JobSpec()
    whole.CopyFrom(spec)
    for framework, indices in zip(frameworks, calls, strict=True):
        getattr(whole.code, framework).case.extend(indices)
    return whole
