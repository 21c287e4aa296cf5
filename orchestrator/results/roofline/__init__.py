"""What an epoch needs at the least at its machine's own rates, and how many times as long it took.

After Williams, Waterman and Patterson, "Roofline: an insightful visual performance model for
multicore architectures" (2009): no job is faster than its operations at the machine's peak rate, or
than its bytes at the peak of the memory, unless a cache holds them. A third floor is the start of
each operation, one after the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from twinrun.contract.enums import Device

from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import NEXT, label, number, percent
from orchestrator.results.comparison import Comparison
from orchestrator.results.quantities import EPOCH
from orchestrator.storage import machine
from orchestrator.trials.gpu_use import profile_of
from orchestrator.trials.sides import framework_of, runner_of
from orchestrator.trials.trial import Trial

_NEEDS = Phrase(
    "{side}'s epoch took {times} times what its arithmetic needs at this machine's rate: "
    "{epoch} s, where {operations} GFLOP at {rate} GFLOP/s need {arithmetic} s, and {moved} GB of "
    "memory traffic {memory} s."
)
_STARTING = Phrase(
    "To start the {calls} operations of each step, one after the other at {cost} µs each, needs "
    "{starting} s; {rest} of the epoch is left to small matrices, to other work and to waiting."
)
_STARTING_ON_GPU = Phrase(
    "To start the {calls} kernels of each step, at {cost} µs each, needs {starting} s."
)
_BEYOND = Phrase(
    "{side}'s epoch took {epoch} s, and its {operations} GFLOP would need {arithmetic} s at the "
    "known rate of {rate} GFLOP/s: that must have been measured on a busy machine. Measure it "
    "again: 'orchestrator env --measure'."
)
_UNCOUNTED = Phrase("--profile counts the operations of a step, and what it needs to start them.")


@dataclass(frozen=True, slots=True)
class Roofline:
    """What a side's epoch of ``epoch_seconds`` does, and what its machine can do.

    ``operations`` and ``bytes``: of an epoch, the least. ``operations_per_second`` and
    ``bytes_per_second``: the machine's peaks. ``arithmetic_seconds``, ``memory_seconds`` and
    ``starting_seconds``: what each needs alone; the last one is None unless a profile counted the
    ``calls`` of a step and the cost of one was measured.
    """

    side: str
    epoch_seconds: float
    operations: float
    bytes: float
    operations_per_second: float
    bytes_per_second: float
    arithmetic_seconds: float
    memory_seconds: float
    calls: float | None
    starting_seconds: float | None
    sentence: Sentence

    @property
    def attained(self) -> float:
        """The operations a second that the epoch came to."""
        return self.operations / self.epoch_seconds

    @property
    def intensity(self) -> float:
        """The operations for each byte."""
        return self.operations / self.bytes


def rooflines(comparison: Comparison) -> list[Roofline]:
    """Return it for each side whose operations and whose machine's rates are known."""
    found = (_of_side(comparison, *each) for each in comparison.counted.items())
    return [each for each in found if each is not None]


def uncounted(comparison: Comparison, found: Sequence[Roofline]) -> Sentence | None:
    """Say how to learn what starting operations needs. None: it is known, or cannot be."""
    measured = comparison.known.rates.get(machine.rates_of(comparison.job), {}).values()
    costs = any(each.calls_per_second for each in measured)
    return english(_UNCOUNTED) if found and costs and not comparison.profiles else None


def _of_side(comparison: Comparison, side: str, trials: Sequence[Trial]) -> Roofline | None:
    first = next((trial for trial in trials if trial.inputs and trial.spec), None)
    epoch = EPOCH.of(trials, None)
    if first is None or first.inputs is None or first.spec is None or not epoch:
        return None
    operations, moved = first.inputs.epoch_operations, first.inputs.epoch_bytes
    rate, bandwidth = machine.best_rates(comparison.known, first.spec)
    if not (operations and moved and rate and bandwidth):
        return None
    arithmetic, memory = operations / rate, moved / bandwidth
    names = {
        "side": label(side),
        "epoch": number(epoch),
        "operations": number(operations / 1e9),
        "rate": number(rate / 1e9),
        "arithmetic": number(arithmetic),
    }
    calls, cost = _calls(comparison, side), _cost(comparison, side, first)
    starting = calls * cost * first.epoch_steps if calls and cost and first.epoch_steps else None
    if arithmetic > epoch:
        sentence = english(_BEYOND, **names)
    else:
        needs = {"moved": number(moved / 1e9), "memory": number(memory)}
        sentence = english(_NEEDS, **names, **needs, times=number(epoch / arithmetic))
        if calls and cost and starting:
            said = {
                "calls": number(calls),
                "cost": number(1e6 * cost),
                "starting": number(starting),
            }
            rest = max(0.0, epoch - arithmetic - starting) / epoch
            # On a GPU the next kernel is started while one runs.
            on_gpu = first.spec.device is Device.CUDA
            also = english(_STARTING_ON_GPU if on_gpu else _STARTING, **said, rest=percent(rest))
            sentence = join(NEXT, [sentence, also])
    return Roofline(
        *(side, epoch, operations, moved, rate, bandwidth, arithmetic, memory),
        *(calls, starting, sentence),
    )


def _calls(comparison: Comparison, side: str) -> float | None:
    """Return the operations of a step, on a GPU its kernels. None: no profile counted them."""
    profile = profile_of(side, comparison.profiles)
    counted = (profile.kernels or profile.calls) if profile else 0
    return counted / profile.steps if profile and counted else None


def _cost(comparison: Comparison, side: str, trial: Trial) -> float | None:
    """Return the seconds that the side's framework needs to start an operation. None: unknown."""
    assert trial.spec is not None  # noqa: S101 - which was asked before
    of_each = comparison.known.rates.get(machine.rates_of(trial.spec), {})
    measured = of_each.get(runner_of(side)) or of_each.get(framework_of(side))
    return 1 / measured.calls_per_second if measured and measured.calls_per_second else None
