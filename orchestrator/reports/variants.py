"""Recipes or loops -> a table, one variant below the other."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from orchestrator.language.phrases import Phrase, Sentence, english, say
from orchestrator.language.words import OF, number
from orchestrator.reports.comparison import sentences, warnings
from orchestrator.reports.grid import BLANK, QUANTITY, UNKNOWN, Grid, Part, Row, Said, of_sides, row
from orchestrator.results.comparison import Comparison
from orchestrator.results.quantities import EPOCH
from orchestrator.results.recipes import Times
from orchestrator.results.variants import Loops, Variants, cautions, title
from orchestrator.trials.metrics import ACCURACY

_SECONDS = Phrase("Seconds of an epoch")
_SHOWN: Mapping[Phrase, Callable[[Times], str]] = {
    Phrase("training"): lambda times: f"{number(times.train_seconds)} s",
    Phrase("  of which waiting for data"): lambda times: (
        UNKNOWN if times.wait_seconds is None else f"{number(times.wait_seconds)} s"
    ),
    Phrase("  per epoch"): lambda times: EPOCH.written(times.epoch_seconds),
}


def report(found: Variants, compared: Mapping[str, Comparison]) -> Iterator[Part]:
    """Yield the table, each comparison's result with its name, their common one, and warnings."""
    yield from (table(found), BLANK)
    texts = {
        name: [say(one.finding)] if isinstance(found, Loops) else sentences(one)
        for name, one in compared.items()
    }
    common = [text for text in next(iter(texts.values()), []) if _of_all(text, texts)]
    for name, (finding, *rest) in texts.items():
        yield Said(say(OF, name=title(name), what=finding), strong=True)
        yield from (Said(text) for text in rest if text not in common)
    yield BLANK
    yield from (Said(say(sentence)) for sentence in found.sentences)
    yield from map(Said, common)
    yield from warnings(cautions(found))


def _of_all(text: str, texts: Mapping[str, Sequence[str]]) -> bool:
    """Return whether several comparisons all say it, other than as their finding."""
    return len(texts) > 1 and all(text in rest for _, *rest in texts.values())


def table(found: Variants) -> Grid:
    """Return one or more rows for each variant, for sides that have a finished trial of any."""
    by_variant = found.epoch_seconds if isinstance(found, Loops) else found.times
    names = list(dict.fromkeys(name for by_side in by_variant.values() for name in by_side))
    return Grid(
        of_sides(_SECONDS if isinstance(found, Loops) else QUANTITY, names), _rows(found, names)
    )


def _rows(found: Variants, names: Sequence[str]) -> list[Row]:
    if isinstance(found, Loops):
        return [
            row(
                say(title(variant)),
                [number(by_side[each]) if each in by_side else UNKNOWN for each in names],
            )
            for variant, by_side in found.epoch_seconds.items()
        ]
    return [
        row(
            say(name) if name.startswith(" ") else say(OF, name=title(recipe), what=name),
            [written(by_side[each]) if each in by_side else UNKNOWN for each in names],
        )
        for recipe, by_side in found.times.items()
        for name, written in _shown(by_side).items()
    ]


def _shown(by_side: Mapping[str, Times]) -> Mapping[Sentence, Callable[[Times], str]]:
    """Return the rows of a recipe: seconds, and the metric that stands for the task."""
    metric = next((times.metric for times in by_side.values()), ACCURACY)

    def reached(times: Times) -> str:
        return UNKNOWN if times.test_metric is None else metric.written(times.test_metric)

    return {**{english(name): written for name, written in _SHOWN.items()}, metric.test: reached}
