"""What each machine of a run does now, from the run's directory: no runner is asked for it."""

import functools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import label
from orchestrator.storage import blocks, clustering
from orchestrator.storage.store import Run

_RUNS = Phrase("{machine}: {side} in block {number}; {ended} blocks have ended")
_RUNS_OF = Phrase("{machine}: {side} in block {number} of {cell}; {ended} blocks have ended")
_RUNS_NOTHING = Phrase("{machine}: no block now; {ended} blocks have ended")
_FAILED = Phrase("{what}, and {failed} failed")


@dataclass(frozen=True, slots=True)
class _Block:
    """A block that runs: its number, the ``cell`` of a sweep or nothing, and whose trial it is."""

    number: str
    cell: str
    side: str


def machines(run: Run) -> tuple[Sentence, ...]:
    """Say what each machine does; nothing if the run is of no cluster.

    Raises OSError, RunUnreadable.
    """
    plan = clustering.plan_of(run)
    if plan is None:
        return ()
    ended, failed, now = Counter[str](), Counter[str](), dict[str, _Block]()
    for part, cell in parts(run):
        counts = _counts(part.path)
        ended.update(counts[0])
        failed.update(counts[1])
        now |= dict(_running(part, cell))
    names = dict.fromkeys([*plan.addresses, *now, *ended])
    return tuple(_said(name, now.get(name), ended[name], failed[name]) for name in names)


def parts(run: Run) -> Iterator[tuple[Run, str]]:
    """Yield the run itself, and the cells of a sweep, each with its name."""
    yield run, ""
    for file in run.path.glob(f"*/{clustering.CLUSTER}.json"):
        yield Run(file.parent), file.parent.name


def _counts(path: Path) -> tuple[Mapping[str, int], Mapping[str, int]]:
    file = path / blocks.FILE
    if not file.exists():
        return {}, {}
    state = file.stat()
    return _counted(path, state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=1024)
def _counted(path: Path, _time: int, _size: int) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Count the blocks of each machine that ended, and that failed; anew if the file changed."""
    known = [each for each in blocks.blocks(path) if each.block]
    return (
        Counter(each.place for each in known if each.failed is None),
        Counter(each.place for each in known if each.failed is not None),
    )


def _running(part: Run, cell: str) -> Iterator[tuple[str, _Block]]:
    for machine, block in clustering.left(part):
        began = {file: file.stat().st_mtime_ns for file in (block.path / "jobs").glob("*.json")}
        if began:
            newest = max(began, key=lambda file: began[file])
            side = newest.stem.rpartition("-")[0]
            yield machine, _Block(block.path.name.partition("-")[0], cell, side)


def _said(machine: str, now: _Block | None, ended: int, failed: int) -> Sentence:
    names: dict[str, object] = {"machine": machine, "ended": ended}
    if now is None:
        said = english(_RUNS_NOTHING, **names)
    else:
        names |= {"side": label(now.side), "number": now.number, "cell": now.cell}
        said = english(_RUNS_OF if now.cell else _RUNS, **names)
    return english(_FAILED, what=said, failed=failed) if failed else said
