"""A comparison -> its page."""

from collections.abc import Iterator, Mapping, Sequence

from orchestrator.about import About
from orchestrator.compare import Comparison, as_dict
from orchestrator.drawing import Drawing
from orchestrator.page.answers import answers
from orchestrator.page.blocks import (
    Block,
    Cell,
    Figures,
    Pace,
    Page,
    Section,
    Table,
    TableRow,
    sides,
)
from orchestrator.page.inline import inlined
from orchestrator.page.parts import (
    data_section,
    environments_section,
    lead,
    reproduce_section,
    side_by_side,
    trials_section,
    warnings_section,
)
from orchestrator.report import ratio_heading
from orchestrator.reproduce import of_comparison
from orchestrator.table import table_rows
from orchestrator.trial import Profile
from orchestrator.why import why_rows
from orchestrator.words import label, number, percent

_TITLE = "{workload}: {finding}"
_FIGURES = "Figures"
_NUMBERS = "In numbers"
_NUMBERS_CAPTION = "Medians over the trials of each side."
_NUMBERS_INTERVAL = "Medians over the trials; ratios with their 95 % interval."
_WHY_CAPTION = "Where the time went: wall and CPU seconds of each phase, and what was in use."
_PROFILE_CAPTION = "{side}: where the time of {steps:,} steps went, by its own profiler."
_OPERATION = "Operation"
_PROFILE_COLUMNS = ("Calls", "Share")
_PACE = "Seconds per epoch of training; the shorter, the faster"
_SECONDS = "{seconds} s"
_ONE_CAUTION = "One thing to keep in mind"
_CAUTIONS = "{count} things to keep in mind"
_DATA = "every number of every trial and epoch"
# What the page says at its beginning is not said again above a figure.
_TITLES: Mapping[str, str] = {
    "ratios": "Pair by pair, how many times as long the slower side took",
    "certificate": "The two held against each other, step by step",
}
# How each figure is to be read.
_CAPTIONS: Mapping[str, str] = {
    "ratios": "Each mark is a pair of trials, in the order in which they ran: the slower side's "
    "seconds per epoch over the faster side's. The line is the estimate, the band its 95 % "
    "interval.",
    "time": "Medians over the trials. Only training is compared; the rest is shown.",
    "accuracy": "Test accuracy after each epoch: the median of the trials, and between the least "
    "and the most of them.",
    "reaching": "The same accuracy over the seconds spent training, evaluation not counted: each "
    "trial thin, the medians strong.",
    "loss": "Mean training loss of blocks of steps. Curves that lie on each other are the point: "
    "the jobs are the same.",
    "memory": "Peak resident memory of a trial's process. A bar is the median, a mark a trial.",
    "certificate": "How far the losses of the two are apart at each step, and how much is allowed.",
}


def comparison_page(comparison: Comparison, about: About, drawings: Sequence[Drawing]) -> Page:
    """``drawings``: its figures, in the order in which they are read."""
    found = sides(list(comparison.trials))
    return Page(
        title=_TITLE.format(workload=about.workload, finding=comparison.finding),
        lead=lead(about),
        headline=comparison.finding,
        sides=list(found.values()),
        pace_title=_PACE,
        pace=list(_pace(comparison)),
        aside=_aside(comparison),
        answers=answers(comparison, about),
        sections=[
            *figures_section(drawings, [side.colour for side in found.values()]),
            *_numbers(comparison),
            trials_section(comparison.trials),
            environments_section(
                {
                    side: next((t.environment for t in group if t.environment), None)
                    for side, group in comparison.trials.items()
                }
            ),
            *warnings_section(comparison.cautions),
            reproduce_section(of_comparison(comparison, about.workload)),
            data_section("comparison.json", as_dict(comparison), _DATA),
        ],
    )


def figures_section(drawings: Sequence[Drawing], colours: Sequence[str]) -> list[Section]:
    made = [
        inlined(
            drawing,
            _TITLES.get(drawing.name, drawing.title),
            _CAPTIONS[drawing.name],
            colours,
        )
        for drawing in drawings
    ]
    return [Section("figures", _FIGURES, [Figures(made)])] if made else []


def _pace(comparison: Comparison) -> Iterator[Pace]:
    """Of the sides that were compared."""
    seconds = comparison.verdict.seconds if comparison.verdict else {}
    slowest = max(seconds.values(), default=0.0)
    for index, side in enumerate(comparison.trials):
        if slowest and side in seconds:
            text = _SECONDS.format(seconds=number(seconds[side]))
            yield Pace(index, text, round(seconds[side] / slowest, 4))


def _aside(comparison: Comparison) -> list[str]:
    count = len(comparison.cautions)
    if not count:
        return []
    return [_ONE_CAUTION if count == 1 else _CAUTIONS.format(count=count)]


def _numbers(comparison: Comparison) -> list[Section]:
    names = list(comparison.trials)
    rows, why = table_rows(comparison), why_rows(comparison)
    heading = ratio_heading(comparison) if comparison.ratios else ""
    blocks: list[Block] = []
    if rows:
        sure = any(ratio.low is not None for ratio in comparison.ratios.values())
        caption = _NUMBERS_INTERVAL if sure else _NUMBERS_CAPTION
        blocks.append(side_by_side(caption, names, rows, heading))
    if why:
        blocks.append(side_by_side(_WHY_CAPTION, names, why, ""))
    blocks += [_profile(side, found) for side, found in comparison.profiles.items()]
    return [Section("numbers", _NUMBERS, blocks)] if blocks else []


def _profile(side: str, found: Profile) -> Table:
    return Table(
        _PROFILE_CAPTION.format(side=label(side), steps=found.steps),
        [Cell(_OPERATION), *map(Cell, _PROFILE_COLUMNS)],
        [
            TableRow(
                Cell(operation.name),
                [
                    Cell(f"{operation.calls:,}"),
                    Cell(percent(operation.self_seconds / found.total_seconds)),
                ],
            )
            for operation in found.operations
        ],
    )
