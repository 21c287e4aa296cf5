"""Mutants without effect, and lines that nothing here can run, from `known.toml`."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.mutants.operators import Mutant

_FILE = Path(__file__).with_name("known.toml")


@dataclass
class Known:
    """``equivalent``: why a mutant has no effect, by its name.

    ``unreached``: why no case runs the lines of a function of a file that contain a text.
    """

    equivalent: dict[str, str] = field(default_factory=dict)
    unreached: dict[tuple[str, str, str], str] = field(default_factory=dict)
    used: set[object] = field(default_factory=set)

    def reason(self, mutant: Mutant) -> str:
        """Return why it has no effect; empty if not known."""
        self.used.add(mutant.name)
        return self.equivalent.get(mutant.name, "")

    def out_of_reach(self, mutant: Mutant) -> str:
        """Return why no case runs it; empty if not known."""
        for place, reason in self.unreached.items():
            file, function, text = place
            if (mutant.file, mutant.function) == (file, function) and text in mutant.statement:
                self.used.add(place)
                return reason
        return ""

    def stale(self, files: Iterable[str]) -> Iterator[str]:
        """Yield entries for ``files``, all of whose mutants were tried, that do not exist."""
        for name in self.equivalent:
            if name not in self.used and name.split(":")[0] in files:
                yield f"{name} is listed, but there is no such mutant"
        for place in self.unreached:
            if place not in self.used and place[0] in files:
                yield f"{' '.join(place)} is listed as not run, but no such mutant needs it"


def read(path: Path = _FILE) -> Known:
    found = tomllib.loads(path.read_text())
    known = Known()
    for group in found.get("equivalent", []):
        for name in group["mutants"]:
            known.equivalent[name] = group["reason"]
    for group in found.get("unreached", []):
        for text in group["statements"]:
            known.unreached[group["file"], group["function"], text] = group["reason"]
    return known
