"""What follows from the cells of a sweep: each one's result, and the common one."""

from collections.abc import Mapping

from orchestrator.actions import finish as of_comparison
from orchestrator.actions.finish import comparison_of
from orchestrator.figures.renderer import Renderer
from orchestrator.results.comparison import Comparison
from orchestrator.results.sweeps import Sweep, as_dict, sweep
from orchestrator.storage import sweeping
from orchestrator.storage.store import Run


def finish(run: Run, renderer: Renderer) -> Sweep:
    """Write what each cell that has trials came to, then what they came to together.

    Raises BadInput without a plan, OutputError, RunUnreadable.
    """
    plan = sweeping.the_plan(run)
    compared = dict[str, Comparison]()
    for name, cell in begun(run).items():
        compared[name] = of_comparison.judge(cell)
        of_comparison.draw(cell, compared[name], renderer)
    result = sweep(plan, compared)
    write(run, result, compared)
    return result


def write(run: Run, result: Sweep, compared: Mapping[str, Comparison]) -> None:
    """Write sweep.json, the figures and the page of a sweep. Raises OutputError."""
    from orchestrator import page  # noqa: PLC0415 - take a while to import
    from orchestrator.figures import sweeps  # noqa: PLC0415 - take a while to import

    run.write_result("sweep", as_dict(result))
    drawings = [canvas.drawing() for canvas in sweeps.canvases(result)]
    for drawing in drawings:
        run.write_figures(drawing.files())
    run.write_page(page.render(page.sweep_page(result, run.about(), compared, drawings)))


def begun(run: Run) -> dict[str, Run]:
    """Return the runs of the cells that have trials, by name. Raises RunUnreadable."""
    plan = sweeping.plan_of(run)
    found = {} if plan is None else sweeping.cells_of(run, plan)
    return {name: cell for name, cell in found.items() if cell.count_trials()}


def compared_in(run: Run) -> dict[str, Comparison]:
    """Return the comparisons of the cells, by name. Raises RunUnreadable."""
    return {name: comparison_of(cell) for name, cell in begun(run).items()}


def result_of(run: Run) -> tuple[Sweep, dict[str, Comparison]] | None:
    """Return the result of a sweep, and its cells'. None: nothing of it was finished."""
    plan, compared = sweeping.plan_of(run), compared_in(run)
    return (sweep(plan, compared), compared) if plan and compared else None
