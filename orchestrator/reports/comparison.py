"""A comparison -> a report for people: tables, sentences, warnings."""

from collections.abc import Iterable, Iterator

from twinrun.contract.enums import MIXED, Precision
from twinrun.contract.events import Profiled

from orchestrator.language.phrases import Phrase, join, say
from orchestrator.language.words import NEXT, label, percent
from orchestrator.reports import environments, machines, memory, threads
from orchestrator.reports.grid import BLANK, Grid, Part, Said, columns, of_sides, row
from orchestrator.reports.table import note, table
from orchestrator.reports.time_breakdown import causes, why, why_sentence
from orchestrator.results.agreement import TOGETHER, Agreement
from orchestrator.results.break_even import ahead, remedies
from orchestrator.results.circumstances import Caution
from orchestrator.results.comparison import Comparison, same_job
from orchestrator.results.layer_above import told_above
from orchestrator.results.roofline import rooflines, uncounted
from orchestrator.results.threads.verdicts import told
from orchestrator.results.verdict import below
from orchestrator.storage import machine
from orchestrator.trials.changes import written
from orchestrator.trials.inputs import to_agree
from orchestrator.trials.metrics import ACCURACY
from orchestrator.trials.sides import are_the_same, framework_of

_ROUNDED = (Precision.FLOAT32, *MIXED)
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
    "They diverge no faster than rounding makes a framework diverge from itself in "
    "{precision}, where it grows from step to step."
)
_LOSSES_SAME = Phrase("Over {steps:,} steps the losses of {first} and {second} are the same.")
_LOSSES_DIVERGED = Phrase(
    "Over {steps:,} steps some loss of {first} or {second} is not a finite number "
    "(first at step {step:,})."
)
_CONCURRENT = Phrase("The trials ran at the same time, each on a GPU of its own.")
_ACCURACIES = Phrase("Test accuracies of {first} and {second} differ by {points:.2f} points.")
_METRICS = Phrase("Values of {metric} of {first} and {second} differ by {apart}.")
_METRICS_OF_PAIRS = Phrase(
    "Median values of {metric} of {first} and {second} differ by {apart}, those of a pair by up to "
    "{most}."
)
_ACCURACIES_OF_PAIRS = Phrase(
    "Median test accuracies of {first} and {second} differ by {points:.2f} points, those of a pair "
    "by up to {most:.2f}."
)
_NOISE = Phrase(
    "On this machine {framework} compared with itself gave {low:.3f} to {high:.3f} "
    "({pairs} pairs of {workload}, {day})."
)
WHY = Phrase("Why")
CHANGED = Phrase("Changed on purpose")
_FIELD = Phrase("Field of the job")
_MOST = 40  # characters of a value
_PROFILE = Phrase("Profile of {side}: {steps} steps")
_OPERATION, _CALLS, _SHARE = Phrase("Operation"), Phrase("Calls"), Phrase("Share")


def sentences(comparison: Comparison) -> list[str]:
    """Return the finding first, then its evidence."""
    lines = [say(comparison.finding)]
    best = comparison.searched.best if comparison.searched else {}
    for each in told(comparison.verdicts, comparison.at_best, best):
        lines += map(say, below(each))
    lines += [say(each.sentence) for each in ahead(comparison)]
    lines += map(say, remedies(comparison))
    if comparison.machines is not None:
        lines += map(say, comparison.machines.sentences)
    lines += map(say, told_above(comparison))
    lines += _certificate(comparison)
    lines += noise(comparison)
    if comparison.inputs.same and len(comparison.trials) > 1:
        lines.append(say(comparison.inputs.sentence))
    if comparison.concurrent:
        lines.append(say(_CONCURRENT))
    lines += of_agreements(comparison)
    lines += of_qualities(comparison)
    lines += [say(each.sentence) for each in causes(comparison)]
    lines += of_limits(comparison)
    if more := why_sentence(comparison):
        lines.append(more)
    return lines


def of_agreements(comparison: Comparison) -> Iterator[str]:
    """Say how closely the losses agreed, and how close the final metrics are."""
    for agreement in comparison.agreements:
        sides = agreement.first, agreement.second
        if to_agree(comparison.job, sides) or are_the_same(sides):
            yield from _losses(agreement, comparison)
        yield from _metrics(agreement)


def of_qualities(comparison: Comparison) -> Iterator[str]:
    """Say whether the task's metric differs, if there are several pairs or a margin was given."""
    for found in comparison.qualities:
        if found.difference.pairs > 1 or found.equivalence is not None:
            yield say(found.sentence)


def of_limits(comparison: Comparison) -> Iterator[str]:
    """Say what each side's epoch needs at the machine's rates, and how to learn more."""
    found = rooflines(comparison)
    yield from (say(each.sentence) for each in found)
    if (more := uncounted(comparison, found)) is not None:
        yield say(more)


def _certificate(comparison: Comparison) -> Iterator[str]:
    """Say that it was the same job; if it was not, the finding says so."""
    if comparison.certificates is not None and comparison.certificates.same_job:
        yield say(comparison.certificates.sentence)


def noise(comparison: Comparison) -> Iterator[str]:
    """Say what is known about this machine's noise, for a job run like this one."""
    known = comparison.known.noise
    under = machine.conditions(comparison.job)
    for framework in dict.fromkeys(framework_of(side) for side in comparison.trials):
        if interval := known.get(f"{framework} {under}"):
            yield say(
                _NOISE,
                framework=label(framework),
                low=interval.low,
                high=interval.high,
                pairs=interval.pairs,
                workload=interval.workload,
                day=interval.time[:10],
            )


def report(comparison: Comparison) -> Iterator[Part]:
    """Yield the tables, then the finding with its evidence, and warnings."""
    if (numbers := table(comparison)).rows:
        yield numbers
    if (text := note(comparison)) is not None:
        yield from (BLANK, Said(text))
    if comparison.changed:
        yield from (BLANK, Said(say(CHANGED), strong=True), changed(comparison))
    if comparison.searched is not None:
        yield from (BLANK, Said(say(threads.TITLE), strong=True))
        yield from (threads.table(comparison.searched), Said(threads.note()))
    if comparison.machines is not None and comparison.machines.blocks:
        yield from (BLANK, Said(say(machines.TITLE), strong=True))
        yield from (machines.table(comparison.machines), Said(machines.note()))
    if (times := why(comparison)).rows:
        yield from (BLANK, Said(say(WHY), strong=True), times)
    if (sizes := memory.table(comparison)).rows:
        yield from (BLANK, Said(say(memory.TITLE), strong=True), sizes)
    for side, operations in comparison.profiles.items():
        yield from (
            BLANK,
            Said(say(_PROFILE, side=label(side), steps=operations.steps)),
            profile(operations),
        )
    of_sides = {
        side: next((trial.environment for trial in group if trial.environment), None)
        for side, group in comparison.trials.items()
    }
    if (used := environments.used(of_sides)).rows:
        yield from (BLANK, Said(say(environments.USED), strong=True), used)
    finding, *rest = sentences(comparison)
    yield from (BLANK, Said(finding, strong=True), *map(Said, rest))
    yield from warnings(comparison.cautions)


def changed(comparison: Comparison) -> Grid:
    """Return each field in which the sides' jobs differ on purpose, with each side's value."""
    names = list(comparison.trials)
    rows = [
        row(each.field, [_cut(written(each.field, each.values.get(name))) for name in names])
        for each in comparison.changed
    ]
    return Grid(of_sides(_FIELD, names, numeric=False), rows)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[:_MOST]}..."


def warnings(cautions: Iterable[Caution]) -> Iterator[Said]:
    """Yield each warning with its remedy."""
    for caution in cautions:
        yield Said(caution_text(caution), code=caution.code)


def caution_text(caution: Caution) -> str:
    """Return the warning with its remedy."""
    return say(join(NEXT, [caution.sentence, caution.remedy]))


def profile(found: Profiled) -> Grid:
    """Return the operations that took most of the time."""
    rows = [
        row(each.name, [f"{each.calls:,}", percent(each.self_seconds / found.total_seconds)])
        for each in found.operations
    ]
    return Grid(columns(_OPERATION, _CALLS, _SHARE), rows)


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


def _metrics(agreement: Agreement) -> Iterator[str]:
    median, most = agreement.metric_difference, agreement.largest_metric_difference
    metric = agreement.metric
    if median is None:
        return
    names = {"first": label(agreement.first), "second": label(agreement.second)}
    apart = agreement.pairs > 1 and most is not None and metric.differs(most)
    if metric is ACCURACY:
        phrase = _ACCURACIES_OF_PAIRS if apart else _ACCURACIES
        yield say(phrase, **names, points=abs(100 * median), most=100 * (most or 0.0))
    else:
        phrase = _METRICS_OF_PAIRS if apart else _METRICS
        ends = {"apart": metric.apart(median), "most": metric.apart(most or 0.0)}
        yield say(phrase, **names, **ends, metric=metric.test)
