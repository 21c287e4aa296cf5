"""Where each block of a run over several machines ran, and where one failed: blocks.jsonl."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from twinrun.contract.event_log import whole_lines

from orchestrator.errors import RunUnreadable
from orchestrator.language.phrases import Phrase, english
from orchestrator.settings import keeping
from orchestrator.settings.keeping import Condition
from orchestrator.storage.files import reading, write_whole, writing
from orchestrator.trials.mappings.reading import read
from orchestrator.trials.text import cleaned_json

FILE = "blocks.jsonl"
_NOT_JSON = Phrase("{path}, line {line}, cannot be read: {error}")


@dataclass(frozen=True, slots=True)
class Ran:
    """A block that ran on a ``machine``. ``failed``: why it did not end there; None: it did.

    ``block``: its number, from 1; 0: the machine failed before it had one. ``under``: what
    disturbed it, where that is known. ``gpu``: the one that it had, where blocks ran on several of
    a machine at once; the machine is the same.
    """

    block: int
    machine: str
    failed: str | None = None
    under: Condition | None = None
    gpu: str | None = None

    @property
    def place(self) -> str:
        """The name of where it ran."""
        return keeping.place(self.machine, self.gpu)


def at(block: int, place: str, failed: str | None = None, under: Condition | None = None) -> Ran:
    """Return a block that ran in the ``place`` of that name."""
    machine, gpu = keeping.parted(place)
    return Ran(block, machine, failed, under, gpu)


def blocks(run: Path) -> list[Ran]:
    """Return what is known of a run's blocks, in order; nothing if it is of no cluster.

    Raises RunUnreadable.
    """
    path = run / FILE
    if not path.exists():
        return []
    with reading(path):
        lines = list(whole_lines(path))
    return [_parsed(path, number, line) for number, line in enumerate(lines, start=1)]


def machines(run: Path) -> dict[int, str]:
    """Return the machine of each block that ended, by number. Raises RunUnreadable."""
    return {each.block: each.machine for each in blocks(run) if each.failed is None}


def places(run: Path) -> dict[int, str]:
    """Return the place of each block that ended, by number. Raises RunUnreadable."""
    return {each.block: each.place for each in blocks(run) if each.failed is None}


def keep(run: Path, which: Iterable[Ran]) -> None:
    """Write the file anew, with nothing but ``which``. Raises OutputError."""
    write_whole(run / FILE, b"".join(map(_line, which)))


def add(run: Path, ran: Ran) -> None:
    """Append one, whose line is there whole or not at all. Raises OutputError."""
    with writing(run / FILE), (run / FILE).open("ab", buffering=0) as file:
        file.write(_line(ran))


def _line(ran: Ran) -> bytes:
    failed = {} if ran.failed is None else {"failed": ran.failed}
    under = {} if ran.under is None else {"under": asdict(ran.under)}
    gpu = {} if ran.gpu is None else {"gpu": ran.gpu}
    mapping = {"block": ran.block, "machine": ran.machine, **gpu, **failed, **under}
    return json.dumps(mapping, ensure_ascii=False).encode() + b"\n"


def _parsed(path: Path, number: int, line: bytes) -> Ran:
    try:
        found = cleaned_json(json.loads(line))
    except (ValueError, RecursionError) as error:
        raise RunUnreadable(english(_NOT_JSON, path=path, line=number, error=error)) from error
    return read(Ran, found, f"{path}, line {number}")
