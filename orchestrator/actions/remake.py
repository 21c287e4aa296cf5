"""Regenerates everything that follows from a run's data: results, figures, page."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import assert_never

from twinrun.contract.state_dir import sweep

from orchestrator.actions import compare, explain, variants, verify
from orchestrator.errors import RunUnreadable
from orchestrator.figures.renderer import Renderer
from orchestrator.frameworks import FRAMEWORKS
from orchestrator.language.phrases import Phrase, english
from orchestrator.results.variants import CHANGES
from orchestrator.storage import store
from orchestrator.storage.about import Kind
from orchestrator.storage.files import writing
from orchestrator.storage.store import Run

_NOTHING = Phrase(
    "{path} has no trials and no results, so there is nothing to report: run it again."
)


def remake(run: Run) -> None:
    """Regenerate the results of a run of any version, from its events only.

    Raises RunUnreadable, OutputError.
    """
    with writing(run.path):
        sweep(run.path)  # files that a killed command had only partly written
    what = run.about()
    match what.kind:
        case Kind.TRAIN | Kind.COMPARE:
            if not run.count_trials():
                raise RunUnreadable(english(_NOTHING, path=run.path))
            _finish([run])
        case Kind.VERIFY:
            verify.keep(run, verify.again(run))
        case Kind.EXPLAIN:
            # An older run has the sides that started.
            explain.finish(run, what.sides if len(what.sides) > 1 else tuple(FRAMEWORKS))
        case Kind.RECIPES | Kind.LOOPS:
            _finish(_inner(run, CHANGES[what.kind]))
            variants.finish(run, what.kind)
        case _:
            assert_never(what.kind)


def _inner(run: Run, names: Iterable[str]) -> Iterator[Run]:
    """Yield the inner runs that were started."""
    for name in names:
        inner = store.inner(run, name)
        if inner is not None and inner.count_trials():
            yield inner


def _finish(runs: Iterable[Run]) -> None:
    with closing(Renderer()) as renderer:
        for run in runs:
            compare.finish(run, renderer, lambda _: None)
