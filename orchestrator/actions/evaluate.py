"""Evaluates the weights of a finished trial, in the framework that trained them or in another."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from twinrun.v1 import job_pb2

from orchestrator.certificate import evidence
from orchestrator.certificate.rounding import rule_of
from orchestrator.certificate.tolerance import tolerance
from orchestrator.errors import JobFailed
from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import label
from orchestrator.results.evaluation import Evaluation, Labels, Logits, as_dict, evaluation
from orchestrator.runners.finding import Runners
from orchestrator.runners.progress import Display
from orchestrator.runners.schedule import raise_unless_succeeded
from orchestrator.storage.store import Run
from orchestrator.trials.sides import Side
from orchestrator.trials.spec import in_own_way

_NO_EVALUATION = Phrase("{framework}: the job {job_id} reported no evaluation.")
_OTHER_SAMPLES = Phrase(
    "{framework} evaluated {found} logits, but the run has {kept} from {trained}: "
    "the two did not have the same test samples."
)
_OTHER_LOGITS = Phrase(
    "{framework} computes different logits from {trained}'s weights than {trained} "
    "did after training: they differ by {largest:.0e}, while rounding explains at "
    "most {allowed:.0e}."
)
_OTHER_CALLS = Phrase(
    "The timed calls of {framework} with {size} samples gave different logits than "
    "its evaluation: they differ by {largest:.0e}, while rounding explains at most "
    "{allowed:.0e}."
)
_TIMES = 16  # the effect of rounding on a loss, on the largest logit of a deep model


@dataclass(frozen=True, slots=True)
class Request:
    """``framework`` evaluates the weights of side ``trained`` from its trial ``number``."""

    run: Run
    framework: str
    trained: str
    number: int

    @property
    def name(self) -> str:
        """Its name in its files' names."""
        by = "" if self.framework == self.trained else f"-from-{self.trained}"
        return f"{self.framework}-{self.number}{by}"


def evaluate(
    request: Request, runners: Runners, display: Display
) -> tuple[Evaluation, list[Sentence]]:
    """Evaluate, and store the result in the run. Returns a sentence for each discrepancy.

    Discrepancies are compared with what the weights gave in training. Raises OrchestratorError.
    """
    from orchestrator.figures import plots  # noqa: PLC0415 - takes a while to import

    run, name = request.run, request.framework
    weights = run.weights(request.trained, request.number)
    client = runners.get(name)
    spec = Side.named(request.trained).spec(run.spec())
    submitted = client.evaluate(spec, weights, request_id=uuid.uuid4().hex)
    finished: job_pb2.EvaluationFinished | None = None
    for event in client.watch(submitted.job_id):
        display.event(name, event)
        if event.HasField("evaluation_finished"):
            finished = event.evaluation_finished
    raise_unless_succeeded(client.job(submitted.job_id), name)
    if finished is None:
        raise JobFailed(english(_NO_EVALUATION, framework=name, job_id=submitted.job_id))
    kept, _ = evidence.logits(run.logits(request.trained, request.number), request.trained)
    logits = evidence.logits(client.logits(submitted.job_id), name)
    if kept.shape != logits[0].shape:
        shapes = {"found": logits[0].shape, "kept": kept.shape}
        raise JobFailed(english(_OTHER_SAMPLES, framework=name, trained=request.trained, **shapes))
    of_trained = kept if name != request.trained else None
    others, names = _others(request), spec.dataset.arrays.classes
    result = evaluation(
        name, request.trained, finished, logits, of_trained, others=others, names=names
    )
    run.write_evaluation(request.name, as_dict(result))
    if result.classes:  # others have no confusion matrix
        run.write_figures(plots.evaluation_canvas(result, request.name).drawing().files())
    return result, list(_faults(result, kept, logits[0], run))


def _others(request: Request) -> dict[str, tuple[Logits, Labels]]:
    """Return what the run has of the same trial of its other sides."""
    run, number = request.run, request.number
    own = request.framework if request.framework == request.trained else None
    sides = sorted({trial.framework for trial in run.trials([])} - {own})
    paths = {side: run.path / "logits" / f"{side}-{number}.safetensors" for side in sides}
    return {
        side: evidence.logits(run.logits(side, number), side)
        for side, path in paths.items()
        if path.exists()
    }


def _faults(made: Evaluation, kept: Logits, found: Logits, run: Run) -> Iterator[Sentence]:
    """Yield what rounding does not explain, in the precision of the job."""
    job = run.job_spec()
    if in_own_way(job):  # users' own evaluation may round in any way
        return
    rule = rule_of(job)
    allowed = tolerance(job).logits if rule.first is None else _TIMES * rule.first
    names = {"framework": label(made.framework), "trained": label(made.trained)}
    largest = largest_difference(kept, found)
    if largest > allowed:
        yield english(_OTHER_LOGITS, **names, largest=largest, allowed=allowed)
    for each in made.latencies:
        if each.largest_difference > allowed:
            yield english(
                _OTHER_CALLS,
                framework=label(made.framework),
                size=each.batch_size,
                largest=each.largest_difference,
                allowed=allowed,
            )


def largest_difference(kept: Logits, found: Logits) -> float:
    """Return it relative to the largest logit; infinite where one alone is no finite number."""
    both = np.isfinite(kept)
    if (both != np.isfinite(found)).any():
        return float("inf")
    ours, theirs = kept[both].astype(np.float64), found[both]
    apart = float(np.abs(ours - theirs).max(initial=0.0))
    return apart / float(np.abs(ours).max()) if ours.any() else apart
