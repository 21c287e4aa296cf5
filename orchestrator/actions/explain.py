"""Runs the trials of an explanation: the matched job, and one difference at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from twinrun.v1 import job_pb2

from orchestrator.actions.request import Request
from orchestrator.errors import BadInput, OrchestratorError, OutputError
from orchestrator.language.phrases import Phrase, Sentence, english, say
from orchestrator.language.words import KEPT
from orchestrator.results import pitfalls
from orchestrator.results.explanation import MATCHED, Row, as_dict, explained, number_of
from orchestrator.results.pitfalls import Pitfall
from orchestrator.runners.finding import Runners
from orchestrator.runners.placement import Placement
from orchestrator.runners.planning import completed
from orchestrator.runners.progress import Display, logged
from orchestrator.runners.schedule import run_trials
from orchestrator.storage import store
from orchestrator.storage.about import Kind
from orchestrator.storage.store import Run

_LETTING_IN = Phrase("introducing: {what}")
_OF_A_GPU = Phrase("The pitfall {name} is one of a GPU only; add --device cuda.")
_NO_PITFALL = Phrase("There is no pitfall {name!r}; choose from {known}.")


@dataclass(frozen=True, kw_only=True)
class ExplanationRequest(Request):
    """The job, and again with each of ``pitfalls``."""

    pitfalls: Sequence[Pitfall]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished run, and the rows of each pair.

    ``faults``: a sentence for each failed trial; ``ended``: what cut it short.
    """

    run: Run
    pairs: Sequence[Sequence[Row]]
    faults: Sequence[Sentence]
    interrupted: bool
    ended: OrchestratorError | None = None


def chosen(name: str | None, device: job_pb2.Device) -> list[Pitfall]:
    """Return the pitfall of this name, or all that there are on the device. Raises BadInput."""
    if name not in (None, *pitfalls.NAMES):
        raise BadInput(english(_NO_PITFALL, name=name, known=", ".join(pitfalls.NAMES)))
    found = [each for each in pitfalls.of(device) if name in (None, each.name)]
    if not found:
        raise BadInput(english(_OF_A_GPU, name=name))
    return found


def run_explanation(request: ExplanationRequest, runners: Runners, display: Display) -> Outcome:
    """Run one trial after the other; what has finished is kept, also on Ctrl-C or a lost runner."""
    runners.prepare(request.frameworks)
    from orchestrator import page  # noqa: F401, PLC0415 - take a while to import
    from orchestrator.figures import plots  # noqa: F401, PLC0415 - take a while to import

    spec = completed(request.spec, request.frameworks, runners)
    run = store.create(
        *(request.output, Kind.EXPLAIN, request.workload, request.frameworks, spec),
        baseline=request.baseline,
    )
    faults, interrupted = list[Sentence](), False
    ended: OrchestratorError | None = None
    try:
        with logged(run.log_path, display) as listen:
            order = _placements(spec, request, display)
            faults = run_trials(order, runners, run, listen)
    except KeyboardInterrupt:
        interrupted = True
    except OutputError:
        raise
    except OrchestratorError as error:
        ended = error
    pairs = finish(run, request.frameworks)
    display.say(say(KEPT, path=run.path))
    return Outcome(run, pairs, faults, interrupted, ended)


def finish(run: Run, frameworks: Sequence[str]) -> list[list[Row]]:
    """Write everything that follows from the run's trials: explanation.json, figures, page."""
    from orchestrator import page  # noqa: PLC0415 - as above
    from orchestrator.figures import plots  # noqa: PLC0415 - as above

    named = run.about()
    pairs = explained(run.trials(), frameworks, named.baseline)
    run.write_result("explanation", as_dict(named.workload, pairs))
    drawings = [plots.explanation_canvas(rows, alone=len(pairs) == 1).drawing() for rows in pairs]
    run.write_page(page.render(page.explanation_page(pairs, named, drawings)))
    for drawing in drawings:
        run.write_figures(drawing.files())
    return pairs


def _placements(
    spec: job_pb2.JobSpec, request: ExplanationRequest, display: Display
) -> Iterator[Placement]:
    for name in request.frameworks:
        yield Placement(name, MATCHED, spec)
    for pitfall in request.pitfalls:
        display.say(say(_LETTING_IN, what=english(pitfall.title)))
        changed = job_pb2.JobSpec()
        changed.CopyFrom(spec)
        changed.own_ways.append(pitfall.way)
        for name in request.frameworks:
            yield Placement(name, number_of(pitfall), changed)
