"""A comparison -> its page."""

from collections.abc import Iterator, Mapping, Sequence

from twinrun.contract.enums import Recipe
from twinrun.contract.spec import JobSpec

from orchestrator.figures.drawing import Drawing
from orchestrator.language.phrases import Phrase, Sentence, say
from orchestrator.language.words import OF, label, number
from orchestrator.page.answers import answers
from orchestrator.page.blocks import (
    Block,
    Figures,
    Folded,
    Pace,
    Page,
    Section,
    Side,
    Table,
    sides,
)
from orchestrator.page.inline import inlined
from orchestrator.page.parts import (
    data_section,
    environments_section,
    lead,
    reproduce_section,
    trials_section,
    warnings_section,
)
from orchestrator.reports import machines, memory, threads
from orchestrator.reports.comparison import CHANGED, changed, profile
from orchestrator.reports.reproduction import of_comparison
from orchestrator.reports.table import note, table
from orchestrator.reports.time_breakdown import why
from orchestrator.results.comparison import Comparison
from orchestrator.results.comparison_file import as_dict
from orchestrator.storage.about import About
from orchestrator.trials.metrics import headline

_FIGURES = Phrase("Figures")
_NUMBERS = Phrase("The numbers")
_NUMBERS_CAPTION = Phrase("Medians over the trials of each side.")
_NUMBERS_INTERVAL = Phrase("Medians over the trials; ratios with their interval (95 %).")
_NUMBERS_INTERVALS = Phrase(
    "Medians over the trials; ratios with their intervals (95 %, for all of a row at once)."
)
_WHY_CAPTION = Phrase(
    "Where the time went: wall and CPU seconds of each phase, and what was in use."
)
_PROFILE_CAPTION = Phrase("{side}: where the time of {steps:,} steps went, by its own profiler.")
_CHANGED_CAPTION = Phrase("In what the sides' jobs differ because you asked for it.")
_PACE = Phrase("Seconds per epoch of training; shorter is faster")
_MEASURED_PACE = Phrase("Seconds per epoch of training, as measured")
_SECONDS = Phrase("{seconds} s")
_ONE_CAUTION = Phrase("One warning")
_CAUTIONS = Phrase("{count} warnings")
_DATA = Phrase("every number of every trial and epoch")
# The page's first sentence is not repeated above a figure.
_TITLES: Mapping[str, Phrase] = {
    "ratios": Phrase("Pair by pair, how many times as long the slower side took"),
    "ratios:several": Phrase("Block by block, how many times as long as the baseline each took"),
    "certificate": Phrase("The two compared, step by step"),
    "certificate:several": Phrase("The baseline and another side, step by step"),
}
_PLAIN_TITLES: Mapping[str, Phrase] = {
    "time": Phrase("Training time"),
    "loss": Phrase("Training loss"),
}
# How to read each figure.
_CAPTIONS: Mapping[str, Phrase] = {
    "ratios": Phrase(
        "Each mark is a pair of trials, in the order in which they ran: the slower side's seconds "
        "per epoch over the faster side's. The line is the estimate, the band its interval (95 %)."
    ),
    "ratios:several": Phrase(
        "Each mark is a side's seconds per epoch in a block over the baseline's. The lines are the "
        "estimates, the bands their intervals (95 %, for all at once)."
    ),
    "time": Phrase(
        "Medians over the trials. Only training is compared; the rest is for information."
    ),
    "ahead": Phrase(
        "Seconds from the start of import to the end of so many epochs, by the medians; the dashed "
        "line is where two sides are level, the band its interval (95 %)."
    ),
    "roofline": Phrase(
        "Operations of products a second over operations for each byte that a step moves. The grey "
        "line is what the machine's own measured rates allow; a mark above its slope means that "
        "parameters stayed in a cache. A dashed line is what the starts of a side's operations "
        "allow, if a profile counted them."
    ),
    "accuracy": Phrase(
        "{metric} after each epoch: the median of the trials, in a band from "
        "their minimum to their maximum."
    ),
    "reaching": Phrase(
        "The same values over the seconds spent training, evaluation not counted: each trial "
        "thin, the medians strong."
    ),
    "loss": Phrase(
        "Mean training loss of blocks of steps. The curves of the same job coincide "
        "until rounding makes them diverge."
    ),
    "memory": Phrase("Peak memory of a trial's process: a bar is the median, a mark a trial."),
    "certificate": Phrase("How far the losses are apart at each step, and how much is allowed."),
}


def comparison_page(comparison: Comparison, about: About, drawings: Sequence[Drawing]) -> Page:
    """Build the page; ``drawings``: its figures, in reading order."""
    page_sides = sides(list(comparison.trials))
    decided = all(verdict.decided for verdict in comparison.verdicts)
    return Page(
        title=say(OF, name=about.workload, what=comparison.finding),
        lead=lead(about),
        headline=say(comparison.finding),
        sides=page_sides,
        pace_title=say(_PACE if decided else _MEASURED_PACE),
        pace=list(_pace(comparison, page_sides)),
        aside=_aside(comparison),
        answers=answers(comparison, about),
        sections=[
            *_changed(comparison),
            *_threads(comparison),
            *_machines(comparison),
            *figures_section(drawings, [side.colour for side in page_sides.values()], comparison),
            *_numbers(comparison),
            trials_section(comparison.trials),
            environments_section(
                {
                    side: next((t.environment for t in group if t.environment), None)
                    for side, group in comparison.trials.items()
                }
            ),
            *warnings_section(comparison.cautions),
            reproduce_section(
                of_comparison(comparison, about.workload),
                own=comparison.job.recipe is Recipe.IDIOMATIC,
            ),
            data_section("comparison.json", as_dict(comparison), say(_DATA)),
        ],
    )


def figures_section(
    drawings: Sequence[Drawing], colours: Sequence[str], comparison: Comparison | None = None
) -> list[Section]:
    heading = say(comparison.finding) if comparison else ""
    several = comparison is not None and len(comparison.pairs) > 1
    job = comparison.job if comparison else None
    metric = headline(job).heading
    figures = [
        inlined(
            drawing,
            _title(drawing, heading, job, several=several),
            say(caption, metric=metric),
            colours,
        )
        for drawing in drawings
        # An overview repeats what the others show.
        if (caption := _of_figure(_CAPTIONS, drawing, several=several)) is not None
    ]
    return [Section("figures", say(_FIGURES), [Figures(figures)])] if figures else []


def _title(drawing: Drawing, said: str, job: JobSpec | None, *, several: bool) -> str:
    """Return the figure's title; ``said``: the heading of the page."""
    plain: Phrase | Sentence | None = None
    if drawing.title == said:
        plain = _PLAIN_TITLES.get(drawing.name)
        if drawing.name == "accuracy":
            plain = headline(job).heading
    phrase = _of_figure(_TITLES, drawing, several=several) or plain
    return drawing.title if phrase is None else say(phrase)


def _of_figure(texts: Mapping[str, Phrase], drawing: Drawing, *, several: bool) -> Phrase | None:
    """Return the text of a figure; ``several``: some figures differ if there are several pairs."""
    kind = drawing.name.partition("-")[0]
    return texts.get(f"{kind}:several" if several else kind, texts.get(kind))


def _pace(comparison: Comparison, sides: Mapping[str, Side]) -> Iterator[Pace]:
    """Yield the pace of the compared sides."""
    seconds = {side: s for verdict in comparison.verdicts for side, s in verdict.seconds.items()}
    slowest = max(seconds.values(), default=0.0)
    for side in comparison.trials:
        if slowest and side in seconds:
            text = say(_SECONDS, seconds=number(seconds[side]))
            yield Pace(sides[side], text, round(seconds[side] / slowest, 4))


def _threads(comparison: Comparison) -> list[Section]:
    if comparison.searched is None:
        return []
    block = Table(threads.note(), threads.table(comparison.searched))
    return [Section("threads", say(threads.TITLE), [block])]


def _machines(comparison: Comparison) -> list[Section]:
    found = comparison.machines
    if found is None or not found.blocks:
        return []
    said = " ".join([machines.note(), *map(say, found.sentences)])
    return [Section("machines", say(machines.TITLE), [Table(said, machines.table(found))])]


def _aside(comparison: Comparison) -> list[str]:
    count = len(comparison.cautions)
    if not count:
        return []
    return [say(_ONE_CAUTION) if count == 1 else say(_CAUTIONS, count=count)]


def numbers_caption(comparison: Comparison) -> str:
    """Say what the numbers of a comparison are, and what has a value of two kinds."""
    ratios = [ratio for pair in comparison.pairs for ratio in pair.ratios.values()]
    caption = _NUMBERS_CAPTION
    if any(ratio.low is not None for ratio in ratios):
        caption = _NUMBERS_INTERVAL if len(comparison.pairs) == 1 else _NUMBERS_INTERVALS
    return " ".join(filter(None, [say(caption), note(comparison)]))


def _changed(comparison: Comparison) -> list[Section]:
    if not comparison.changed:
        return []
    return [Section("changed", say(CHANGED), [Table(say(_CHANGED_CAPTION), changed(comparison))])]


def _numbers(comparison: Comparison) -> list[Section]:
    numbers, times = table(comparison), why(comparison)
    blocks: list[Block] = []
    if numbers.rows:
        blocks.append(Table(numbers_caption(comparison), numbers))
    if times.rows:
        blocks.append(Table(say(_WHY_CAPTION), times))
    if (sizes := memory.table(comparison)).rows:
        blocks.append(Folded(say(memory.TITLE), Table(say(memory.NOTE), sizes)))
    for side, profiled in comparison.profiles.items():
        profile_caption = say(_PROFILE_CAPTION, side=label(side), steps=profiled.steps)
        blocks.append(Table(profile_caption, profile(profiled)))
    return [Section("numbers", say(_NUMBERS), blocks)] if blocks else []
