"""Where the time went and how far that is from the machine's peak: rows for each side."""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median

from twinrun.contract.events import EpochFinished, Load

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import number, percent
from orchestrator.reports.grid import QUANTITY, UNKNOWN, Grid, known, of_sides, row
from orchestrator.results.comparison import Comparison
from orchestrator.results.quantities import EPOCH
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
    return say(_NOT_MEASURED) if unknown and comparison.verdicts else None


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
