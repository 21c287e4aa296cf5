"""An explanation -> tables, and a paragraph for a pitfall."""

from collections.abc import Callable, Iterator, Sequence

from orchestrator.frameworks import FRAMEWORKS
from orchestrator.language.columns import wrap
from orchestrator.language.phrases import Phrase, Sentence, english, join, say
from orchestrator.language.words import NEXT, OF, label, listed, number, percent
from orchestrator.reports.grid import (
    BLANK,
    UNKNOWN,
    Cell,
    Column,
    Grid,
    Part,
    Said,
    columns,
    of_sides,
    row,
)
from orchestrator.reports.grid import Row as Line
from orchestrator.results.circumstances import OTHER_CPUS
from orchestrator.results.estimate import FEWEST_PAIRS, Amount, Estimate
from orchestrator.results.habits.explanation import Row, Skipped
from orchestrator.results.habits.pitfall import Pitfall
from orchestrator.results.quantities import seconds
from orchestrator.trials.metrics import ACCURACY, Metric
from orchestrator.trials.sides import changed_fields, framework_of

_MATCHED = Phrase("nothing")
_MEANING = Phrase(
    "Losses diverge: by more than 0.1 %. {effect} Seconds "
    "of training: medians. Time: {second}'s seconds over {first}'s, pair by pair. {basis}"
)
_ACCURACY = Phrase("Accuracy: {second}'s minus {first}'s, in points.")
_METRIC = Phrase("{metric}: {second}'s minus {first}'s.")
_ONE = Phrase("One pair of trials each: provisional, and an interval needs --repeats {fewest}.")
_FEW = Phrase("{pairs} pairs of trials each: provisional, and an interval needs {fewest}.")
_INTERVALS = Phrase("In brackets are intervals (95 %), from {pairs} pairs of trials each.")
_CHANGED = Phrase("In every row the sides' jobs differ in {fields}, on purpose.")
_TAKEN = Phrase(
    "Others took up to {share} of the CPUs: the times are not those of a quiet machine."
)
_NEVER = Phrase("never")
_STEP = Phrase("step {step:,}")
_LET_IN, _DIFFERENCE = Phrase("Difference"), Phrase("Description")
_DIVERGE = Phrase("losses diverge")
_TIME = Phrase("time")
_LOSS, _TIMES = Phrase("loss"), Phrase("time, times")
_MOVED = Phrase("{metric}, moved")
_EFFECTS = Phrase(
    "What each changes beside the matched trials of the same seed, what moves the metric most "
    "first. Loss: {second}'s mean of the last epoch over {first}'s."
)
_RANGE = Phrase("{value} ({low} to {high})")
_SOURCE = Phrase("Source: {source}")


def report(rows: Sequence[Row], passed: Sequence[Skipped] = ()) -> Iterator[Part]:
    """Yield the effect of each difference on the comparison, and each framework's own way.

    ``passed``: the differences that do not apply to the job.
    """
    yield from (differences(rows), Said(meaning(rows)))
    if (changes := effects(rows)).rows:
        yield from (BLANK, changes, Said(meaning_of_effects(rows)))
    yield from map(Said, not_applying(passed))
    if (ways := own_ways(rows)).rows:
        yield from (BLANK, ways)


def differences(rows: Sequence[Row]) -> Grid:
    """Return each difference, its effect, and the seconds of each side."""
    _, *sides = of_sides(_LET_IN, list(rows[0].seconds))
    _, time = columns(_LET_IN, _TIME)
    effects = [*columns(_LET_IN, _DIVERGE), Column(Cell(say(rows[0].metric.label)))]
    return Grid([*effects, *sides, time], list(map(_difference, rows)))


def _difference(found: Row) -> Line:
    name = found.pitfall.title if found.pitfall else _MATCHED
    values = [
        say(_NEVER) if found.parts_at is None else say(_STEP, step=found.parts_at),
        written(found.apart, signed(found.metric)),
        *(seconds(each) for each in found.seconds.values()),
        written(found.time),
    ]
    return row(say(name), values)


def effects(rows: Sequence[Row]) -> Grid:
    """Return what each difference changes, beside the matched trials of the same seed.

    What moves the metric most comes first.
    """
    changed = [each for each in rows if each.pitfall]
    changed.sort(key=lambda each: -abs(each.moved.value) if each.moved else 0.0)
    heads = columns(_LET_IN, _LOSS)
    heads.append(Column(Cell(say(_MOVED, metric=say(rows[0].metric.label)))))
    heads.append(columns(_LET_IN, _TIMES)[1])
    return Grid(heads, [_effect(each) for each in changed])


def _effect(found: Row) -> Line:
    name = found.pitfall.title if found.pitfall else _MATCHED
    moved = written(found.moved, signed(found.metric))
    return row(say(name), [written(found.loss), moved, written(found.added)])


def meaning_of_effects(rows: Sequence[Row]) -> str:
    """Explain the headings of `effects`."""
    first, second = (label(name) for name in rows[0].seconds)
    return say(_EFFECTS, first=first, second=second)


def signed(metric: Metric) -> Callable[[float], str]:
    """Return how a difference of a metric is written: in points, if it is a share."""
    if metric.is_share:
        return lambda value: f"{100 * value:+.2f}"
    return lambda value: f"{'+' if value >= 0 else ''}{number(value)}"


def written(found: Amount | Estimate | None, how: Callable[[float], str] = number) -> str:
    """Write a value, with its interval if there is one."""
    if found is None:
        return UNKNOWN
    value = how(found.ratio if isinstance(found, Estimate) else found.value)
    if found.low is None or found.high is None:
        return value
    return say(_RANGE, value=value, low=how(found.low), high=how(found.high))


def not_applying(passed: Sequence[Skipped]) -> list[str]:
    """Return a sentence for each difference that does not apply to the job."""
    return [say(each.sentence) for each in passed]


def own_ways(rows: Sequence[Row], *, why: bool = False) -> Grid:
    """Return each framework's own way, and ``why`` it matters."""
    names = list(rows[0].seconds)
    lines = [
        row(
            say(pitfall.title),
            [*_own_ways(pitfall, names), *([say(pitfall.paragraph)] if why else [])],
        )
        for each in rows
        if (pitfall := each.pitfall)
    ]
    heads = of_sides(_LET_IN, names, numeric=False)
    return Grid([*heads, *(columns(_DIFFERENCE) if why else [])], lines)


def pair(rows: Sequence[Row]) -> Sentence:
    """Return the names of the two."""
    return listed([label(name) for name in rows[0].seconds])


def meaning(rows: Sequence[Row]) -> str:
    """Explain the headings of `differences`, and what its numbers are based on."""
    first, second = (label(name) for name in rows[0].seconds)
    pairs = min(each.time.pairs for each in rows)
    few = _ONE if pairs == 1 else _FEW
    phrase = few if pairs < FEWEST_PAIRS else _INTERVALS
    basis = english(phrase, pairs=pairs, fewest=FEWEST_PAIRS)
    taken = max(each.taken or 0.0 for each in rows)
    if taken > OTHER_CPUS:
        basis = join(NEXT, [basis, english(_TAKEN, share=percent(taken))])
    if fields := changed_fields(list(rows[0].seconds)):
        basis = join(NEXT, [basis, english(_CHANGED, fields=", ".join(fields))])
    names, metric = {"first": first, "second": second}, rows[0].metric
    of_metric = english(_METRIC, **names, metric=metric.word)
    effect = english(_ACCURACY, **names) if metric is ACCURACY else of_metric
    return say(_MEANING, **names, effect=effect, basis=basis)


def _own_ways(pitfall: Pitfall, frameworks: Sequence[str]) -> list[str]:
    ways = map(pitfall.does, map(framework_of, frameworks))
    return [UNKNOWN if does is None else say(does) for does in ways]


def paragraph(pitfall: Pitfall, width: int = 80) -> str:
    """Describe it, each framework's behaviour, and the source."""
    does = [
        say(OF, name=label(name), what=english(does))
        for name in FRAMEWORKS
        if (does := pitfall.does(name))
    ]
    text = wrap(say(pitfall.paragraph), width)
    source = wrap(say(_SOURCE, source=pitfall.source), width, break_on_hyphens=False)
    return "\n".join([say(pitfall.title), *does, "", *text, "", *source])
