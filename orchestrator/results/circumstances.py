"""What disturbs a comparison on a machine, as its trials report it."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from twinrun.contract.enums import MIXED, Device, Execution
from twinrun.contract.events import Load
from twinrun.contract.spec import JobSpec
from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import AND, COMMA, NEXT, label, number, percent
from orchestrator.trials.gpu_use import GpuUse, Uses, share
from orchestrator.trials.sides import changed_fields
from orchestrator.trials.spec import in_own_way, in_tf32
from orchestrator.trials.trial import Trial

OTHER_CPUS = 0.05  # of the CPUs; runner and orchestrator take about a fifth of it
STOLEN_CPUS = 0.02  # of the CPUs
THROTTLED = 0.01  # of the training time
CLOCK_RANGE = 0.1  # of the highest clock that a trial ended with
_LEAST_BUSY = 1 / 64  # a batch that is larger by more is no advice
_WITHOUT_IT = Phrase("This result is made of what could be read.")
_TRIAL = Phrase("trial {number} of {side}")
_SHARED = Phrase("Other processes took {share} of the CPUs while {trial} trained.")
_STOLEN = Phrase("The hypervisor took {share} of the CPUs away while {trial} trained.")
_THROTTLED = Phrase("A CPU limit throttled {trial} for {share} of its training.")
_CLOCK = Phrase("The CPUs' clock went from {lowest} to {highest} GHz.")
_GPU_SHARED = Phrase("Other processes computed on the GPU while {trial} trained.")
_GPU_THROTTLED = Phrase("The GPU's clock was reduced: {reasons}.")
_LAUNCHED = Phrase(
    "{side} launched {kernels} kernels a step, with {microseconds} µs between two on average."
)
_BUSY = Phrase(
    "The GPU was busy for {share} of the training of {side}, by NVML; --profile counts its kernels."
)
_SHORTER = Phrase(
    "A lower precision ({precisions}) only makes kernels shorter, which nobody waits for here."
)
_LARGER = Phrase(
    "Repeat it with a larger batch: 'orchestrator {command} ... --batch-size {batch_size}'."
)
_COMPILED = Phrase(
    "Repeat it with a larger batch, 'orchestrator {command} ... --batch-size {batch_size}', or "
    "with --execution compiled."
)
_SWAPPED = Phrase("Trial {number} of {side} was partly swapped out.")
_UNEQUAL = Phrase("The trials did not have the same {what}.")
_VARIABLES = Phrase("Environment variables that change arithmetic differed: {names}.")
_THREADS = Phrase("threads")
_DEBUG = Phrase("{sides} ran in a debug build, which is slower.")
Sides = Mapping[str, Sequence[Trial]]
# Of every warning that a comparison may have.
CODES = (
    *("CERTIFICATE_MISSING", "CERTIFICATE_FAILED", "TIMED_NOT_SAME", "NOT_FINITE"),
    *("FEW_PAIRS", "NOT_PRECISE", "NOT_EQUIVALENT", "WITHIN_NOISE_FLOOR"),
    *("BELOW_TARGET", "FILE_DAMAGED", "ACCURACY_AT_CHANCE", "NOTHING_LEARNED"),
    *("TEST_LOSS_HIGH", "MOVING_STATISTICS_LAG", "STOPPED_APART"),
    *("CPU_SHARED", "CPU_STOLEN", "CPU_THROTTLED", "CLOCK_VARIED", "CPUS_UNEQUAL"),
    *("GPU_IDLE", "GPU_SHARED", "GPU_THROTTLED", "SWAPPED"),
    "THREADS_EXCEED_CORES",
    *("MACHINES_DISAGREE", "MACHINE_FAILED", "MACHINES_SHARED", "RAY_BUSY", "RUNNER_NICE"),
    "GPUS_TOGETHER",
    *("TF32_UNEQUAL", "VARIABLES_UNEQUAL", "DEBUG_BUILD"),
)


@dataclass(frozen=True, slots=True)
class Caution:
    """``code`` stays the same from version to version; ``remedy``: how to avoid it."""

    code: str
    sentence: Sentence
    remedy: Sentence


def of_damages(sentences: Sequence[Sentence]) -> list[Caution]:
    """Warn of each file of the run that could not be read; its sentence names it."""
    return [Caution("FILE_DAMAGED", each, english(_WITHOUT_IT)) for each in sentences]


def of_the_load(trials: Sides) -> Iterator[Caution]:
    worst = _worst(trials, lambda load, seconds, cpus: load.other_cpu_seconds / seconds / cpus)
    if worst and worst[1] > OTHER_CPUS:
        yield Caution(
            "CPU_SHARED",
            english(_SHARED, share=percent(worst[1]), trial=worst[0]),
            english(Phrase("Stop other programs, or repeat until it averages out: --until-sure.")),
        )
    worst = _worst(trials, lambda load, seconds, cpus: load.stolen_seconds / seconds / cpus)
    if worst and worst[1] > STOLEN_CPUS:
        yield Caution(
            "CPU_STOLEN",
            english(_STOLEN, share=percent(worst[1]), trial=worst[0]),
            english(
                Phrase("Use a dedicated machine, or repeat until it averages out: --until-sure.")
            ),
        )
    worst = _worst(trials, lambda load, seconds, _: load.throttled_seconds / seconds)
    if worst and worst[1] > THROTTLED:
        yield Caution(
            "CPU_THROTTLED",
            english(_THROTTLED, share=percent(worst[1]), trial=worst[0]),
            english(
                Phrase(
                    "Set --threads to the number of CPUs that the limit allows, or raise the limit."
                )
            ),
        )


def taken(trial: Trial) -> float | None:
    """Return the share of the CPUs that others took while it trained. None: not reported."""
    return _share(
        trial,
        lambda load, seconds, cpus: (load.other_cpu_seconds + load.stolen_seconds) / seconds / cpus,
    )


def _worst(
    trials: Sides, share: Callable[[Load, float, int], float]
) -> tuple[Sentence, float] | None:
    """Return the trial with the largest share of its training time, and that share."""
    shares = [
        (largest, _name(trial))
        for trial in itertools.chain(*trials.values())
        if (largest := _share(trial, share)) is not None
    ]
    if not shares:
        return None
    largest, name = max(shares)
    return name, largest


def _share(trial: Trial, share: Callable[[Load, float, int], float]) -> float | None:
    """Return the mean over its training time; 1 at most, as clocks of the CPUs tick coarsely."""
    loads = [(epoch.load, epoch.train_seconds) for epoch in trial.epochs if epoch.load]
    seconds = sum(each for _, each in loads)
    cpus = max(1, trial.environment.available_cpus if trial.environment else 1)
    if not seconds:
        return None
    return min(1.0, sum(share(load, each, cpus) * each for load, each in loads) / seconds)


def _name(trial: Trial) -> Sentence:
    return english(_TRIAL, number=trial.number, side=label(trial.framework))


def of_the_clock(trials: Sides) -> Iterator[Caution]:
    clocks = [
        epoch.load.clock_hertz
        for trial in itertools.chain(*trials.values())
        for epoch in trial.epochs
        if epoch.load and epoch.load.clock_hertz
    ]
    if clocks and min(clocks) < (1 - CLOCK_RANGE) * max(clocks):
        yield Caution(
            "CLOCK_VARIED",
            english(_CLOCK, lowest=number(min(clocks) / 1e9), highest=number(max(clocks) / 1e9)),
            english(
                Phrase(
                    "Set the governor to performance and switch turbo off, or repeat more often."
                )
            ),
        )


def of_idling(trials: Sides, gpu: Uses, job: JobSpec) -> Iterator[Caution]:
    """Yield a warning with details if a side leaves the GPU idle, as the headline says."""
    idle = {side: use for side, use in gpu.items() if use.idle}
    if not idle:
        return
    specs = {side: next((t.spec for t in trials[side] if t.spec), job) for side in idle}
    lower = [
        "TensorFloat-32" if in_tf32(spec) else str(spec.precision)
        for spec in specs.values()
        if in_tf32(spec) or spec.precision in MIXED
    ]
    details = [_use_of(side, use) for side, use in idle.items()]
    if lower:
        details.append(english(_SHORTER, precisions=", ".join(dict.fromkeys(lower))))
    compiled = all(spec.execution is Execution.COMPILED for spec in specs.values())
    # A step is launched in the same time, whatever its batch.
    least = min(max(use.busy, _LEAST_BUSY) for use in idle.values())
    larger = job.batch_size * 2 ** math.ceil(math.log2(1 / least))
    command = "compare" if len(trials) > 1 else "train"
    phrase = _LARGER if compiled else _COMPILED
    yield Caution(
        "GPU_IDLE", join(NEXT, details), english(phrase, command=command, batch_size=larger)
    )


def _use_of(side: str, use: GpuUse) -> Sentence:
    if use.kernels is None or use.gap_seconds is None:
        return english(_BUSY, side=label(side), share=share(use))
    gap = number(1e6 * use.gap_seconds)
    return english(_LAUNCHED, side=label(side), kernels=number(use.kernels), microseconds=gap)


def of_gpus(trials: Sides) -> Iterator[Caution]:
    used = [(t, t.accelerator) for t in itertools.chain(*trials.values()) if t.accelerator]
    shared = [trial for trial, gpu in used if gpu.most_processes > 1]
    if shared:
        yield Caution(
            "GPU_SHARED",
            english(_GPU_SHARED, trial=_name(shared[0])),
            english(
                Phrase("Stop them, or give the runner a GPU of its own: CUDA_VISIBLE_DEVICES.")
            ),
        )
    reasons = sorted({reason for _, gpu in used for reason in gpu.throttled})
    if reasons:
        yield Caution(
            "GPU_THROTTLED",
            english(_GPU_THROTTLED, reasons=", ".join(reasons)),
            english(
                Phrase("Check its cooling and its power limit, or lock its clock: nvidia-smi -lgc.")
            ),
        )


def of_memory(trials: Sides) -> Iterator[Caution]:
    used = [(t, t.resources) for t in itertools.chain(*trials.values()) if t.resources]
    swapped = [trial for trial, resources in used if resources.swapped_bytes]
    if swapped:
        yield Caution(
            "SWAPPED",
            english(_SWAPPED, number=swapped[0].number, side=label(swapped[0].framework)),
            english(Phrase("Free memory, or use a smaller job.")),
        )


def of_environments(trials: Sides, job: JobSpec) -> Iterator[Caution]:
    differing = [
        (label(t.framework), t.environment)
        for t in itertools.chain(*trials.values())
        if t.environment
    ]
    if unequal := [
        english(name)
        for name, value in _CPUS.items()
        if not (name is _THREADS and "threads" in changed_fields(list(trials)))  # on purpose
        and len({value(environment) for _, environment in differing}) > 1
    ]:
        yield Caution(
            "CPUS_UNEQUAL",
            english(_UNEQUAL, what=join(COMMA, unequal)),
            english(
                Phrase("Run both on the same machine, and give both containers the same CPU set.")
            ),
        )
    on_gpu = job.device is Device.CUDA
    if (
        on_gpu
        and not in_own_way(job)
        and len({environment.tf32 for _, environment in differing}) > 1
    ):
        yield Caution(
            "TF32_UNEQUAL",
            english(Phrase("Products were TensorFloat-32 in some trials and float32 in others.")),
            english(Phrase("Set allow_tf32 in the job spec, and change it nowhere else.")),
        )
    variables = {frozenset(environment.variables.items()) for _, environment in differing}
    if len(variables) > 1:
        pairs = frozenset.union(*variables) - frozenset.intersection(*variables)
        names = sorted({name for name, _ in pairs})
        yield Caution(
            "VARIABLES_UNEQUAL",
            english(_VARIABLES, names=", ".join(names)),
            english(Phrase("Set them alike for every runner, or for none.")),
        )
    if debug := sorted({name for name, environment in differing if environment.debug_build}):
        yield Caution(
            "DEBUG_BUILD",
            english(_DEBUG, sides=join(AND, debug)),
            english(Phrase("Install release builds of Python and of the framework.")),
        )


_CPUS: Mapping[Phrase, Callable[[job_pb2.Environment], object]] = {
    Phrase("processor"): lambda environment: environment.cpu_model,
    Phrase("number of CPUs"): lambda environment: environment.available_cpus,
    Phrase("CPU set"): lambda environment: environment.cpu_set,
    Phrase("CPU limit"): lambda environment: environment.cpu_limit,
    _THREADS: lambda environment: environment.threads,
}
