"""Where the time went and how far that is from the machine's peak: rows for each side."""

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from twinrun.contract.enums import Device
from twinrun.contract.events import EpochFinished, Load

from orchestrator.language.phrases import Phrase, Sentence, english, say
from orchestrator.language.words import label, number, percent
from orchestrator.reports.grid import QUANTITY, UNKNOWN, Grid, known, of_sides, row
from orchestrator.results.comparison import Comparison
from orchestrator.results.quantities import EPOCH
from orchestrator.results.verdict import Verdict
from orchestrator.storage import machine
from orchestrator.trials.gpu_use import GpuUse, Source, share
from orchestrator.trials.trial import Trial

_PHASES = {
    "import": Phrase("import"),
    "data": Phrase("data"),
    "build": Phrase("build"),
    "compile": Phrase("compile (warm-up)"),
    "train": Phrase("train"),
    "evaluate": Phrase("evaluate"),
}
_SECONDS = Phrase("{wall} s, CPU {cpu} s")
_GAP = Phrase("{ours} of {most} {unit}: {share}")
_BUSY_BY = {
    Source.PROFILE: Phrase("{share} (profile)"),
    Source.NVML: Phrase("{share} (NVML)"),
}
_NOT_MEASURED = Phrase(
    "The machine's peak rates are not known; 'orchestrator env --measure' with the "
    "same --workload, --threads, --precision and --device measures them."
)
_DATA = Phrase("Waiting for data")
_WAITED = Phrase(
    "In an epoch {slower} waited for data {waited} s and {faster} {other} s: {share} of the "
    "difference."
)
_WORK, _FEWER = Phrase("More CPU work"), Phrase("Fewer CPUs in use")
_WORKED = Phrase("For an epoch {slower} took {used} CPU seconds and {faster} {other}.")
_SPREAD = Phrase("{slower} kept {used} CPUs in use and {faster} {other}.")
_KERNELS, _IDLE = Phrase("Longer work on the GPU"), Phrase("The GPU waited")
_COMPUTED = Phrase(
    "In an epoch {slower} kept the GPU busy for {used} s and {faster} for {other} s."
)
_IDLED = Phrase("{slower} kept the GPU busy for {used} of its training and {faster} for {other}.")
_MOST = 0.5  # of a difference, from which on a cause is named


@dataclass(frozen=True, slots=True)
class Cause:
    """The largest measured cause of a difference, in a few words and in a sentence."""

    short: Sentence
    sentence: Sentence


def why(comparison: Comparison) -> Grid:
    """Return medians over the trials of each side; rows without values are left out."""
    shown: dict[Phrase, Callable[[Sequence[Trial]], str]] = {}
    for phase, title in _PHASES.items():
        shown[title] = functools.partial(_phase, phase=phase)
        if phase == "train":
            shown[Phrase("  waiting for data")] = _waiting
            shown[Phrase("  taking steps")] = _stepping
            shown[Phrase("  synchronising")] = _synchronising
            shown[Phrase("  CPUs in use")] = lambda trials: _cpus(
                trials, lambda load: load.own_cpu_seconds
            )
            shown[Phrase("  CPUs taken by others")] = lambda trials: _cpus(
                trials, lambda load: load.other_cpu_seconds + load.stolen_seconds
            )
    shown[Phrase("Products")] = lambda trials: _rate(
        trials, "epoch_operations", _most(comparison, trials)[0], "GFLOP/s"
    )
    shown[Phrase("Memory traffic")] = lambda trials: _rate(
        trials, "epoch_bytes", _most(comparison, trials)[1], "GB/s"
    )
    groups = comparison.counted.values()
    rows = [row(say(name), [value(trials) for trials in groups]) for name, value in shown.items()]
    uses = [comparison.gpu.get(side) for side in comparison.counted]
    rows += [
        row(say(name), [(value(use) if use else None) or UNKNOWN for use in uses])
        for name, value in _OF_GPU.items()
    ]
    return Grid(of_sides(QUANTITY, list(comparison.counted)), known(rows))


def _busy(use: GpuUse) -> str:
    return say(_BUSY_BY[use.source], share=share(use))


def _kernels(use: GpuUse) -> str | None:
    return None if use.kernels is None else number(use.kernels)


def _gap(use: GpuUse) -> str | None:
    return None if use.gap_seconds is None else f"{number(1e6 * use.gap_seconds)} µs"


_OF_GPU: Mapping[Phrase, Callable[[GpuUse], str | None]] = {
    Phrase("GPU busy"): _busy,
    Phrase("  kernels per step"): _kernels,
    Phrase("  between two kernels"): _gap,
}


def why_sentence(comparison: Comparison) -> str | None:
    """Say what to do to learn more; None: everything is known."""
    rates = [_most(comparison, trials) for trials in comparison.counted.values()]
    unknown = not all(map(all, rates))
    measurable = comparison.job.devices == 1  # a measurement is of one device
    return say(_NOT_MEASURED) if unknown and measurable and comparison.verdicts else None


def causes(comparison: Comparison) -> Iterator[Cause]:
    """Yield the cause of each difference that is shown, of the largest one first, if known."""
    shown = [verdict for verdict in comparison.verdicts if verdict.shown]
    for verdict in sorted(shown, key=lambda each: -each.ratio):
        if (found := _cause(comparison, verdict)) is not None:
            yield found


def _cause(comparison: Comparison, verdict: Verdict) -> Cause | None:
    """Return what made up most of it: waiting, or else the amount of work, or its spread."""
    names = {"slower": label(verdict.slower), "faster": label(verdict.faster)}
    sides = verdict.slower, verdict.faster
    slow, fast = (verdict.seconds[side] for side in sides)
    if slow <= fast:  # the pairs say otherwise than the medians
        return None
    waits = [_waited(comparison.counted[side]) for side in sides]
    part = 0.0
    if waits[0] is not None and waits[1] is not None:
        part = (waits[0] - waits[1]) / (slow - fast)
    if part >= _MOST:
        waited, other = (number(each or 0.0) for each in waits)
        values = {"waited": waited, "other": other, "share": f"{100 * min(part, 1.0):.0f} %"}
        return Cause(english(_DATA), english(_WAITED, **names, **values))
    on_gpu = comparison.job.device is Device.CUDA
    busy = [_busy_of(comparison, side, on_gpu=on_gpu) or 0.0 for side in sides]
    if not all(busy):
        return None
    # Seconds are work over how much of it is done at a time.
    if math.log(busy[1] / busy[0]) / math.log(slow / fast) < _MOST:
        short, sentence = (_KERNELS, _COMPUTED) if on_gpu else (_WORK, _WORKED)
        used, other = number(busy[0] * slow), number(busy[1] * fast)
    else:
        short, sentence = (_IDLE, _IDLED) if on_gpu else (_FEWER, _SPREAD)
        used, other = (f"{100 * each:.3g} %" if on_gpu else f"{each:.2f}" for each in busy)
    return Cause(english(short), english(sentence, **names, used=used, other=other))


def _busy_of(comparison: Comparison, side: str, *, on_gpu: bool) -> float | None:
    """Return CPUs in use, or the share of its training in which the GPU worked."""
    if not on_gpu:
        return cpus_in_use(comparison.counted[side])
    use = comparison.gpu.get(side)
    return use.busy if use else None


def _waited(trials: Sequence[Trial]) -> float | None:
    """Return the seconds that an epoch waited for data, the median of the trials; None: unknown."""
    waits = [(trial.seconds("data_wait"), len(trial.epochs)) for trial in trials if trial.epochs]
    means = [seconds / epochs for seconds, epochs in waits if seconds is not None]
    return median(means) if means and len(means) == len(waits) else None


def _most(comparison: Comparison, trials: Sequence[Trial]) -> tuple[float, float]:
    """Return the machine's peak rates for a side's trials, which may change the precision."""
    spec = next((trial.spec for trial in trials if trial.spec), comparison.job)
    return machine.best_rates(comparison.known, spec)


def _phase(trials: Sequence[Trial], *, phase: str) -> str:
    both = [(t.phases[phase], t.cpu_seconds[phase]) for t in trials if phase in t.phases]
    if not both:
        return UNKNOWN
    wall, cpu = (median(values) for values in zip(*both, strict=True))
    return say(_SECONDS, wall=number(wall), cpu=number(cpu))


def _waiting(trials: Sequence[Trial]) -> str:
    known = [trial.seconds("data_wait") for trial in trials if trial.epochs]
    if None in known:
        return UNKNOWN
    return _of_training(trials, lambda epoch: epoch.data_wait_seconds or 0.0)


def _synchronising(trials: Sequence[Trial]) -> str:
    return _of_training(trials, lambda epoch: epoch.sync_seconds)


def _stepping(trials: Sequence[Trial]) -> str:
    """Return the rest of training; if it is not known, the phase covers it."""
    if _synchronising(trials) == UNKNOWN:
        return UNKNOWN
    return _of_training(
        trials,
        lambda epoch: epoch.train_seconds - (epoch.data_wait_seconds or 0.0) - epoch.sync_seconds,
    )


def _of_training(trials: Sequence[Trial], seconds: Callable[[EpochFinished], float]) -> str:
    sums = [sum(map(seconds, trial.epochs)) for trial in trials if trial.epochs]
    return f"{number(median(sums))} s" if any(sums) else UNKNOWN


def cpus_in_use(trials: Sequence[Trial]) -> float | None:
    """Return CPUs used by a trial's own process in training, the median. None: not reported."""
    return _median_cpus(trials, lambda load: load.own_cpu_seconds)


def _cpus(trials: Sequence[Trial], seconds: Callable[[Load], float]) -> str:
    cpus = _median_cpus(trials, seconds)
    return UNKNOWN if cpus is None else f"{cpus:.2f}"


def _median_cpus(trials: Sequence[Trial], seconds: Callable[[Load], float]) -> float | None:
    values = [
        sum(seconds(epoch.load) for epoch in trial.epochs if epoch.load) / trained
        for trial in trials
        if (trained := sum(epoch.train_seconds for epoch in trial.epochs if epoch.load))
    ]
    return median(values) if values else None


def _rate(trials: Sequence[Trial], field: str, most: float, unit: str) -> str:
    ours = _per_second(trials, field)
    if not ours:
        return UNKNOWN
    if not most:
        return f"{number(ours / 1e9)} {unit}"
    names = {"ours": number(ours / 1e9), "most": number(most / 1e9), "unit": unit}
    return say(_GAP, **names, share=percent(ours / most))


def _per_second(trials: Iterable[Trial], field: str) -> float | None:
    rates = [
        getattr(trial.inputs, field) / seconds
        for trial in trials
        if trial.inputs and (seconds := EPOCH.measure(trial, None))
    ]
    return median(rates) if rates else None
