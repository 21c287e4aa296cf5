"""Runs the trials of an explanation: the matched job, and one difference at a time."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from twinrun.contract.spec import JobSpec
from twinrun.v1 import job_pb2

from orchestrator.actions.request import Request, kept
from orchestrator.errors import BadInput, OrchestratorError, OutputError
from orchestrator.language.phrases import Phrase, Sentence, english, join, say
from orchestrator.language.words import AND, NEXT, label
from orchestrator.results.circumstances import Caution, of_damages
from orchestrator.results.habits import pitfalls
from orchestrator.results.habits.explanation import (
    Row,
    Skipped,
    as_dict,
    asked_in,
    explained,
    inputs_of,
    skipped,
)
from orchestrator.results.habits.interactions import twos
from orchestrator.results.habits.numbering import number_of, number_of_idiomatic, number_of_two
from orchestrator.results.habits.pitfall import Pitfall
from orchestrator.results.habits.together import Together, together, with_together
from orchestrator.results.habits.touching import why_none
from orchestrator.runners.finding import Runners
from orchestrator.runners.placement import Placement
from orchestrator.runners.planning import accepted
from orchestrator.runners.progress import Display, logged
from orchestrator.runners.schedule import run_trials
from orchestrator.storage import store
from orchestrator.storage.about import Kind
from orchestrator.storage.files import noting
from orchestrator.storage.running import making
from orchestrator.storage.store import Run
from orchestrator.trials.sides import Side, as_flag, framework_of
from orchestrator.trials.spec import spec_of

_ASKED = "asked"  # the file that says which pitfalls were requested
_LETTING_IN = Phrase("introducing: {what}")
_IDIOMATIC = Phrase("introducing: all that the idiomatic recipe has")
_OF_A_GPU = Phrase("The pitfall {name} is one of a GPU only; add --device cuda.")
_TWICE = Phrase("The pitfall {name} is named more than once; name it once.")
_NOT_THERE = Phrase(
    "{framework} has no way of its own where the pitfall {name} is; leave out one of the two."
)
_SHARED = Phrase(
    "{side}: devices is {devices}, and several devices share a matched job only, without the ways "
    "of a framework, which this command introduces. Take one device."
)
_ONE_OF_PAIRS = Phrase(
    "--all-pairs introduces each two of several differences at once, and {name} is the only one "
    "here. Name another by --pitfall, or none for all."
)
_NO_PITFALL = Phrase("There is no pitfall {name!r}; choose from {known}.")


@dataclass(frozen=True, kw_only=True)
class ExplanationRequest(Request):
    """The job, and again with each of ``pitfalls``, ``repeats`` times with a seed for each.

    ``all_pairs``: and with each two of them. ``idiomatic``: and by that recipe.
    """

    pitfalls: Sequence[Pitfall]
    repeats: int = 1
    all_pairs: bool = False
    idiomatic: bool = False

    def __post_init__(self) -> None:
        """Check each side's job too. Raises BadInput."""
        super().__post_init__()
        for side in self.sides:
            if (devices := side.spec(self.spec).devices) > 1:
                raise BadInput(english(_SHARED, side=as_flag(side.name), devices=devices))


@dataclass(frozen=True, slots=True)
class Found:
    """What a run's trials show: the rows of each pair, and those ``asked`` that do not apply.

    ``together``: of each pair, what several do at once. ``cautions`` name what could not be read.
    """

    pairs: Sequence[Sequence[Row]]
    together: Sequence[Together]
    passed: Sequence[Skipped]
    asked: Sequence[Pitfall]
    cautions: Sequence[Caution]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished run, and what it shows.

    ``faults``: a sentence for each failed trial; ``ended``: what cut it short.
    """

    run: Run
    found: Found
    faults: Sequence[Sentence]
    interrupted: bool
    ended: OrchestratorError | None = None


def chosen(names: Sequence[str], device: job_pb2.Device, sides: Sequence[str]) -> list[Pitfall]:
    """Return the pitfalls of these names, or all of the device and the ``sides``' frameworks.

    Raises BadInput.
    """
    frameworks = list(dict.fromkeys(map(framework_of, sides)))
    known = {each.name: each for each in pitfalls.PITFALLS}
    there = pitfalls.of(device)
    wrong = [
        *(
            english(_NO_PITFALL, name=name, known=", ".join(known))
            for name in dict.fromkeys(names)
            if name not in known
        ),
        *(english(_TWICE, name=name) for name, times in Counter(names).items() if times > 1),
        *(
            english(_OF_A_GPU, name=name)
            for name in dict.fromkeys(names)
            if name in known and known[name] not in there
        ),
        *(
            english(_NOT_THERE, framework=label(framework), name=name)
            for name in dict.fromkeys(names)
            for framework in frameworks
            if name in known and known[name].lacked_by(framework)
        ),
    ]
    if wrong:
        raise BadInput(join(NEXT, wrong))
    if names:
        return [each for each in there if each.name in names]
    return [each for each in there if not any(map(each.lacked_by, frameworks))]


def run_explanation(request: ExplanationRequest, runners: Runners, display: Display) -> Outcome:
    """Run one trial after the other; what has finished is kept, also on Ctrl-C or a lost runner.

    Raises BadInput if none of the pitfalls can touch the job.
    """
    if request.all_pairs and len(request.pitfalls) == 1:
        raise BadInput(english(_ONE_OF_PAIRS, name=request.pitfalls[0].name))
    runners.prepare(request.runner_names)
    from orchestrator import page  # noqa: F401, PLC0415 - take a while to import
    from orchestrator.figures import plots  # noqa: F401, PLC0415 - take a while to import

    spec = accepted(request.spec, request.sides, runners)
    if request.idiomatic:
        accepted(_idiomatic(spec), request.sides, runners)
    jobs = {side.name: spec_of(side.spec(spec), side.name) for side in request.sides}
    if all(reasons := [why_none(pitfall, jobs, {}) for pitfall in request.pitfalls]):
        given = zip(request.pitfalls, reasons, strict=True)
        passed = [Skipped(pitfall, why) for pitfall, why in given if why]
        raise BadInput(join(NEXT, [each.sentence for each in passed]))
    run = store.create(
        *(request.output, Kind.EXPLAIN, request.workload, request.names, spec),
        baseline=request.baseline,
        label=request.label,
    )
    run.write_result(_ASKED, {"asked": [pitfall.name for pitfall in request.pitfalls]})
    faults, interrupted = list[Sentence](), False
    ended: OrchestratorError | None = None
    with making(run) as made:
        try:
            with logged(run.log_path, display) as listen:
                order = _placements(spec, jobs, request, run, display)
                faults = run_trials(order, runners, run, listen)
        except KeyboardInterrupt:
            interrupted = True
        except OutputError:
            raise
        except OrchestratorError as error:
            ended = error
        made.stopped = interrupted or ended is not None
        found = finish(run, request.names)
    display.say(kept(run))
    return Outcome(run, found, faults, interrupted, ended)


def found_in(run: Run, frameworks: Sequence[str]) -> Found:
    """Explain by every trial that can be read.

    Raises RunUnreadable if its job or what it is cannot be read.
    """
    damages, asked = list[Sentence](), list[Pitfall]()
    trials = run.trials(damages)
    with noting(damages):
        asked = asked_in(run.result(_ASKED) or {})
    pairs = explained(trials, frameworks, run.about().baseline)
    passed = skipped(pairs, asked, run.job_spec(), trials)
    several = [together(trials, list(rows[0].seconds)) for rows in pairs]
    return Found(pairs, several, passed, asked, of_damages(damages))


def finish(run: Run, frameworks: Sequence[str]) -> Found:
    """Write everything that follows from the run's trials: explanation.json, figures, page."""
    from orchestrator import page  # noqa: PLC0415 - as above
    from orchestrator.figures import plots  # noqa: PLC0415 - as above

    named, found = run.about(), found_in(run, frameworks)
    run.write_result("explanation", mapping_of(found, named.workload))
    alone = len(found.pairs) == 1
    drawings = [plots.explanation_canvas(rows, alone=alone).drawing() for rows in found.pairs]
    made = page.explanation_page(
        found.pairs, named, drawings, found.passed, found.cautions, together=found.together
    )
    run.write_page(page.render(made))
    for drawing in drawings:
        run.write_figures(drawing.files())
    return found


def mapping_of(found: Found, workload: str) -> dict[str, object]:
    """Return the contents of explanation.json."""
    mapping = as_dict(workload, found.pairs, found.passed, found.asked, found.cautions)
    return with_together(mapping, found.together)


def _placements(
    spec: job_pb2.JobSpec,
    jobs: Mapping[str, JobSpec],
    request: ExplanationRequest,
    run: Run,
    display: Display,
) -> Iterator[Placement]:
    """Yield the trials of each repetition, the matched ones first; what does not apply is left out.

    ``jobs``: of each side. The sides take turns to be first. What a job has as inputs is known from
    its first trials.
    """
    for repetition in range(request.repeats):
        for place, variant in enumerate(_variants(request)):
            inputs = inputs_of(run.trials()) if variant else {}
            if any(why_none(pitfall, jobs, inputs) for pitfall in variant):
                continue
            changed = _seeded(spec, repetition)
            changed.own_ways.extend(pitfall.way for pitfall in variant)
            if variant:
                what = join(AND, [english(pitfall.title) for pitfall in variant])
                display.say(say(_LETTING_IN, what=what))
            for side in _turn(request.sides, repetition + place):
                yield Placement(side.name, _number_of(variant, repetition), side.spec(changed))
        if request.idiomatic:
            changed = _idiomatic(_seeded(spec, repetition))
            display.say(say(_IDIOMATIC))
            for side in _turn(request.sides, repetition):
                yield Placement(side.name, number_of_idiomatic(repetition), side.spec(changed))


def _seeded(spec: job_pb2.JobSpec, repetition: int) -> job_pb2.JobSpec:
    changed = job_pb2.JobSpec()
    changed.CopyFrom(spec)
    changed.seed = (spec.seed + repetition) % 2**31
    return changed


def _idiomatic(spec: job_pb2.JobSpec) -> job_pb2.JobSpec:
    changed = job_pb2.JobSpec()
    changed.CopyFrom(spec)
    changed.recipe = job_pb2.RECIPE_IDIOMATIC
    return changed


def _variants(request: ExplanationRequest) -> list[tuple[Pitfall, ...]]:
    """Return what is let in: nothing, each alone, and if asked each two that can be at once."""
    both = twos(request.pitfalls) if request.all_pairs else ()
    return [(), *((pitfall,) for pitfall in request.pitfalls), *both]


def _number_of(variant: tuple[Pitfall, ...], repetition: int) -> int:
    if len(variant) > 1:
        return number_of_two(variant, repetition)
    return number_of(variant[0] if variant else None, repetition)


def _turn(sides: Sequence[Side], first: int) -> Sequence[Side]:
    first %= len(sides)
    return (*sides[first:], *sides[:first])
