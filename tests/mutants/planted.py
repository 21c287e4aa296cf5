"""Faults that no rule generates, from `planted.toml`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.mutants.operators import Mutant, replaced
from tests.mutants.targets import ROOT

KIND = "planted"


@dataclass(frozen=True, slots=True)
class Planted:
    """Replaced pieces of a file's text, and the name of the case that must detect them."""

    what: str
    file: str
    case: str
    changes: list[dict[str, str]]

    @property
    def framework(self) -> str:
        return self.file.split("/")[1]

    def mutant(self) -> Mutant:
        """Return the mutant. Raises ValueError if the code no longer fits the fault."""
        source = (ROOT / self.file).read_text()
        for change in self.changes:
            source = replaced(source, change["old"], change["new"])
        name = f"{self.file}: planted: {self.what}"
        return Mutant(name, self.file, "", (0, 0), "", KIND, source)


def _read() -> list[Planted]:
    text = Path(__file__).with_name("planted.toml").read_text()
    found: list[dict[str, Any]] = tomllib.loads(text)["fault"]
    return [Planted(**fault) for fault in found]


PLANTED = _read()
