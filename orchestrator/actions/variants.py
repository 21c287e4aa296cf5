"""The same workload by both recipes, or by each loop: a comparison of each in a run of its own."""

import dataclasses
from collections.abc import Iterable, Mapping
from contextlib import closing

from twinrun.v1 import job_pb2

from orchestrator.actions.compare import Outcome, Request, accepted, comparison_of, train_into
from orchestrator.figures.renderer import Renderer
from orchestrator.language.phrases import Phrase, english, say
from orchestrator.language.words import OF
from orchestrator.results.comparison import Comparison, compare
from orchestrator.results.variants import LOOPS, RECIPES, Loops, Recipes, as_dict, loops, recipes
from orchestrator.runners.finding import Runners
from orchestrator.runners.progress import Display
from orchestrator.storage import store
from orchestrator.storage.about import Kind, plain
from orchestrator.storage.store import Run

_VARIANTS = {Kind.RECIPES: Phrase("recipes"), Kind.LOOPS: Phrase("loops")}


def train_recipes(
    request: Request, runners: Runners, display: Display
) -> tuple[Recipes, list[Outcome]]:
    """As `train`, by both recipes, each in a run of its own inside a new one."""
    variants = {name: {"recipe": number} for name, number in RECIPES.items()}
    run, outcomes = _train_variants(request, Kind.RECIPES, variants, runners, display)
    return finish_recipes(run), list(outcomes.values())


def train_loops(
    request: Request, runners: Runners, display: Display
) -> tuple[Loops, list[Outcome]]:
    """As `train`, by both loops, op by op and not, each in a run of its own inside a new one."""
    run, outcomes = _train_variants(request, Kind.LOOPS, LOOPS, runners, display)
    return finish_loops(run), list(outcomes.values())


def _train_variants(
    request: Request,
    kind: Kind,
    variants: Mapping[str, Mapping[str, int]],
    runners: Runners,
    display: Display,
) -> tuple[Run, dict[str, Outcome]]:
    """``variants``: what each changes of the spec. Those after one cut short have no outcome."""
    runners.prepare(request.frameworks)
    with closing(Renderer()) as renderer:
        spec = accepted(request, runners)
        run = store.create(
            *(request.output, kind, request.workload, request.names, spec),
            baseline=request.baseline,
        )
        outcomes: dict[str, Outcome] = {}
        for name, changes in variants.items():
            display.say(say(OF, name=english(_VARIANTS[kind]), what=name))
            asked = job_pb2.JobSpec()
            asked.CopyFrom(spec)
            for field_name, value in changes.items():
                setattr(asked, field_name, value)
            inner = store.within(run, name, plain(request.names), request.names, asked)
            part = dataclasses.replace(request, spec=asked)
            outcomes[name] = train_into(inner, part, runners, renderer, display)
            if outcomes[name].interrupted or outcomes[name].ended:
                break
    return run, outcomes


def finish_recipes(run: Run) -> Recipes:
    """The same of what its inner runs say together."""
    from orchestrator import page  # noqa: PLC0415 - as above

    inner = _inner(run, RECIPES)
    empty = compare(run.job_spec(), [])
    found = recipes(*(inner.get(name, empty) for name in RECIPES))
    run.write_result("recipes", as_dict(found))
    run.write_page(page.render(page.recipes_page(found, run.about(), list(inner))))
    return found


def finish_loops(run: Run) -> Loops:
    """As `finish_recipes`."""
    from orchestrator import page  # noqa: PLC0415 - as above

    inner = _inner(run, LOOPS)
    found = loops(inner)
    run.write_result("loops", as_dict(found))
    run.write_page(page.render(page.loops_page(found, run.about(), list(inner))))
    return found


def _inner(run: Run, names: Iterable[str]) -> dict[str, Comparison]:
    """The comparisons of the runs within it, as far as they were begun."""
    return {name: comparison_of(found) for name in names if (found := store.inner(run, name))}
