"""Which habits of the frameworks can touch a job at all."""

import math

from twinrun.contract.code_values import OF_LAYERS
from twinrun.contract.enums import Device, Execution, Loop, Precision, TargetKind
from twinrun.contract.events import Inputs
from twinrun.contract.losses import SoftmaxCrossEntropy, targets
from twinrun.contract.nesting import leaves
from twinrun.contract.norms import is_usual
from twinrun.contract.optimizers import Adam, AdamW, Optimizer, RmsProp
from twinrun.contract.spec import JobSpec
from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.results.habits.pitfalls import Pitfall

_NO_NORMS = Phrase("no layer of the model is a norm whose epsilon is left to its default.")
_NO_DECAY = Phrase("the job has no weight_decay beside its optimizer.")
_ANOTHER = Phrase("the optimizer is {name}.")
_ONE_BATCH = Phrase("one batch has all {samples:,} training samples.")
_ACCUMULATES = Phrase("a short batch is part of a step, which accumulates gradients.")
_DIVIDES = Phrase("the batch size of {batch_size} divides the {samples:,} training samples.")
_COMPILED = Phrase("with execution compiled, a step fetches its own batch.")
_ON_A_GPU = Phrase("a GPU is as fast with denormal numbers.")
_FLOAT64 = Phrase("float64 reaches far smaller numbers before they are denormal.")
_NO_MOMENTS = Phrase("{name} as set here keeps no moments that could shrink.")
_TOO_SOON = Phrase(
    "moments shrink to denormal numbers in some {needed:,} steps; there are {steps:,}."
)
_NOT_PLAIN = Phrase("the loss is no plain softmax_cross_entropy.")
_NO_CLASSES = Phrase("the targets are no classes.")
_NO_NUMBER = Phrase("the target is not one number.")
_CAPTURED = Phrase("a CUDA graph is for execution default and loop fit.")
_NOT_CAPTURED = Phrase("{name} cannot be captured in a CUDA graph.")
_CODE = Phrase("the job's model is the user's own code.")
_OF_LAYERS = {job_pb2.OwnWay.Value(f"OWN_WAY_{own.name}") for own in OF_LAYERS}
_OF_OPTIMIZERS: dict[int, tuple[type, ...]] = {
    job_pb2.OWN_WAY_ADAM_EPSILON: (Adam, AdamW),
    job_pb2.OWN_WAY_RMSPROP_EPSILON: (RmsProp,),
    job_pb2.OWN_WAY_WEIGHT_DECAY: (),
}
_SHRUNK = 1e-20  # a gradient's moment by so much: below it float32 may be denormal


def why_not(pitfall: Pitfall, job: JobSpec, inputs: Inputs | None) -> Sentence | None:
    """Say why it cannot touch the job; None: it can, or that is not known without ``inputs``."""
    if job.code is not None and pitfall.way in _OF_LAYERS:
        return english(_CODE)
    return _by_its_way(pitfall, job, inputs)


def _of_batches(pitfall: Pitfall, job: JobSpec, samples: int | None) -> Sentence | None:
    """Say why there is no order of batches, or no short one to leave out."""
    if samples and samples <= job.batch_size:
        return english(_ONE_BATCH, samples=samples)
    if pitfall.way == job_pb2.OWN_WAY_BATCH_ORDER:
        return None
    if job.accumulate_steps > 1:
        return english(_ACCUMULATES)
    if not samples or samples % job.batch_size:
        return None
    return english(_DIVIDES, batch_size=job.batch_size, samples=samples)


def _by_its_way(pitfall: Pitfall, job: JobSpec, inputs: Inputs | None) -> Sentence | None:
    samples = inputs.train_samples if inputs else None
    why: Sentence | None = None
    match pitfall.way:
        case job_pb2.OWN_WAY_NORM_EPSILON:
            why = None if any(map(is_usual, leaves(job.layers))) else english(_NO_NORMS)
        case job_pb2.OWN_WAY_BATCH_ORDER | job_pb2.OWN_WAY_LAST_BATCH:
            why = _of_batches(pitfall, job, samples)
        case job_pb2.OWN_WAY_DATA_PIPELINE:
            why = english(_COMPILED) if job.execution is Execution.COMPILED else None
        case job_pb2.OWN_WAY_CUDA_GRAPH:
            why = _not_captured(job)
        case job_pb2.OWN_WAY_DENORMALS:
            why = _without_denormals(job, inputs)
        case job_pb2.OWN_WAY_LOSS | job_pb2.OWN_WAY_ACCURACY | job_pb2.OWN_WAY_TARGET_SHAPE:
            why = _of_another_task(pitfall, job)
        case job_pb2.OWN_WAY_INITIAL_WEIGHTS | job_pb2.OWN_WAY_JIT_COMPILE:
            pass  # touches every job
        case way if way in _OF_OPTIMIZERS:
            why = _of_another_optimizer(pitfall, job.optimizer)
        case _:
            raise ValueError(pitfall.name)
    return why


def _of_another_optimizer(pitfall: Pitfall, optimizer: Optimizer) -> Sentence | None:
    """Say what of the job's optimizer it does not fit."""
    if pitfall.way == job_pb2.OWN_WAY_WEIGHT_DECAY:
        return english(_NO_DECAY) if optimizer.weight_decay is None else None
    suits = isinstance(optimizer.kind, _OF_OPTIMIZERS[pitfall.way])
    return None if suits else english(_ANOTHER, name=optimizer.kind.title)


def _not_captured(job: JobSpec) -> Sentence | None:
    if job.execution is not Execution.DEFAULT or job.loop is not Loop.FIT:
        return english(_CAPTURED)
    kind = job.optimizer.kind
    return None if kind.capturable else english(_NOT_CAPTURED, name=kind.title)


def _of_another_task(pitfall: Pitfall, job: JobSpec) -> Sentence | None:
    """Say what of the job's loss or targets it does not fit."""
    kind, held = targets(job.loss), job.dataset.arrays
    match pitfall.way:
        case job_pb2.OWN_WAY_LOSS:
            return None if job.loss == SoftmaxCrossEntropy() else english(_NOT_PLAIN)
        case job_pb2.OWN_WAY_ACCURACY:
            return None if kind is TargetKind.CLASS else english(_NO_CLASSES)
        case job_pb2.OWN_WAY_TARGET_SHAPE:
            one = kind is TargetKind.NUMBERS and held is not None and held.outputs == 1
            return None if one else english(_NO_NUMBER)
        case _:
            raise ValueError(pitfall.name)


def _without_denormals(job: JobSpec, inputs: Inputs | None) -> Sentence | None:
    if job.device is not Device.CPU:
        return english(_ON_A_GPU)
    if job.precision is Precision.FLOAT64:
        return english(_FLOAT64)
    decays = job.optimizer.kind.shrinking
    if not any(decays):
        return english(_NO_MOMENTS, name=job.optimizer.kind.title)
    if inputs is None:
        return None
    steps = inputs.steps_per_epoch * job.epochs
    needed = math.ceil(math.log(_SHRUNK) / math.log(min(filter(None, decays))))
    return english(_TOO_SOON, needed=needed, steps=steps) if steps < needed else None
