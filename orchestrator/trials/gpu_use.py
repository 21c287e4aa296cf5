"""How busy each side kept the GPU while it trained, by what that is known, and what it means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import median

from twinrun.contract.events import Profiled

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import label, listed
from orchestrator.trials.sides import Side
from orchestrator.trials.trial import Trial

BUSY = 0.5  # of the time: below it, the GPU waits rather than computes
# Of training, in a trial. NVML's utilisation is a mean over up to a second before it is asked: of
# epochs of 0.02 s on an H100 it said 17 %, where a profile said 80 %.
_LEAST_SECONDS = 3.0
_WAITING = 0.2  # of the time: above it, a side waits for data
_BOTH = Phrase("Both leave the GPU idle ({busy}): {meaning}")
_ALL = Phrase("All sides leave the GPU idle ({busy}): {meaning}")
_ONE = Phrase("{sides} leaves the GPU idle ({busy}): {meaning}")
_SOME = Phrase("{sides} leave the GPU idle ({busy}): {meaning}")
_LAUNCHING = Phrase("this compares how fast each launches work.")
_FEEDING = Phrase("this compares how fast each brings it data.")
_LAUNCHING_OF = Phrase("the time of {sides} is that of launching work, not of computing.")
_FEEDING_OF = Phrase("the time of {sides} is that of bringing it data, not of computing.")


class Source(StrEnum):
    """By what the busy share is known."""

    PROFILE = "profile"
    NVML = "nvml"


_BUSY_BY = {
    Source.PROFILE: Phrase("{shares} busy by a profile's kernel times"),
    Source.NVML: Phrase("{shares} busy by NVML"),
}


@dataclass(frozen=True, slots=True)
class GpuUse:
    """A side's use of the GPU: ``busy``, the share of its training in which a kernel ran.

    ``kernels``: that a step launches; ``gap_seconds``: the mean time between two of them, None: not
    profiled. ``waiting``: the share of training in which it waited for data.
    """

    busy: float
    source: Source
    kernels: float | None = None
    gap_seconds: float | None = None
    waiting: float = 0.0

    @property
    def idle(self) -> bool:
        """Whether the GPU waits for most of the time."""
        return self.busy < BUSY


Uses = Mapping[str, GpuUse]  # by side, those that are known


def gpu_uses(
    trials: Mapping[str, Sequence[Trial]], profiles: Mapping[str, Profiled]
) -> dict[str, GpuUse]:
    """Return what is known about each side's GPU, from its trials or better from its profile."""
    found = {side: _use(group, profile_of(side, profiles)) for side, group in trials.items()}
    return {side: use for side, use in found.items() if use is not None}


def profile_of(side: str, profiles: Mapping[str, Profiled]) -> Profiled | None:
    """Return the profile of a side, of which two identical ones have one."""
    return profiles.get(side) or profiles.get(replace(Side.named(side), letter="").name)


def _use(trials: Sequence[Trial], profile: Profiled | None) -> GpuUse | None:
    epochs = [epoch for trial in trials for epoch in trial.epochs]
    trained = sum(epoch.train_seconds for epoch in epochs)
    waiting = sum(epoch.data_wait_seconds or 0.0 for epoch in epochs) / trained if trained else 0.0
    if profile is not None and profile.kernels:
        # The profiler slows launches down, and kernels hardly: so its kernels, in timed steps.
        steps = [seconds for trial in trials if (seconds := _step_seconds(trial))]
        step = median(steps) if steps else profile.wall_seconds / profile.steps
        if step:
            kernels, busy = profile.kernels / profile.steps, profile.busy_seconds / profile.steps
            gap = max(0.0, step - busy) / kernels
            return GpuUse(min(1.0, busy / step), Source.PROFILE, kernels, gap, waiting)
    shares = [
        share
        for trial in trials
        if sum(epoch.train_seconds for epoch in trial.epochs) >= _LEAST_SECONDS
        and trial.accelerator
        and (share := trial.accelerator.mean_utilization) is not None
    ]
    return GpuUse(median(shares), Source.NVML, waiting=waiting) if shares else None


def _step_seconds(trial: Trial) -> float | None:
    if not trial.epochs or not trial.epoch_steps:
        return None
    return median(epoch.train_seconds for epoch in trial.epochs) / trial.epoch_steps


def share(use: GpuUse) -> str:
    """Return the busy share for people: ``13 %``."""
    return f"{100 * use.busy:.3g} %"


def what_idles(uses: Uses, sides: Sequence[str]) -> Sentence | None:
    """Say which of a comparison's sides leave the GPU idle, and what is then compared.

    None: none does, as far as is known.
    """
    idle = {side: uses[side] for side in sides if side in uses and uses[side].idle}
    if not idle:
        return None
    names, busy = listed([label(side) for side in idle]), _busy([*idle.values()])
    waits = any(use.waiting > _WAITING for use in idle.values())
    if len(idle) == len(sides) > 1:
        meaning = english(_FEEDING if waits else _LAUNCHING)
        return english(_BOTH if len(sides) == 2 else _ALL, busy=busy, meaning=meaning)
    meaning = english(_FEEDING_OF if waits else _LAUNCHING_OF, sides=names)
    phrase = _ONE if len(idle) == 1 else _SOME
    return english(phrase, sides=names, busy=busy, meaning=meaning)


def _busy(uses: Sequence[GpuUse]) -> Sentence:
    """Say how busy each was, and by what that is known: once, if it is the same for all."""
    if len({use.source for use in uses}) == 1:
        return english(_BUSY_BY[uses[0].source], shares=listed([share(use) for use in uses]))
    return listed([english(_BUSY_BY[use.source], shares=share(use)) for use in uses])
