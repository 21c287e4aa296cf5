"""The parts that pages have in common: environments, trials, what to type, what to keep."""

import json
from collections.abc import Callable, Mapping, Sequence

from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import OF, label, number, state_of
from orchestrator.page.blocks import (
    Block,
    Cell,
    Commands,
    Download,
    Folded,
    Listing,
    Note,
    Notes,
    Prose,
    Section,
    Table,
    TableRow,
)
from orchestrator.reports import environments
from orchestrator.reports.reproduction import Reproduction
from orchestrator.reports.rows import UNKNOWN, Row, with_ratios
from orchestrator.results.circumstances import Caution
from orchestrator.results.quantities import (
    EPOCH,
    PEAK_MEMORY,
    START_UP,
    TEST_ACCURACY,
    TEST_LOSS,
    TRAINING,
    Quantity,
)
from orchestrator.storage.about import About
from orchestrator.trials.trial import Trial

_TRIALS = Phrase("Every trial")
_TRIALS_CAPTION = Phrase("Trials of the same pair had the same seed and ran one after the other.")
_TRIAL_COLUMNS = (
    Phrase("Pair"),
    Phrase("Side"),
    Phrase("Outcome"),
    Phrase("Seed"),
    Phrase("Epoch, s"),
    Phrase("Training, s"),
    Phrase("Start-up, s"),
    Phrase("Test accuracy"),
    Phrase("Test loss"),
    Phrase("Peak memory"),
)
# Those of the last columns; a column of seconds says so above.
_TRIAL_QUANTITIES: Mapping[Quantity, Callable[[float], str]] = {
    **dict.fromkeys((EPOCH, TRAINING, START_UP), number),
    **{each: each.written for each in (TEST_ACCURACY, TEST_LOSS, PEAK_MEMORY)},
}
_ENVIRONMENTS = Phrase("Environments")
_ENVIRONMENTS_CAPTION = Phrase(
    "What each ran on. Rows marked \u2260 are not the same on all sides."
)
_QUANTITY = Phrase("Quantity")
_PROPERTY = Phrase("Property")
_PACKAGE = Phrase("Package")
_PACKAGES = Phrase("All packages, {count} in all")
_PACKAGES_CAPTION = Phrase(
    "Versions of what was installed. Rows marked \u2260 are of different versions."
)
_ABSENT = Phrase("not there")
_WARNINGS = Phrase("What to keep in mind")
_REPRODUCE = Phrase("Run it again")
_REPRODUCE_TEXT = Phrase(
    "Save the job below beside you, and run the same with Twinrun's code and environments."
)
_FILE = Phrase("The whole job, every value spelled out")
_JOB = Phrase("Show {name}")
_DATA = Phrase("The data")
_DATA_TEXT = Phrase(
    "All that this page says, as numbers; the run directory keeps every event and weight."
)


def lead(about: About) -> list[str]:
    """What ran, and when."""
    return [about.workload, *([f"{about.time:%Y-%m-%d %H:%M} UTC"] if about.time else [])]


def heads(names: Sequence[str]) -> list[Cell]:
    """Of the columns that belong to sides."""
    return [Cell(label(name), side=index) for index, name in enumerate(names)]


def side_by_side(
    caption: str, names: Sequence[str], rows: Sequence[Row], ratios: Sequence[str] = ()
) -> Table:
    """``ratios``: headings of the last columns."""
    headings, lines = with_ratios(rows, ratios)
    return Table(
        caption,
        [Cell(say(_QUANTITY)), *heads(names), *map(Cell, headings)],
        [
            TableRow(
                Cell(name.strip(), strong=row.compared),
                [Cell(value, strong=row.compared) for value in values],
                inner=name.startswith(" "),
            )
            for row, (name, *values) in zip(rows, lines, strict=True)
        ],
    )


def trials_section(trials: Mapping[str, Sequence[Trial]]) -> Section:
    index = {side: place for place, side in enumerate(trials)}
    order = sorted(
        (trial for group in trials.values() for trial in group),
        key=lambda trial: (trial.number, index[trial.framework]),
    )
    rows = [
        TableRow(Cell(str(trial.number)), _trial_cells(trial, index[trial.framework]))
        for trial in order
    ]
    columns = [Cell(say(text)) for text in _TRIAL_COLUMNS]
    return Section("trials", say(_TRIALS), [Table(say(_TRIALS_CAPTION), columns, rows)])


def _trial_cells(trial: Trial, side: int) -> list[Cell]:
    state = state_of(trial.state.value)
    said = say(OF, name=state, what=trial.error.message) if trial.error else say(state)
    return [
        Cell(label(trial.framework), side=side),
        Cell(said, strong=trial.error is not None),
        Cell(str(trial.spec.seed) if trial.spec else UNKNOWN),
        *(
            Cell(UNKNOWN if value is None else written(value))
            for quantity, written in _TRIAL_QUANTITIES.items()
            for value in [quantity.measure(trial, trial.spec)]
        ),
    ]


def environments_section(found: Mapping[str, job_pb2.Environment | None]) -> Section:
    """By side, with what differs marked."""
    every = say(environments.PACKAGES)
    told = [row for row in environments.rows(list(found.values())) if row.name != every]
    rows = [_compared_row(row.name, row.values) for row in told]
    columns = [Cell(say(_PROPERTY)), *heads(list(found))]
    blocks: list[Block] = [Table(say(_ENVIRONMENTS_CAPTION), columns, rows, numeric=False)]
    packages = [dict(each.packages) if each else {} for each in found.values()]
    if names := sorted({name for each in packages for name in each}):
        absent = say(_ABSENT)
        versions = [
            _compared_row(name, [each.get(name, absent) for each in packages]) for name in names
        ]
        columns = [Cell(say(_PACKAGE)), *heads(list(found))]
        listed = Table(say(_PACKAGES_CAPTION), columns, versions, numeric=False)
        blocks.append(Folded(say(_PACKAGES, count=len(names)), listed))
    return Section("environments", say(_ENVIRONMENTS), blocks)


def _compared_row(name: str, values: Sequence[str]) -> TableRow:
    """Different where two tell different things; what only one has is no difference of versions."""
    told = {value for value in values if value not in (say(_ABSENT), UNKNOWN)}
    return TableRow(Cell(name), [Cell(value) for value in values], differs=len(told) > 1)


def warnings_section(cautions: Sequence[Caution]) -> list[Section]:
    if not cautions:
        return []
    notes = [Note(caution.code, say(caution.sentence), say(caution.remedy)) for caution in cautions]
    return [Section("warnings", say(_WARNINGS), [Notes(notes)])]


def reproduce_section(found: Reproduction) -> Section:
    file = Download(found.file, "application/yaml", found.job.encode(), say(_FILE))
    return Section(
        "reproduce",
        say(_REPRODUCE),
        [
            Prose(say(_REPRODUCE_TEXT)),
            file,
            Commands(say(_REPRODUCE), found.lines),
            Listing(say(_JOB, name=found.file), found.job),
        ],
    )


def data_section(name: str, result: Mapping[str, object], text: str) -> Section:
    """``result``: what the file ``name`` holds."""
    content = json.dumps(result, ensure_ascii=False, separators=(",", ":")).encode()
    return Section(
        "data",
        say(_DATA),
        [Prose(say(_DATA_TEXT)), Download(name, "application/json", content, text)],
    )
