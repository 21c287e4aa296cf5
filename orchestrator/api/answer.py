"""An answer that is no run: of `diff`, `evaluate` and `preview`."""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.api import notebook
from orchestrator.api.result import Figure
from orchestrator.api.words import in_python
from orchestrator.language.phrases import speaking
from orchestrator.reports.grid import Part
from orchestrator.settings import locales


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Answer:
    """``finding``: the answer in a sentence. ``figure``: None if it has none.

    ``faults``: sentences about what must not be, such as weights that predict something else.
    """

    finding: str
    mapping: Mapping[str, object]
    parts: Callable[[], Iterable[Part]]
    figure: Figure | None = None
    faults: Sequence[str] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return what the command prints with ``--json``."""
        held: dict[str, Any] = json.loads(json.dumps(self.mapping))
        return held

    def __repr__(self) -> str:
        return f"<Answer: {self.finding}>"

    def _repr_html_(self) -> str:
        """Return HTML in the language of the locale, like the command line."""
        svg = self.figure.svg if self.figure else ""
        with speaking(locales.of(os.environ)):
            return in_python(notebook.answer(self.finding, self.faults, self.parts(), svg))
