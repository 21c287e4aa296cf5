"""The texts above and below the figures of a comparison."""

import math
from collections.abc import Callable, Sequence
from statistics import median

from twinrun.contract.enums import JobState
from twinrun.contract.events import EpochFinished

from orchestrator.figures.panels.bars import median_phases
from orchestrator.language.phrases import Phrase, join, say
from orchestrator.language.words import COMMA, label, memory, number, percent, with_version
from orchestrator.results.break_even import ahead
from orchestrator.results.comparison import Comparison
from orchestrator.results.quantities import PEAK_MEMORY, TARGET
from orchestrator.results.roofline import rooflines
from orchestrator.trials.changes import of_baseline
from orchestrator.trials.mappings.names import data_title
from orchestrator.trials.metrics import ACCURACY, finite, headline, target_of
from orchestrator.trials.sides import whole
from orchestrator.trials.spec import optimizer_name
from orchestrator.trials.trial import Trial

_BATCH_SIZE = Phrase("batch size {size}")
_THREADS = Phrase("threads {threads}")
_ACCURACIES = Phrase("Test accuracies end within {points:.2f} points of each other.")
_METRICS = Phrase("Values of {metric} end within {apart} of each other.")
_METRIC = Phrase("{framework} ends at {value} {metric}.")
_LOSSES = Phrase("Training losses of the last epoch are within {share} of each other.")
_LOSS = Phrase("{framework} ends at a training loss of {loss}.")
_REACHED = Phrase("To {target} {metric}: {times} of training.")
_REACHED_AFTER = Phrase("{framework} {seconds} s")
_NOT_REACHED = Phrase("Not every trial reached {target} {metric}.")
_NO_TARGET = Phrase("{metric} over the seconds trained.")
_TIME = Phrase("Training took {times}.")
_TIME_OF_ALL = Phrase("{framework} {train} s of {seconds} s")
_ROOFLINE = Phrase("An epoch over what its arithmetic needs at the machine's rate: {times}.")
_TIMES_OF = Phrase("{side} {times} times")
_MEMORY = Phrase("Peak memory: {sizes}.")
_MEMORY_OF = Phrase("{framework} {size}")


def titles(comparison: Comparison) -> dict[str, str]:
    """Return the titles of figures that have something to show."""
    trials = trials_of(comparison)
    texts: dict[str, str] = {"time": _time_title(comparison)} if trials else {}
    if any(verdict.pairs > 1 for verdict in comparison.verdicts):
        texts["ratios"] = say(comparison.finding)
    if sentences := [each.sentence for each in ahead(comparison) if each.low is not None]:
        texts["ahead"] = say(sentences[0])
    if found := rooflines(comparison):
        names = [(label(each.side), each.epoch_seconds / each.arithmetic_seconds) for each in found]
        times = [say(_TIMES_OF, side=side, times=number(times)) for side, times in names]
        texts["roofline"] = say(_ROOFLINE, times=_listed(times))
    if any(trial.epochs for trial in trials):
        texts["accuracy"] = _accuracy_title(comparison)
        texts["reaching"] = _reaching_title(comparison)
    if any(len(trial.losses) for trial in trials):
        texts["loss"] = _loss_title(comparison)
    if any(PEAK_MEMORY.measure(trial, None) for trial in trials):
        texts["memory"] = _memory_title(comparison)
    return texts


def trials_of(comparison: Comparison) -> list[Trial]:
    return [trial for group in comparison.trials.values() for trial in group]


def footer(comparison: Comparison) -> list[str]:
    """Return what ran, and whether it was the same job."""
    certificates = comparison.certificates
    proofs = certificates.sentences if certificates else []
    return [_job_line(comparison), *map(say, proofs)]


def _job_line(comparison: Comparison) -> str:
    job = of_baseline(comparison.trials, comparison.baseline, comparison.job)
    changed = {whole(each.field) for each in comparison.changed}
    same = {
        "dataset": data_title(job.dataset),
        "optimizer": optimizer_name(job),
        "batch_size": say(_BATCH_SIZE, size=job.batch_size),
        "precision": job.precision,
        "device": job.device,
        "threads": say(_THREADS, threads=job.threads) if job.threads else "",
    }
    parts = [
        *(text for field, text in same.items() if text and field not in changed),
        *(
            with_version(name, trials[0].environment.framework_version)
            for name, trials in comparison.trials.items()
            if trials[0].environment
        ),
    ]
    return ", ".join(parts)


def _accuracy_title(comparison: Comparison) -> str:
    metric = headline(comparison.job)
    ends = _ends(comparison, lambda epoch: metric.of(epoch.test))
    if len(ends) > 1:
        apart = max(ends.values()) - min(ends.values())
        if metric is ACCURACY:
            return say(_ACCURACIES, points=100 * apart)
        return say(_METRICS, metric=metric.test, apart=metric.apart(apart))
    for name, value in ends.items():
        names = {"framework": label(name), "metric": metric.test}
        return say(_METRIC, **names, value=metric.written(value))
    return say(comparison.finding)


def _loss_title(comparison: Comparison) -> str:
    ends = _ends(comparison, lambda epoch: epoch.train_loss)
    if not all(value > 0 for value in ends.values()):
        return say(comparison.finding)
    if len(ends) > 1:
        apart = max(ends.values()) / min(ends.values()) - 1
        return say(_LOSSES, share=percent(max(1, math.ceil(10_000 * apart)) / 10_000))
    for name, value in ends.items():
        return say(_LOSS, framework=label(name), loss=number(value))
    return say(comparison.finding)


def _time_title(comparison: Comparison) -> str:
    if not comparison.verdicts:
        return say(comparison.finding)
    parts = []
    for name, trials in comparison.counted.items():
        phases = median_phases(trials)
        names = {"framework": label(name), "train": number(phases["train"])}
        parts.append(say(_TIME_OF_ALL, **names, seconds=number(sum(phases.values()))))
    return say(_TIME, times=_listed(parts))


def _reaching_title(comparison: Comparison) -> str:
    target = target_of(comparison.job)
    if target is None:
        return say(_NO_TARGET, metric=headline(comparison.job).heading)
    metric, wanted = target
    names = {"target": metric.written(wanted), "metric": metric.test}
    counted, job = comparison.counted, comparison.job
    if any(TARGET.measure(t, job) is None for trials in counted.values() for t in trials):
        return say(_NOT_REACHED, **names)
    times = {name: TARGET.of(trials, job) or 0.0 for name, trials in counted.items()}
    parts = [
        say(_REACHED_AFTER, seconds=number(seconds), framework=label(name))
        for name, seconds in times.items()
    ]
    return say(_REACHED, **names, times=_listed(parts))


def _memory_title(comparison: Comparison) -> str:
    parts = [
        say(_MEMORY_OF, framework=label(name), size=memory(size))
        for name, trials in comparison.counted.items()
        if (size := PEAK_MEMORY.of(trials, comparison.job))
    ]
    return say(_MEMORY, sizes=_listed(parts))


def _listed(texts: Sequence[str]) -> str:
    return say(join(COMMA, texts))


def _ends(
    comparison: Comparison, measure: Callable[[EpochFinished], float | None]
) -> dict[str, float]:
    """Return each framework's median with the final weights; empty unless all have a number."""
    ends = {}
    for name, trials in comparison.counted.items():
        if all(trial.state is JobState.SUCCEEDED and trial.epochs for trial in trials):
            values = [finite(measure(trial.final)) for trial in trials if trial.final]
            known = [value for value in values if value is not None]
            if known and len(known) == len(values):
                ends[name] = median(known)
    return ends if len(ends) == len(comparison.trials) else {}
