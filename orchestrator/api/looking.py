"""Functions that look at trained weights, at images, and at two runs."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.actions import evaluate as evaluating
from orchestrator.actions import preview as previewing
from orchestrator.actions.shown import only_comparison
from orchestrator.api.answer import Answer
from orchestrator.api.asked import job_of, names_of, running, spec_of
from orchestrator.api.keywords import with_addresses, with_flags
from orchestrator.api.progress import Progress
from orchestrator.api.result import Figure
from orchestrator.api.words import in_words_of_python
from orchestrator.frameworks import FRAMEWORKS, usual
from orchestrator.language.phrases import join, say
from orchestrator.language.words import LINES
from orchestrator.reports import difference as difference_report
from orchestrator.reports import evaluation as evaluation_report
from orchestrator.reports.grid import Part, Said
from orchestrator.results import difference, evaluation
from orchestrator.results import preview as previews
from orchestrator.results.difference import Difference
from orchestrator.results.limits import slower
from orchestrator.results.limits.decision import Outcome
from orchestrator.results.recipes import RECIPES
from orchestrator.settings import config
from orchestrator.settings.job import one_of
from orchestrator.storage import shelf
from orchestrator.trials.mappings.stored import as_json


@with_addresses
@in_words_of_python()
def evaluate(
    run: str | Path = shelf.LATEST,
    framework: str = next(iter(FRAMEWORKS)),
    *,
    weights_from: str | None = None,
    trial: int = 1,
    output: str | Path = "runs",
    progress: Progress = False,
    **given: Any,
) -> Answer:
    """Evaluate the weights of a finished trial in a framework, as ``orchestrator evaluate``.

    ``weights_from``: the side that trained them, if it was another one. ``faults`` of the answer
    say what differs from what the weights gave in training. Raises OrchestratorError.
    """
    (name,) = config.frameworks(framework)[:1]
    stored = shelf.find(str(run), Path(output))
    request = evaluating.Request(stored, name, weights_from or name, trial)
    with running(progress, None, (name,), given) as (runners, display):
        result, faults = evaluating.evaluate(request, runners, display)
    name = f"evaluation-{request.name}"
    path = stored.path / "figures" / f"{name}.svg"
    has_figure = bool(result.confusion)
    return Answer(
        evaluation_report.finding(result),
        evaluation.as_dict(result),
        lambda: evaluation_report.report(result),
        Figure(name, path.read_text(encoding="utf-8")) if has_figure else None,
        faults,
    )


@with_flags
@in_words_of_python()
def preview(
    workload: str | Path | None = None,
    *,
    count: int = 8,
    recipe: str = "matched",
    changes: Mapping[str, Any] | None = None,
    frameworks: str | Sequence[str] = usual(),
    baseline: str | None = None,
    progress: Progress = False,
    **given: Any,
) -> Answer:
    """Show the first training images and what each framework's steps get, as a figure.

    Keywords as of `compare`, and ``count`` of images. No file is written: the figure's ``svg`` is
    its text. Raises OrchestratorError.
    """
    from orchestrator.figures import plots  # noqa: PLC0415 - takes a while to import

    job, names = job_of(workload, given), names_of(frameworks)
    spec, first = spec_of(job, changes), config.baseline(baseline, names)
    spec.recipe = RECIPES[one_of("recipe", recipe, tuple(RECIPES))]
    with running(progress, job.workload, names, given) as (runners, display):
        found = previewing.preview(
            *(job.title, spec, names, runners),
            count=count,
            baseline=first,
            listen=display.event,
        )
        drawing = plots.preview_canvas(found).drawing()
    return Answer(
        found.sentence,
        previews.as_dict(job.title, found),
        lambda: [Said(say(found.sentence), strong=True)],
        Figure(drawing.name, drawing.svg.decode()),
    )


@in_words_of_python()
def diff(
    first: str | Path,
    second: str | Path = shelf.LATEST,
    output: str | Path = "runs",
    *,
    fail_if_slower: str | None = None,
) -> Answer:
    """Compare two runs, as ``orchestrator diff``: each a path, a name, ``latest``.

    ``fail_if_slower``: a percentage such as ``"5%"``, as ``--fail-if-slower``. Nothing is raised if
    the second run is slower by more: ``faults`` say so, or that the measurements do not decide it,
    and ``to_dict()["decisions"]`` has the numbers. Raises OrchestratorError.
    """
    allowed = config.fraction("fail_if_slower", fail_if_slower) if fail_if_slower else None
    stored = [shelf.find(str(name), Path(output)) for name in (first, second)]
    before, after = map(only_comparison, stored)
    hosts = (stored[0].about().host, stored[1].about().host)
    found = difference.difference(before, after, hosts)
    made = slower.decisions(found, before, after, allowed) if allowed is not None else []
    return Answer(
        join(LINES, found.sentences),
        difference.as_dict(found) | as_json({"decisions": made} if made else {}),
        lambda: list(_differences(found)),
        faults=[each.sentence for each in made if each.outcome is not Outcome.PASSED],
    )


def _differences(found: Difference) -> Iterator[Part]:
    for line in difference_report.lines(found):
        yield Said(line)
