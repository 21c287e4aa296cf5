"""A comparison -> what a person reads: tables for a terminal, the same in plain text elsewhere."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text
from twinrun.contract.enums import Precision

from orchestrator.language import columns as cells
from orchestrator.language.palette import looks
from orchestrator.language.phrases import Phrase, join, say
from orchestrator.language.words import NEXT, label, percent
from orchestrator.reports.plain import Table
from orchestrator.reports.rows import Row, with_ratios
from orchestrator.reports.table import table_rows
from orchestrator.reports.time_breakdown import why_rows, why_sentence
from orchestrator.results.agreement import TOGETHER, Agreement
from orchestrator.results.circumstances import Caution
from orchestrator.results.comparison import Comparison, same_job
from orchestrator.storage import machine
from orchestrator.trials.sides import framework_of
from orchestrator.trials.spec import in_own_way

_ROUNDED = (Precision.FLOAT32, Precision.BFLOAT16)
_LOSSES = Phrase(
    "Over {steps:,} steps the largest relative difference between the losses of {first} and "
    "{second} is {difference:.1e}, at step {step:,}."
)
_LOSSES_PART = Phrase(
    "The losses of {first} and {second} stay within {together} of each other for "
    "{steps_together:,} of {steps:,} steps; the largest relative difference is {difference:.1e}, "
    "at step {step:,}."
)
_ROUNDING = Phrase(
    "They part no faster than rounding parts a framework from itself in {precision}, where it "
    "grows from step to step."
)
_LOSSES_SAME = Phrase("Over {steps:,} steps the losses of {first} and {second} are the same.")
_LOSSES_DIVERGED = Phrase(
    "Over {steps:,} steps some loss of {first} or {second} is not a finite number "
    "(first at step {step:,})."
)
_CONCURRENT = Phrase("The trials ran at the same time, each on a GPU of its own.")
_ACCURACIES = Phrase("Test accuracies of {first} and {second} differ by {points:.2f} points.")


_NOISE = Phrase(
    "On this machine {framework} held against itself came to {low:.3f} to {high:.3f} "
    "({pairs} pairs of {workload}, {day})."
)
_RATIO = Phrase("{second} / {first}")
_WHY = Phrase("Why")
_PROFILE = Phrase("Profile of {side}: {steps} steps")
_OPERATION = Phrase("{name}: {share}, {calls} calls")


def sentences(comparison: Comparison) -> list[str]:
    """The finding first, then what it rests on."""
    found = [say(comparison.finding)]
    found += _certificate(comparison)
    found += noise(comparison)
    if comparison.inputs.same and len(comparison.trials) > 1:
        found.append(say(comparison.inputs.sentence))
    if comparison.concurrent:
        found.append(say(_CONCURRENT))
    found += of_agreements(comparison)
    if more := why_sentence(comparison):
        found.append(more)
    return found


def of_agreements(comparison: Comparison) -> Iterator[str]:
    """How far the losses went together, and how close the accuracies ended."""
    for agreement in comparison.agreements:
        if not in_own_way(comparison.job):
            yield from _losses(agreement, comparison)
        yield from _accuracies(agreement)


def _certificate(comparison: Comparison) -> Iterator[str]:
    """That it was the same job; that it was not, the finding says."""
    if comparison.certificates is not None and comparison.certificates.same_job:
        yield say(comparison.certificates.sentence)


def noise(comparison: Comparison) -> Iterator[str]:
    """What is known of this machine's own noise, for a job run as this one."""
    known = comparison.known.noise
    under = machine.conditions(comparison.job)
    for framework in dict.fromkeys(framework_of(side) for side in comparison.trials):
        if found := known.get(f"{framework} {under}"):
            yield say(
                _NOISE,
                framework=label(framework),
                low=found.low,
                high=found.high,
                pairs=found.pairs,
                workload=found.workload,
                day=found.time[:10],
            )


def rich_report(comparison: Comparison) -> RenderableType:
    """For a terminal: prints on a `rich.console.Console`."""
    finding, *rest = sentences(comparison)
    parts: list[RenderableType] = [_table(comparison, table_rows(comparison))]
    if why := why_rows(comparison):
        parts += [Text(), Text(say(_WHY), style="bold"), _table(comparison, why)]
    parts += [Text(text) for text in _profiles(comparison)]
    parts += [Text(), Text(finding, style="bold"), *map(Text, rest)]
    for caution in comparison.cautions:
        parts.append(Text.assemble((f"{caution.code} ", "yellow"), caution_text(caution)))
    return Group(*parts)


def plain_report(comparison: Comparison, width: int = 80) -> str:
    """The same without colours or lines, at most ``width`` columns wide."""
    lines = list(_plain_table(comparison, table_rows(comparison), width))
    if why := why_rows(comparison):
        lines += ["", say(_WHY), *_plain_table(comparison, why, width)]
    texts = [*_profiles(comparison), "", *sentences(comparison)]
    texts += [f"{caution.code} {caution_text(caution)}" for caution in comparison.cautions]
    lines += ["", *(line for text in texts for line in cells.wrap(text, width) or [""])]
    return "\n".join(lines)


def caution_text(caution: Caution) -> str:
    """What it is, and what to do about it."""
    return say(join(NEXT, [caution.sentence, caution.remedy]))


def _profiles(comparison: Comparison) -> Iterator[str]:
    for side, profile in comparison.profiles.items():
        yield say(_PROFILE, side=label(side), steps=profile.steps)
        for operation in profile.operations:
            share = percent(operation.self_seconds / profile.total_seconds)
            yield "  " + say(_OPERATION, name=operation.name, share=share, calls=operation.calls)


def ratio_headings(comparison: Comparison) -> list[str]:
    """``TensorFlow / PyTorch``, of each side and the baseline."""
    return [
        say(_RATIO, first=label(pair.baseline), second=label(pair.side))
        for pair in comparison.pairs
    ]


def _table(comparison: Comparison, rows: Sequence[Row]) -> Table:
    table = Table(header_style="bold")
    table.add_column("", overflow="fold")
    for name, look in looks(list(comparison.trials)).items():
        table.add_column(Text(label(name), style=look.colour), justify="right", overflow="fold")
    headings, cells_of_rows = with_ratios(rows, ratio_headings(comparison))
    for heading in headings:
        table.add_column(Text(heading), justify="right", overflow="fold")
    for row, texts in zip(rows, cells_of_rows, strict=True):
        table.add_row(*texts, style="bold" if row.compared else "")
    return table


def _plain_table(comparison: Comparison, rows: Sequence[Row], width: int) -> Iterator[str]:
    headings, columns = with_ratios(rows, ratio_headings(comparison))
    names = [*map(label, comparison.trials), *headings]
    lines = list(_columns(names, columns))
    if max(map(cells.width, lines), default=0) > width:
        lines = list(_stacked(names, columns, width))
    yield from lines


def _columns(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    table = [["", *names], *rows]
    widths = [max(map(cells.width, column)) for column in zip(*table, strict=True)]
    for first, *rest in table:
        right = [cells.rjust(cell, width) for cell, width in zip(rest, widths[1:], strict=True)]
        yield "  ".join([cells.ljust(first, widths[0]), *right]).rstrip()


def _stacked(names: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    for index, name in enumerate(names, start=1):
        yield name
        for row in rows:
            if row[index]:
                text = f"  {row[0]}: {row[index]}"
                yield from cells.wrap(text, width, subsequent_indent="    ")


def _losses(agreement: Agreement, comparison: Comparison) -> Iterator[str]:
    names = {
        "first": label(agreement.first),
        "second": label(agreement.second),
        "steps": agreement.steps,
        "step": agreement.at_step,
        "steps_together": agreement.steps_together,
        "together": f"{100 * TOGETHER:g} %",
    }
    precision = comparison.job.precision
    difference = agreement.largest_loss_difference
    if difference == float("inf"):
        yield say(_LOSSES_DIVERGED, **names)
    elif difference == 0:
        yield say(_LOSSES_SAME, **names)
    elif difference is not None and agreement.steps_together < agreement.steps:
        yield say(_LOSSES_PART, **names, difference=difference)
        if precision in _ROUNDED and same_job(comparison):
            yield say(_ROUNDING, precision=precision)
    elif difference is not None:
        yield say(_LOSSES, **names, difference=difference)


def _accuracies(agreement: Agreement) -> Iterator[str]:
    if agreement.accuracy_difference is not None:
        names = {"first": label(agreement.first), "second": label(agreement.second)}
        yield say(_ACCURACIES, **names, points=abs(100 * agreement.accuracy_difference))
