"""Regenerates everything that follows from a run's data: results, figures, page."""

from collections.abc import Iterable
from contextlib import closing
from typing import assert_never

from twinrun.contract.state_dir import sweep

from orchestrator.actions import explain, finish, judging, parity, variants, verify
from orchestrator.actions.shown import compared_sides
from orchestrator.actions.sweeps import finish as sweeps
from orchestrator.errors import RunUnreadable
from orchestrator.figures.renderer import Renderer
from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.results.circumstances import of_damages
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
            damages = list[Sentence]()
            certificates = judging.again(run, damages)
            verify.keep(run, certificates, of_damages(damages))
        case Kind.EXPLAIN:
            explain.finish(run, compared_sides(what))
        case Kind.PARITY:
            parity.finish(run)
        case Kind.RECIPES | Kind.LOOPS:
            _finish(variants.inner_runs(run, what.kind).values())
            variants.finish(run, what.kind)
        case Kind.SWEEP:
            with closing(Renderer()) as renderer:
                sweeps.finish(run, renderer)
        case _:
            assert_never(what.kind)


def _finish(runs: Iterable[Run]) -> None:
    with closing(Renderer()) as renderer:
        for run in runs:
            finish.finish(run, renderer, lambda _: None)
