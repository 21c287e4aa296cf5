"""Reports on mutants."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.mutants.known import Known
from tests.mutants.operators import Mutant
from tests.mutants.planted import KIND as PLANTED_KIND


@dataclass(frozen=True, slots=True)
class Found:
    """``caught``: by what, and ``where``: a case or a test; empty if nothing caught it.

    ``tried``: the number of cases or test files.
    """

    name: str
    kind: str
    statement: str
    caught: str
    where: str
    tried: int
    reason: str  # why it is no matter that it was not caught; empty: it is

    @property
    def survived(self) -> bool:
        return not self.caught and not self.reason


def found(
    mutant: Mutant, known: Known, *, caught: str = "", where: str = "", tried: int = 0
) -> Found:
    """Return the result, with the known reason if it was not caught."""
    reason = "" if caught else known.reason(mutant)
    if not caught and not tried:
        reason = reason or known.out_of_reach(mutant)
    return Found(mutant.name, mutant.kind, mutant.statement, caught, where, tried, reason)


def whole(results: Sequence[Found]) -> set[str]:
    """Return the files all of whose mutants were tried: a planted fault alone is not all."""
    return {each.name.split(":")[0] for each in results if each.kind != PLANTED_KIND}


def table(results: Sequence[Found]) -> str:
    """Return counts by file, in Markdown."""
    lines = ["| file | mutants | caught | change nothing | not run here | survive |"]
    lines.append("|---|---|---|---|---|---|")
    files = list(dict.fromkeys(each.name.split(":")[0] for each in results))
    for file in [*files, ""]:
        group = [each for each in results if each.name.startswith(file)]
        caught = sum(1 for each in group if each.caught)
        equivalent = sum(1 for each in group if each.reason and each.tried)
        unreached = sum(1 for each in group if each.reason and not each.tried)
        left = sum(1 for each in group if each.survived)
        counts = (len(group), caught, equivalent, unreached, left)
        lines.append(f"| {file or 'all'} | {' | '.join(map(str, counts))} |")
    return "\n".join(lines)


def by_what(results: Sequence[Found]) -> str:
    counts = Counter(_what(each.caught) for each in results if each.caught)
    return "\n".join(f"{count:5} {what}" for what, count in counts.most_common())


def _what(caught: str) -> str:
    """Return a refusal's first words, without numbers."""
    kind, colon, rest = caught.partition(": ")
    if kind in ("failed", "judge") and colon:
        return f"{kind}: {rest.partition(':')[0]}"
    words = caught.removeprefix("Not shown to be the same job, because ").split()
    return " ".join(word for word in words[:7] if not any(c.isdigit() for c in word))


def faults(results: Sequence[Found], stale: Sequence[str]) -> Iterator[str]:
    """Yield one line for each result that needs attention."""
    for each in results:
        if each.survived:
            tried = f"survived {each.tried}" if each.tried else "no case runs it"
            yield f"{each.name}\n    {tried}; {each.statement[:150]}"
        if each.caught.startswith("judge: "):
            yield f"{each.name}\n    no certificate, but an error of its maker: {each.caught}"
    yield from stale


class Log:
    """Stores each result as soon as it is known, one line of JSON each."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w")

    def add(self, result: Found) -> Found:
        self._file.write(json.dumps(asdict(result)) + "\n")
        self._file.flush()
        return result
