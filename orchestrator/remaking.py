"""All that follows from what a run keeps, made again: results, figures, page."""

from collections.abc import Iterable, Iterator
from contextlib import closing

from twinrun.contract.state_dir import sweep

from orchestrator import explaining, proof, session, store
from orchestrator.config import FRAMEWORKS
from orchestrator.errors import RunUnreadable
from orchestrator.files import writing
from orchestrator.language import Phrase, english
from orchestrator.loops import VARIANTS
from orchestrator.renderer import Renderer
from orchestrator.store import Run

_NOTHING = Phrase(
    "{path} keeps no trial and no result, so that there is nothing to report: make it again."
)


def remake(run: Run) -> None:
    """Whatever wrote the run, in whatever version: only its events are relied on.

    Raises RunUnreadable, OutputError.
    """
    with writing(run.path):
        sweep(run.path)  # what a command that was killed had half written
    match _kind(run):
        case "compare":
            _finish([run])
        case "verify":
            proof.keep(run, proof.again(run))
        case "explain":
            explaining.finish(run, FRAMEWORKS)
        case "recipes":
            _finish(_inner(run, session.RECIPES))
            session.finish_recipes(run)
        case "loops":
            _finish(_inner(run, VARIANTS))
            session.finish_loops(run)
        case _:
            raise RunUnreadable(english(_NOTHING, path=run.path))


def _kind(run: Run) -> str:
    """By the results that it has; of one that was killed before it had any, by its name."""
    name = run.path.name.partition("-")[2]
    for kind in ("recipes", "loops"):
        if run.result(kind) is not None or name.endswith(f"-{kind}"):
            return kind
    if run.result("explanation") is not None or name.startswith("explain-"):
        return "explain"
    if run.result("comparison") is None and (
        name.startswith("verify-") or (run.certificate() and not run.has_trials())
    ):
        return "verify"
    return "compare" if run.has_trials() else "unknown"


def _inner(run: Run, names: Iterable[str]) -> Iterator[Run]:
    """The runs within it that were begun."""
    for name in names:
        found = store.inner(run, name)
        if found is not None and found.has_trials():
            yield found


def _finish(runs: Iterable[Run]) -> None:
    with closing(Renderer()) as renderer:
        for run in runs:
            session.finish(run, renderer, lambda _: None)
