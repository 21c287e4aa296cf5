"""A track -> a report: for each series what it is of, what was found, and its runs."""

from collections.abc import Iterator

from orchestrator.language.phrases import Phrase, english, join, say
from orchestrator.language.words import NEXT, percent
from orchestrator.reports.grid import BLANK, Grid, Part, Said, columns, row
from orchestrator.results.quantities import quantities
from orchestrator.results.track import Series, Track
from orchestrator.results.track.series import name

_RUN, _LABEL, _VERSION = Phrase("Run"), Phrase("Label"), Phrase("Version")
_TRIALS, _CHANGE = Phrase("Trials"), Phrase("Change")
_NOTHING = Phrase("There is nothing to track: no run has a result of that kind.")
_FOUND = Phrase("Changes found: {changes}, series: {series}; rate of false claims: {rate}.")
_APART = Phrase("Runs on different machines or with different settings are series of their own.")
_TIMES = Phrase("{ratio:.3f} times")


def headline(found: Track) -> str:
    """Say how many changes were found, or that there is nothing to track."""
    if not found.series:
        return say(_NOTHING)
    count = sum(len(each.changes or ()) for each in found.series)
    parts = [
        english(_FOUND, changes=count, series=len(found.series), rate=percent(found.rate)),
        *([english(_APART)] if are_apart(found) else []),
    ]
    return say(join(NEXT, parts))


def are_apart(found: Track) -> bool:
    """Return whether a side of a workload has several series."""
    return len({(each.workload, each.side) for each in found.series}) < len(found.series)


def report(found: Track) -> Iterator[Part]:
    """Yield the headline, then each series with a table of its runs."""
    yield Said(headline(found), strong=True)
    for each in found.series:
        yield from (BLANK, Said(say(name(each)), strong=True))
        yield from (Said(say(sentence)) for sentence in each.sentences)
        yield table(each)


def table(series: Series) -> Grid:
    """Return a row for each run, oldest first; the first of a change says how large it is."""
    quantity = next(each for each in quantities(None) if each.name == series.quantity)
    sizes = {each.at: say(_TIMES, ratio=each.ratio.ratio) for each in series.changes or ()}
    value = Phrase(quantity.name)  # the name in every language, as in the sentences
    rows = [
        row(
            point.run,
            [
                *(point.label, point.version, str(point.trials)),
                *(quantity.written(point.value), sizes.get(index, "")),
            ],
            strong=index in sizes,
        )
        for index, point in enumerate(series.points)
    ]
    return Grid(columns(_RUN, _LABEL, _VERSION, _TRIALS, value, _CHANGE), rows)
