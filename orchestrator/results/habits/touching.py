"""Which habits of the frameworks can touch a job at all."""

import math
from collections.abc import Callable, Mapping

from twinrun.contract.code_values import OF_LAYERS
from twinrun.contract.enums import Device, Execution, Loop, Precision, TargetKind
from twinrun.contract.events import Inputs
from twinrun.contract.layers import Conv1d, Conv2d, Conv2dTranspose, Leaf
from twinrun.contract.losses import SoftmaxCrossEntropy, targets
from twinrun.contract.nesting import leaves
from twinrun.contract.norms import is_usual, is_usual_momentum
from twinrun.contract.optimizers import Adam, AdamW, Optimizer, RmsProp
from twinrun.contract.own import has_own_zeros, is_drawn
from twinrun.contract.spec import JobSpec
from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.results.habits.pitfall import Pitfall
from orchestrator.trials.sides import changed_fields

_NO_NORMS = Phrase("no layer of the model is a norm whose epsilon is left to its default.")
_NO_DECAY = Phrase("the job has no weight_decay beside its optimizer.")
_ANOTHER = Phrase("the optimizer is {name}.")
_ONE_BATCH = Phrase("one batch has all {samples:,} training samples.")
_ACCUMULATES = Phrase("a short batch is part of a step, which accumulates gradients.")
_DIVIDES = Phrase("the batch size of {batch_size} divides the {samples:,} training samples.")
_COMPILED = Phrase("with execution compiled, a step fetches its own batch.")
_ON_A_GPU = Phrase("a GPU is as fast with denormal numbers.")
_ON_A_CPU = Phrase("it is of a GPU, and a side is on a CPU.")
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
_NO_BATCH_NORM = Phrase("the model has no batch norm whose momentum is left to its default.")
_NO_SAME = Phrase("no convolution of the model is 'same' with a stride and an odd window.")
_NOT_DRAWN = Phrase(
    "no dense layer, convolution or embedding of the model leaves its initialiser to its default."
)
_BOTH_TF32 = Phrase("the job has TF32 on both sides.")
_NOT_FLOAT32 = Phrase("TF32 stands for float32, and the precision is another.")
_NO_CUDNN = Phrase("no layer of the model is a convolution.")
_NO_IMAGES = Phrase("no layer of the model is a convolution of images.")
_LAID_OUT = Phrase("with execution compiled, the compiler lays images out.")
_SET = Phrase("the sides differ in {field}, and this difference sets it for all of them.")
_OF_LAYERS = {job_pb2.OwnWay.Value(f"OWN_WAY_{own.name}") for own in OF_LAYERS}
_OF_OPTIMIZERS: dict[int, tuple[type, ...]] = {
    job_pb2.OWN_WAY_ADAM_EPSILON: (Adam, AdamW),
    job_pb2.OWN_WAY_RMSPROP_EPSILON: (RmsProp,),
    job_pb2.OWN_WAY_EPSILON_PLACE: (Adam, AdamW, RmsProp),
    job_pb2.OWN_WAY_WEIGHT_DECAY: (),
}
_ALWAYS = {
    job_pb2.OWN_WAY_INITIAL_WEIGHTS,
    job_pb2.OWN_WAY_JIT_COMPILE,
    job_pb2.OWN_WAY_LOSS_READ,
    job_pb2.OWN_WAY_THREADS,
}
# Which leaf is touched, and what is said if there is none.
_TOUCHED: dict[int, tuple[Callable[[Leaf], bool], Phrase]] = {
    job_pb2.OWN_WAY_NORM_EPSILON: (is_usual, _NO_NORMS),
    job_pb2.OWN_WAY_NORM_MOMENTUM: (is_usual_momentum, _NO_BATCH_NORM),
    job_pb2.OWN_WAY_SAME_PADDING: (has_own_zeros, _NO_SAME),
    job_pb2.OWN_WAY_INITIALIZERS: (is_drawn, _NOT_DRAWN),
    job_pb2.OWN_WAY_MEMORY_LAYOUT: (lambda leaf: isinstance(leaf, Conv2d), _NO_IMAGES),
}
# The field that a way sets, whatever the job has there; and ways that runners refuse of a job that
# they cannot touch. Of others nothing changes then.
_SETS: dict[int, str] = {
    job_pb2.OWN_WAY_JIT_COMPILE: "execution",
    job_pb2.OWN_WAY_THREADS: "threads",
}
_REFUSED = {
    *(job_pb2.OWN_WAY_DATA_PIPELINE, job_pb2.OWN_WAY_PIPELINE_WORKERS),
    *(job_pb2.OWN_WAY_CUDA_GRAPH, job_pb2.OWN_WAY_LAST_BATCH),
    *(job_pb2.OWN_WAY_LOSS, job_pb2.OWN_WAY_ACCURACY, job_pb2.OWN_WAY_TARGET_SHAPE),
}
_CONVOLUTIONS = (Conv1d, Conv2d, Conv2dTranspose)
_SHRUNK = 1e-20  # a gradient's moment by so much: below it float32 may be denormal


def why_not(pitfall: Pitfall, job: JobSpec, inputs: Inputs | None) -> Sentence | None:
    """Say why it cannot touch the job; None: it can, or that is not known without ``inputs``."""
    if job.code is not None and pitfall.way in _OF_LAYERS:
        return english(_CODE)
    return _by_its_way(pitfall, job, inputs)


def why_none(
    pitfall: Pitfall, jobs: Mapping[str, JobSpec], inputs: Mapping[str, Inputs]
) -> Sentence | None:
    """Say why it is not introduced into the sides' jobs; ``inputs`` as far as known. None: it is.

    It must be able to touch one of them, and leave every side what that side changes.
    """
    field = _SETS.get(pitfall.way)
    if field in changed_fields(list(jobs)):
        return english(_SET, field=field)
    if pitfall.on_gpu and any(job.device is not Device.CUDA for job in jobs.values()):
        return english(_ON_A_CPU)
    reasons = [why_not(pitfall, job, inputs.get(side)) for side, job in jobs.items()]
    known = [reason for reason in reasons if reason]
    return known[0] if known and (pitfall.way in _REFUSED or all(reasons)) else None


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
        case way if way in _TOUCHED:
            why = _of_no_layer(pitfall, job)
        case job_pb2.OWN_WAY_BATCH_ORDER | job_pb2.OWN_WAY_LAST_BATCH:
            why = _of_batches(pitfall, job, samples)
        case job_pb2.OWN_WAY_DATA_PIPELINE | job_pb2.OWN_WAY_PIPELINE_WORKERS:
            why = english(_COMPILED) if job.execution is Execution.COMPILED else None
        case job_pb2.OWN_WAY_CUDA_GRAPH:
            why = _not_captured(job)
        case job_pb2.OWN_WAY_TF32 | job_pb2.OWN_WAY_CUDNN_BENCHMARK:
            why = _of_other_kernels(pitfall, job)
        case job_pb2.OWN_WAY_DENORMALS:
            why = _without_denormals(job, inputs)
        case job_pb2.OWN_WAY_LOSS | job_pb2.OWN_WAY_ACCURACY | job_pb2.OWN_WAY_TARGET_SHAPE:
            why = _of_another_task(pitfall, job)
        case way if way in _ALWAYS:
            pass
        case way if way in _OF_OPTIMIZERS:
            why = _of_another_optimizer(pitfall, job.optimizer)
        case _:
            raise ValueError(pitfall.name)
    return why


def _of_no_layer(pitfall: Pitfall, job: JobSpec) -> Sentence | None:
    """Say which layer the model lacks."""
    is_touched, lacking = _TOUCHED[pitfall.way]
    if pitfall.way == job_pb2.OWN_WAY_MEMORY_LAYOUT and job.execution is Execution.COMPILED:
        return english(_LAID_OUT)
    return None if any(map(is_touched, leaves(job.layers))) else english(lacking)


def _of_other_kernels(pitfall: Pitfall, job: JobSpec) -> Sentence | None:
    """Say why a GPU's kernels are the same on both sides."""
    if pitfall.way == job_pb2.OWN_WAY_CUDNN_BENCHMARK:
        convolutions = any(isinstance(leaf, _CONVOLUTIONS) for leaf in leaves(job.layers))
        return None if job.code is not None or convolutions else english(_NO_CUDNN)
    if job.allow_tf32:
        return english(_BOTH_TF32)
    return None if job.precision is Precision.FLOAT32 else english(_NOT_FLOAT32)


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
