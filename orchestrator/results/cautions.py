"""What to keep in mind with a verdict: each with a code, a sentence, and what to do about it.

They travel with the result; `--strict` makes a failure of them.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twinrun.contract.events import Load
from twinrun.v1 import job_pb2

from orchestrator.certificate.timed import Timed, not_finite
from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import AND, COMMA, label, number, percent
from orchestrator.results.quantities import TEST_ACCURACY
from orchestrator.results.verdict import FEWEST_PAIRS, Verdict
from orchestrator.storage import machine
from orchestrator.trials.inputs import in_own_way
from orchestrator.trials.sides import are_the_same, framework_of
from orchestrator.trials.trial import Trial

OTHER_CPUS = 0.05  # of the CPUs; runner and orchestrator take about a fifth of it
STOLEN_CPUS = 0.02  # of the CPUs
THROTTLED = 0.01  # of the training time
CLOCK_RANGE = 0.1  # of the highest clock that a trial ended with

_ONE_PAIR = Phrase("1 pair")
_PAIRS = Phrase("{pairs} pairs")
_FEW = Phrase("{pairs} of trials cannot say how sure the ratio is; it takes {fewest}.")
_FLOOR = Phrase(
    "On this machine {side} differed from itself by as much: its A/A test came to {low:.3f} to "
    "{high:.3f}."
)
_TEST_ANEW = Phrase("Repeat more often, and make the A/A test anew: --aa {name}.")
_BELOW = Phrase(
    "{side} ends at {accuracy} test accuracy, below the target of {target}: a fast job that does "
    "not learn is no win."
)
_TRIAL = Phrase("trial {number} of {side}")
_SHARED = Phrase("Other processes took {share} of the CPUs while {trial} trained.")
_STOLEN = Phrase("The hypervisor took {share} of the CPUs away while {trial} trained.")
_THROTTLED = Phrase("A CPU limit held {trial} back for {share} of its training.")
_CLOCK = Phrase("The CPUs' clock went from {lowest} to {highest} GHz.")
_GPU_SHARED = Phrase("Other processes computed on the GPU while {trial} trained.")
_GPU_THROTTLED = Phrase("The GPU's clock was held back: {reasons}.")
_SWAPPED = Phrase("Trial {number} of {side} was partly swapped out.")
_UNEQUAL = Phrase("The trials did not have the same {what}.")
_NOT_FINITE = Phrase("The losses of {side} are no finite numbers from step {step:,} on.")
_DEBUG = Phrase("{sides} ran in a debug build, which is slower.")

Sides = Mapping[str, Sequence[Trial]]


@dataclass(frozen=True, slots=True)
class Caution:
    """``code`` stays the same from version to version; ``remedy``: how to be rid of it."""

    code: str
    sentence: Sentence
    remedy: Sentence


def cautions(
    trials: Sides,
    job: Mapping[str, Any],
    verdict: Verdict | None,
    certificate: Mapping[str, Any] | None,
    known: Mapping[str, Mapping[str, Any]],
    *,
    counted: Sides,
    timed: Timed | None = None,
) -> tuple[Caution, ...]:
    """Of a comparison, and of those of its trials that are ``counted``.

    ``known``: of the machine, as `orchestrator.storage.machine.known`.
    """
    return tuple(
        itertools.chain(
            _of_the_proof(trials, job, certificate),
            _of_the_timed(trials, timed),
            _of_the_verdict(verdict, trials, job, known),
            _of_learning(counted, job),
            _of_the_load(trials),
            _of_the_clock(trials),
            _of_gpus(trials),
            _of_memory(trials),
            _of_environments(trials, job),
        )
    )


def _of_the_proof(
    trials: Sides, job: Mapping[str, Any], certificate: Mapping[str, Any] | None
) -> Iterator[Caution]:
    if len(trials) < 2 or in_own_way(job) or are_the_same(tuple(trials)):
        return
    if certificate is None:
        yield Caution(
            "CERTIFICATE_MISSING",
            english(Phrase("No certificate was made, so that it is not shown to be the same job.")),
            english(Phrase("Leave out --no-verify; a certificate is of two frameworks.")),
        )
    elif not certificate["same_job"]:
        yield Caution(
            "CERTIFICATE_FAILED",
            english(Phrase("It is not shown to be the same job.")),
            english(
                Phrase(
                    "See where the two part in certificate.json, and with 'orchestrator verify'."
                )
            ),
        )


def _of_the_timed(trials: Sides, timed: Timed | None) -> Iterator[Caution]:
    if timed is not None and timed.sentence is not None:
        yield Caution(
            "TIMED_NOT_SAME",
            timed.sentence,
            english(Phrase("Look where the losses part; 'orchestrator verify' tells more.")),
        )
    for side, step in not_finite(trials).items():
        yield Caution(
            "NOT_FINITE",
            english(_NOT_FINITE, side=label(side), step=step),
            english(Phrase("Take a smaller learning rate: what does not learn is not compared.")),
        )


def _of_the_verdict(
    verdict: Verdict | None,
    trials: Sides,
    job: Mapping[str, Any],
    known: Mapping[str, Mapping[str, Any]],
) -> Iterator[Caution]:
    if verdict is None:
        return
    if verdict.provisional:
        pairs = english(_ONE_PAIR if verdict.pairs == 1 else _PAIRS, pairs=verdict.pairs)
        yield Caution(
            "FEW_PAIRS",
            english(_FEW, pairs=pairs, fewest=FEWEST_PAIRS),
            english(Phrase("Repeat: --repeats 10, or --until-sure.")),
        )
    if verdict.shown and not are_the_same(tuple(trials)):
        under = machine.conditions(job)
        floors = {
            name: known.get(machine.NOISE, {}).get(f"{name} {under}")
            for name in sorted({framework_of(side) for side in trials})
        }
        for name, floor in floors.items():
            if floor and max(floor["high"], 1 / floor["low"]) >= verdict.ratio:
                yield Caution(
                    "WITHIN_NOISE_FLOOR",
                    english(_FLOOR, side=label(name), low=floor["low"], high=floor["high"]),
                    english(_TEST_ANEW, name=name),
                )


def _of_learning(trials: Sides, job: Mapping[str, Any]) -> Iterator[Caution]:
    target = job.get("target_accuracy")
    for side, group in trials.items():
        reached = TEST_ACCURACY.of(group, job)
        if target is not None and reached is not None and reached < target:
            yield Caution(
                "BELOW_TARGET",
                english(
                    _BELOW,
                    side=label(side),
                    accuracy=percent(reached),
                    target=percent(target),
                ),
                english(
                    Phrase(
                        "Train for more epochs or on more samples, or set another "
                        "--target-accuracy."
                    )
                ),
            )


def _of_the_load(trials: Sides) -> Iterator[Caution]:
    worst = _worst(trials, lambda load, seconds, cpus: load.other_cpu_seconds / seconds / cpus)
    if worst and worst[1] > OTHER_CPUS:
        yield Caution(
            "CPU_SHARED",
            english(_SHARED, share=percent(worst[1]), trial=worst[0]),
            english(Phrase("Stop what else runs, or repeat until it evens out: --until-sure.")),
        )
    worst = _worst(trials, lambda load, seconds, cpus: load.stolen_seconds / seconds / cpus)
    if worst and worst[1] > STOLEN_CPUS:
        yield Caution(
            "CPU_STOLEN",
            english(_STOLEN, share=percent(worst[1]), trial=worst[0]),
            english(
                Phrase("Take a machine of your own, or repeat until it evens out: --until-sure.")
            ),
        )
    worst = _worst(trials, lambda load, seconds, _: load.throttled_seconds / seconds)
    if worst and worst[1] > THROTTLED:
        yield Caution(
            "CPU_THROTTLED",
            english(_THROTTLED, share=percent(worst[1]), trial=worst[0]),
            english(
                Phrase("Give it as many --threads as the limit grants CPUs, or a higher limit.")
            ),
        )


def _worst(
    trials: Sides, share: Callable[[Load, float, int], float]
) -> tuple[Sentence, float] | None:
    """The trial with the largest share over its training, and that share."""
    found = []
    for trial in itertools.chain(*trials.values()):
        loads = [(epoch.load, epoch.train_seconds) for epoch in trial.epochs if epoch.load]
        seconds = sum(each for _, each in loads)
        cpus = max(1, trial.environment.available_cpus if trial.environment else 1)
        if seconds:
            total = sum(share(load, each, cpus) * each for load, each in loads) / seconds
            found.append((total, _name(trial)))
    if not found:
        return None
    largest, name = max(found)
    return name, largest


def _name(trial: Trial) -> Sentence:
    return english(_TRIAL, number=trial.number, side=label(trial.framework))


def _of_the_clock(trials: Sides) -> Iterator[Caution]:
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


def _of_gpus(trials: Sides) -> Iterator[Caution]:
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
                Phrase(
                    "See to its cooling and its power limit, or lock its clock: nvidia-smi -lgc."
                )
            ),
        )


def _of_memory(trials: Sides) -> Iterator[Caution]:
    used = [(t, t.resources) for t in itertools.chain(*trials.values()) if t.resources]
    swapped = [trial for trial, resources in used if resources.swapped_bytes]
    if swapped:
        yield Caution(
            "SWAPPED",
            english(_SWAPPED, number=swapped[0].number, side=label(swapped[0].framework)),
            english(Phrase("Free memory, or take a smaller job.")),
        )


def _of_environments(trials: Sides, job: Mapping[str, Any]) -> Iterator[Caution]:
    found = [
        (label(t.framework), t.environment)
        for t in itertools.chain(*trials.values())
        if t.environment
    ]
    if unequal := [
        english(name)
        for name, value in _CPUS.items()
        if len({value(environment) for _, environment in found}) > 1
    ]:
        yield Caution(
            "CPUS_UNEQUAL",
            english(_UNEQUAL, what=join(COMMA, unequal)),
            english(
                Phrase("Run both on the same machine, and give both containers the same CPU set.")
            ),
        )
    on_gpu = job.get("device") == "DEVICE_CUDA"
    if on_gpu and len({environment.tf32 for _, environment in found}) > 1:
        yield Caution(
            "TF32_UNEQUAL",
            english(Phrase("Products were TensorFloat-32 in some trials and float32 in others.")),
            english(Phrase("Set allow_tf32 in the job spec, and nothing else that changes it.")),
        )
    if debug := sorted({name for name, environment in found if environment.debug_build}):
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
    Phrase("threads"): lambda environment: environment.threads,
}
