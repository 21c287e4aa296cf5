"""The same workload by both recipes, or by each loop: each comparison in a run of its own."""

import dataclasses
from contextlib import closing

from twinrun.v1 import job_pb2

from orchestrator.actions.compare import ComparisonRequest, Outcome, train_into
from orchestrator.actions.finish import comparison_of
from orchestrator.actions.request import kept
from orchestrator.errors import BadInput
from orchestrator.figures.renderer import Renderer
from orchestrator.language.phrases import Phrase, english, say
from orchestrator.language.words import OF
from orchestrator.results.comparison import Comparison
from orchestrator.results.recipes import RECIPES
from orchestrator.results.variants import CHANGES, Variants, as_dict, variants
from orchestrator.runners.finding import Runners
from orchestrator.runners.planning import accepted
from orchestrator.runners.progress import Display
from orchestrator.settings.job import one_of
from orchestrator.storage import store
from orchestrator.storage.about import Kind, plain
from orchestrator.storage.running import making
from orchestrator.storage.store import Run

BOTH = "both"
_BOTH = Phrase("--loop both and --recipe both are two comparisons; run them one after the other.")
_LOOPS = {"fit": job_pb2.LOOP_FIT, "custom": job_pb2.LOOP_CUSTOM}
_KINDS = {Kind.RECIPES: Phrase("recipes"), Kind.LOOPS: Phrase("loops")}


def of_recipe(recipe: str) -> dict[str, str]:
    """Return what --recipe changes in a job, where fields of that recipe alone may be set too."""
    return {"recipe": str(recipe)} if recipe != BOTH and recipe in RECIPES else {}


def asked(spec: job_pb2.JobSpec, recipe: str, loop: str | None) -> Kind | None:
    """Put a recipe and a loop into the spec; return what compares ``both``. Raises BadInput."""
    if recipe == loop == BOTH:
        raise BadInput(english(_BOTH))
    if recipe != BOTH:
        spec.recipe = RECIPES[one_of("recipe", recipe, (*RECIPES, BOTH))]
    if loop is not None and loop != BOTH:
        spec.loop = _LOOPS[one_of("loop", loop, (*_LOOPS, BOTH))]
    return Kind.RECIPES if recipe == BOTH else Kind.LOOPS if loop == BOTH else None


def train_variants(
    kind: Kind, request: ComparisonRequest, runners: Runners, display: Display
) -> tuple[Variants, list[Outcome]]:
    """Train each variant of the ``kind`` as `train`, each in a run of its own inside a new one.

    Variants after one that was cut short have no outcome.
    """
    runners.prepare(request.runner_names)
    with closing(Renderer()) as renderer:
        spec = accepted(request.spec, request.sides, runners)
        run = store.create(
            *(request.output, kind, request.workload, request.names, spec),
            baseline=request.baseline,
            label=request.label,
            precision=request.plan.precision,
            margin=request.plan.margin,
            fail_if=request.plan.fail_if,
        )
        outcomes = list[Outcome]()
        with making(run) as made:
            for name, changes in CHANGES[kind].items():
                display.say(say(OF, name=english(_KINDS[kind]), what=name))
                asked = job_pb2.JobSpec()
                asked.CopyFrom(spec)
                for field_name, value in changes.items():
                    setattr(asked, field_name, value)
                inner = store.within(run, name, plain(request.names), request.names, asked)
                part = dataclasses.replace(request, spec=asked)
                outcomes.append(train_into(inner, part, runners, renderer, display))
                made.stopped = outcomes[-1].cut_short
                if made.stopped:
                    break
            result = finish(run, kind)
    display.say(kept(run))
    return result, outcomes


def finish(run: Run, kind: Kind) -> Variants:
    """Write the common result of the inner runs: its file and its page."""
    from orchestrator import page  # noqa: PLC0415 - take a while to import
    from orchestrator.figures import plots  # noqa: PLC0415 - take a while to import

    compared = compared_in(run, kind)
    result = variants(kind, compared)
    run.write_result(kind, as_dict(result))
    canvas = plots.variants_canvas(result)
    drawings = [] if canvas is None else [canvas.drawing()]
    for drawing in drawings:
        run.write_figures(drawing.files())
    run.write_page(page.render(page.variants_page(result, run.about(), compared, drawings)))
    return result


def inner_runs(run: Run, kind: Kind) -> dict[str, Run]:
    """Return the inner runs that were started and have trials, by name."""
    found = {name: store.inner(run, name) for name in CHANGES[kind]}
    return {name: inner for name, inner in found.items() if inner and inner.count_trials()}


def compared_in(run: Run, kind: Kind) -> dict[str, Comparison]:
    """Return the comparisons of the inner runs, by name. Raises RunUnreadable."""
    return {name: comparison_of(inner) for name, inner in inner_runs(run, kind).items()}
