"""The result of a comparison, as an object that notebooks show."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.actions.shown import Shown
from orchestrator.api import notebook
from orchestrator.api.words import in_python
from orchestrator.certificate import certificate_file
from orchestrator.errors import BadInput
from orchestrator.exports.tables import TABLES
from orchestrator.language.phrases import Phrase, english, speaking, stored
from orchestrator.results.circumstances import Caution
from orchestrator.results.comparison import Comparison
from orchestrator.results.comparison_file import as_dict
from orchestrator.results.limits.decision import Decision
from orchestrator.results.quality import Quality
from orchestrator.results.verdict import Verdict
from orchestrator.settings import locales
from orchestrator.storage.about import Kind
from orchestrator.storage.files import read

if TYPE_CHECKING:
    import pandas

_OVERVIEW = "overview"
_NO_TABLE = Phrase("There is no table {name!r}; choose from {known}.")
_NO_FIGURE = Phrase("{path} has no figure {name!r}; choose from {known}.")
_NO_FIGURES = Phrase("{path} has no figures.")
_NO_PANDAS = Phrase(
    "to_frame() needs pandas, which is not installed: pip install 'twinrun[notebook]'"
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as SVG, which Jupyter shows."""

    name: str
    svg: str

    def __repr__(self) -> str:
        return f"<Figure {self.name}>"

    def _repr_svg_(self) -> str:
        return self.svg


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Result:
    """A comparison, and ``path``, its run directory."""

    path: Path
    comparison: Comparison

    @property
    def verdict(self) -> Verdict | None:
        """Which was faster, by how much and how certain. None: there is none, ``finding`` says why.

        For two sides; with more there are ``verdicts``.
        """
        return self.comparison.verdict

    @property
    def verdicts(self) -> Sequence[Verdict]:
        """A verdict for each side that was compared with the baseline."""
        return self.comparison.verdicts

    @property
    def qualities(self) -> Sequence[Quality]:
        """Whether the task's metric differs, for each side that has a verdict."""
        return self.comparison.qualities

    @property
    def finding(self) -> str:
        """The verdict with its limitations, or why there is none."""
        return self.comparison.finding

    @property
    def certificate(self) -> Mapping[str, Any] | None:
        """Whether it was shown to be the same job, as in certificate.json. None: not tried."""
        certificates = self.comparison.certificates
        return None if certificates is None else certificate_file.as_dict(certificates)

    @property
    def decisions(self) -> Sequence[Decision]:
        """What the trials say of each condition of ``fail_if``: passed, failed or undecided."""
        return self.comparison.decisions

    @property
    def warnings(self) -> Sequence[Caution]:
        """Its warnings: each has a code, a sentence, and a remedy in the words of Python."""
        return [
            replace(each, remedy=stored(in_python(each.remedy)))
            for each in self.comparison.cautions
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the contents of comparison.json."""
        held: dict[str, Any] = json.loads(json.dumps(as_dict(self.comparison)))
        return held

    def to_frame(self, table: str = "epochs") -> "pandas.DataFrame":
        """Return ``epochs``, ``steps``, ``trials`` or ``phases``, as ``orchestrator export`` does.

        Raises BadInput for another name or without pandas.
        """
        if table not in TABLES:
            raise BadInput(english(_NO_TABLE, name=table, known=", ".join(TABLES)))
        try:
            import pandas  # noqa: PLC0415 - an extra
        except ModuleNotFoundError as error:
            raise BadInput(english(_NO_PANDAS)) from error
        columns = TABLES[table].columns(self.comparison.job)
        rows = TABLES[table].rows(self.comparison)
        frame = pandas.DataFrame(rows, columns=list(columns))
        return frame.astype({name: _DTYPES[kind] for name, kind in columns.items()})

    def figure(self, name: str = _OVERVIEW) -> Figure:
        """Return one of the run's figures, such as ``overview``, ``accuracy``, ``loss``, ``time``.

        Raises BadInput, which names the available ones.
        """
        return _figure(self.path, name)

    def __repr__(self) -> str:
        return f"<Result {self.path.name}: {self.finding}>"

    def _repr_html_(self) -> str:
        """Return HTML in the language of the locale, like the command line."""
        with speaking(locales.of(os.environ)):
            svg = _svg(self.path, _OVERVIEW)
            return in_python(notebook.page(self.comparison, str(self.path), svg))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Record:
    """The result of a run of another kind: a certificate, an explanation, recipes, loops.

    ``path``: its run directory. ``kind``: such as ``verify``. ``finding``: its result in a
    sentence.
    """

    path: Path
    kind: Kind
    finding: str
    shown: Shown

    @property
    def comparisons(self) -> Mapping[str, Result]:
        """The comparisons that it consists of, by name; empty: it has none."""
        compared = self.shown.comparisons.items()
        return {name: Result(self.path / name, comparison) for name, comparison in compared}

    def to_dict(self) -> dict[str, Any]:
        """Return the contents of its result's file, such as certificate.json."""
        held: dict[str, Any] = json.loads(json.dumps(self.shown.mapping))
        return held

    def figure(self, name: str | None = None) -> Figure:
        """Return one of the run's figures, by default the first, as `Result.figure`."""
        return _figure(self.path, name or next(iter(_figures(self.path)), ""))

    def __repr__(self) -> str:
        return f"<Record {self.path.name}: {self.finding}>"

    def _repr_html_(self) -> str:
        """Return HTML in the language of the locale, like the command line."""
        svg = _svg(self.path, next(iter(_figures(self.path)), ""))
        with speaking(locales.of(os.environ)):
            return in_python(notebook.report(self.finding, self.shown.parts(), str(self.path), svg))


def _figures(run: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted((run / "figures").glob("*.svg"))}


def _figure(run: Path, name: str) -> Figure:
    kept = _figures(run)
    if name not in kept:
        phrase = _NO_FIGURE if kept else _NO_FIGURES
        raise BadInput(english(phrase, path=run, name=name, known=", ".join(kept)))
    return Figure(name, read(kept[name]).decode())


def _svg(run: Path, name: str) -> str:
    """Return a figure; empty: there is none, because no epoch was finished."""
    kept = _figures(run)
    return read(kept[name]).decode() if name in kept else ""


# pandas' types that allow missing values.
_DTYPES = {str: "string", int: "Int64", float: "float64"}
