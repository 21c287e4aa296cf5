"""Where a side's memory went: by phase, and its peak in training by what it held."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from twinrun.contract.memory import MemoryUsed

from orchestrator.language.phrases import Phrase
from orchestrator.trials.trial import Trial

# Each part of the peak in training, and the field of `MemoryUsed` that has its size, or `_ADDED`.
_PARTS: Mapping[Phrase, str] = {
    Phrase("  the framework, before the data"): "started_bytes",
    Phrase("  what the build loaded besides: libraries, copies"): "added_bytes",
    Phrase("  data"): "data_bytes",
    Phrase("  parameters"): "parameter_bytes",
    Phrase("  the optimizer's state"): "optimizer_bytes",
    Phrase("  child processes"): "children_bytes",
}
_DATA, _ADDED = "data_bytes", "added_bytes"
_REST = Phrase("  the rest: gradients, activations, copies, buffers")
_BUILT = Phrase("Resident after the build")
_TRAIN, _EVALUATE = Phrase("Peak in training"), Phrase("Peak in evaluation")
_ALLOCATOR = Phrase("Device: peak of the framework's allocator")
_DRIVER = Phrase("Device: peak by the driver, whoever used it")


@dataclass(frozen=True, slots=True)
class Line:
    """A row's ``title`` and bytes; a title that begins with a space: a part of the peak above."""

    title: Phrase
    size_bytes: float | None


def lines(trials: Sequence[Trial]) -> list[Line]:
    """Return a side's memory, in medians over its trials; None stands for what is not known.

    The parts of the peak in training add up to it: the rest is what the others leave. Data that
    are larger than what was resident were not all read, so they have no size, and are in the rest.
    """
    used = [found for trial in trials if trial.resources and (found := trial.resources.memory)]
    train = _sum_of(_median(used, "train_peak_bytes"), _median(used, "children_bytes"))
    return [
        Line(_BUILT, _median(used, "built_bytes")),
        Line(_TRAIN, train),
        *_parts(used, train),
        Line(_EVALUATE, _median(used, "evaluate_peak_bytes")),
        *_device(trials),
    ]


def _parts(used: Sequence[MemoryUsed], peak: float | None) -> Iterator[Line]:
    sizes = {field: _median(used, field) for field in _PARTS.values() if field != _ADDED}
    sizes[_ADDED] = _added(sizes, _median(used, "built_bytes"))
    sizes = {field: None if peak is None else size for field, size in sizes.items()}
    for doubtful in (_ADDED, _DATA):
        if _rest(peak, sizes) is None:
            sizes[doubtful] = None
    yield from (Line(title, sizes[field]) for title, field in _PARTS.items())
    yield Line(_REST, _rest(peak, sizes))


def _added(sizes: Mapping[str, float | None], built: float | None) -> float | None:
    """Return what was resident after the build, besides what else was. None: not known, or less."""
    there = [sizes[field] for field in ("started_bytes", _DATA, "parameter_bytes")]
    known = [size for size in there if size is not None]
    if built is None or len(known) < len(there) or built < sum(known):
        return None
    return built - sum(known)


def _rest(peak: float | None, sizes: Mapping[str, float | None]) -> float | None:
    """Return what the sizes leave of the peak. None: it is not known, or they exceed it."""
    if peak is None:
        return None
    rest = peak - sum(size for size in sizes.values() if size is not None)
    return rest if rest >= 0 else None


def _device(trials: Sequence[Trial]) -> Iterator[Line]:
    """Yield the two accounts of a GPU's memory, which include different things."""
    of: Mapping[Phrase, Callable[[Trial], int | None]] = {
        _ALLOCATOR: lambda t: t.resources.peak_device_memory_bytes or None if t.resources else None,
        _DRIVER: lambda t: t.accelerator.peak_memory_bytes if t.accelerator else None,
    }
    for title, measure in of.items():
        known = [size for trial in trials if (size := measure(trial)) is not None]
        yield Line(title, median(known) if known else None)


def _median(used: Sequence[MemoryUsed], field: str) -> float | None:
    known = [size for each in used if (size := getattr(each, field)) is not None]
    return median(known) if known else None


def _sum_of(own: float | None, children: float | None) -> float | None:
    return None if own is None else own + (children or 0)
