"""All that follows from what a run keeps, made again: results, figures, page."""

from collections.abc import Iterable

from orchestrator import explaining, proof, session, store
from orchestrator.config import FRAMEWORKS
from orchestrator.errors import RunUnreadable
from orchestrator.language import Phrase, english
from orchestrator.loops import VARIANTS
from orchestrator.store import Run

_NOTHING = Phrase(
    "{path} keeps no trial and no result, so that there is nothing to report: make it again."
)


def remake(run: Run) -> None:
    """Whatever wrote the run, in whatever version: only its events are relied on.

    Raises RunUnreadable, OutputError.
    """
    match _kind(run):
        case "compare":
            session.finish(run, _silent)
        case "verify":
            proof.keep(run, proof.again(run))
        case "explain":
            explaining.finish(run, FRAMEWORKS)
        case "recipes":
            _remake_inner(run, session.RECIPES)
            session.finish_recipes(run)
        case "loops":
            _remake_inner(run, VARIANTS)
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
        name.startswith("verify-") or (run.certificate() and not run.trials())
    ):
        return "verify"
    return "compare" if run.trials() else "unknown"


def _remake_inner(run: Run, names: Iterable[str]) -> None:
    for name in names:
        found = store.inner(run, name)
        if found is not None and found.trials():
            session.finish(found, _silent)


def _silent(_text: str) -> None:
    """Nobody waits for it."""
