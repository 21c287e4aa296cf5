"""The largest batch that each side can train: by doubling, then by bisection."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.trials.mappings.stored import as_json

SCHEMA = "twinrun.largest-batch/1"
_MOST = 1_000_000  # samples of a batch, in any job
_ALL = Phrase("nothing: all {samples:,} training samples fit into one batch")
_MOST_OF_ALL = Phrase("nothing: no job takes a larger batch")


@dataclass(frozen=True, slots=True)
class Tried:
    """``why``: what ended a try that does not fit; None: it fits. ``peak_bytes``: if it is known.

    ``samples``: of the training split; 0: not known, as the try ended before.
    """

    batch_size: int
    why: Sentence | None
    peak_bytes: int | None = None
    samples: int = 0

    @property
    def fits(self) -> bool:
        return self.why is None


@dataclass(frozen=True, slots=True)
class Largest:
    """``best``: the largest try that fits; None: not even a batch of one does.

    ``above``: the smallest that does not; None: nothing larger can be asked for.
    """

    side: str
    best: Tried | None
    above: Tried | None
    tried: Sequence[Tried]

    @property
    def stopped(self) -> Sentence:
        """What stopped the next larger batch."""
        if self.above is not None and self.above.why is not None:
            return self.above.why
        samples = self.best.samples if self.best else 0
        if samples > _MOST:
            return english(_MOST_OF_ALL)
        return english(_ALL, samples=samples)


def find(side: str, first: int, within: float, attempt: Callable[[int], Tried]) -> Largest:
    """Find the largest batch, beginning with ``first`` samples.

    A batch is doubled until it does not fit, or halved until it does. Then the middle is tried
    until the smallest that does not fit is at most ``1 + within`` times the largest that does.
    """
    tried = list[Tried]()
    best: Tried | None = None
    above: Tried | None = None
    size = first
    while True:
        found = attempt(size)
        tried.append(found)
        if found.fits:
            best = found
            most = min(found.samples or _MOST, _MOST)
        else:
            above = found
        if best is None:
            if size == 1:
                break
            size //= 2
        elif above is None:
            if size >= most:
                break
            size = _allowed(min(2 * size, most), best)
        else:
            gap = above.batch_size - best.batch_size
            if above.batch_size <= best.batch_size * (1 + within) or gap < 2:
                break
            size = _allowed((best.batch_size + above.batch_size) // 2, best)
        if best is not None and size <= best.batch_size:
            break
    return Largest(side, best, above, tried)


def _allowed(size: int, best: Tried) -> int:
    """Return a size that leaves no last batch of one sample, which a batch norm may not take."""
    while size > best.batch_size and best.samples % size == 1:
        size -= 1
    return size


def as_dict(found: Sequence[Largest], limit_bytes: int | None) -> dict[str, object]:
    """Return the result as JSON; ``limit_bytes``: of a try's memory, None: there was none."""
    sides = [
        {
            "side": each.side,
            "largest_batch": each.best.batch_size if each.best else None,
            "peak_memory_bytes": each.best.peak_bytes if each.best else None,
            "next_batch": each.above.batch_size if each.above else None,
            "stopped_by": each.stopped,
            "tried": each.tried,
        }
        for each in found
    ]
    return as_json({"schema": SCHEMA, "memory_limit_bytes": limit_bytes, "sides": sides})
