"""What follows from the trials of a comparison: its result, figures and page."""

import dataclasses
from collections.abc import Callable, Sequence

from orchestrator.actions import doubts, threads
from orchestrator.actions.repeat import cautions
from orchestrator.actions.request import kept
from orchestrator.certificate import certificate_file
from orchestrator.figures.drawing import Drawing
from orchestrator.figures.renderer import Renderer
from orchestrator.language.phrases import Sentence
from orchestrator.results import circumstances
from orchestrator.results.comparison import Comparison, compare
from orchestrator.results.comparison_file import as_dict
from orchestrator.results.limits.judging import is_settled, judged
from orchestrator.results.machines.each import Machines, machines
from orchestrator.results.threads.search import Search
from orchestrator.storage import clustering, machine, store
from orchestrator.storage.blocks import blocks
from orchestrator.storage.files import noting
from orchestrator.storage.store import Run
from orchestrator.trials.trial import Trial


def comparison_of(run: Run) -> Comparison:
    """Compare its trials, from everything in the run that can be read; a caution names the rest.

    Raises RunUnreadable if its job or what it is cannot be read.
    """
    what, damages = run.about(), list[Sentence]()
    certificates, known, profiles = None, machine.Known(), list[Trial]()
    with noting(damages):
        certificates = certificate_file.of_run(run)
    with noting(damages):
        known = machine.of_run(run)
    with noting(damages):
        profiles = run.profiles()
    again = list[Trial]()
    with noting(damages):
        again = doubts.run_again(run)
    searched: Search | None = None
    with noting(damages):
        searched = threads.of_run(run)
    comparison = compare(
        run.job_spec(),
        run.trials(damages),
        certificates,
        sides=what.sides,
        baseline=what.baseline,
        concurrent=run.concurrent(),
        margin=what.margin,
        known=known,
        profiles=profiles,
        again=again,
        searched=searched,
    )
    over: Machines | None = None
    with noting(damages):
        if plan := clustering.plan_of(run):
            made = bool(certificates and certificates.made)
            here = store.inner(run, store.CERTIFICATE) is not None
            over = machines(
                *(comparison.verdicts, blocks(run.path)),
                certified_on=plan.certified_on if made and here else None,
                certified_before=made and not here,
            )
    together: Sequence[str] = ()
    with noting(damages):
        together = _together(run)
    comparison = dataclasses.replace(comparison, machines=over, over=together)
    comparison = judged(comparison, what)
    settled = is_settled(comparison.decisions)  # then it needed not to be more precise
    more = [] if settled else cautions([*comparison.verdicts, *comparison.at_best], what.precision)
    first, of_machines = (over.first_cautions, over.cautions) if over else ([], [])
    damaged = circumstances.of_damages(damages)
    every = (*first, *damaged, *comparison.cautions, *of_machines, *more)
    return dataclasses.replace(comparison, cautions=every)


def _together(run: Run) -> Sequence[str]:
    """Return the names of the machines that trained each job together, by runners.json."""
    taken = (run.result("runners") or {}).values()
    found = (each.get("machines") for each in taken if isinstance(each, dict))
    return next((list(names) for names in found if isinstance(names, dict)), [])


def finish(run: Run, renderer: Renderer, tell: Callable[[str], None]) -> Comparison:
    """Write everything that follows from a run's trials: comparison.json, figures, page."""
    comparison = judge(run)
    draw(run, comparison, renderer)
    tell(kept(run))
    return comparison


def judge(run: Run) -> Comparison:
    """Compare its trials, and write comparison.json."""
    comparison = comparison_of(run)
    run.write_comparison(as_dict(comparison))
    return comparison


def draw(run: Run, comparison: Comparison, renderer: Renderer) -> None:
    """Write its figures and its page; only the page if they cannot be drawn.

    Raises OutputError.
    """
    from orchestrator import page  # noqa: PLC0415 - not before it is needed

    drawings: list[Drawing] = []
    try:
        drawings = renderer.draw(comparison)
        for drawing in drawings:
            run.write_figures(drawing.files())
    finally:
        run.write_page(page.render(page.comparison_page(comparison, run.about(), drawings)))
