"""Evaluates the weights of a finished trial, in the framework that trained them or in the other."""

import uuid
from dataclasses import dataclass

from twinrun.v1 import job_pb2

from orchestrator import evidence
from orchestrator.errors import JobFailed
from orchestrator.evaluation import Evaluation, as_dict, evaluation
from orchestrator.language import Phrase, english
from orchestrator.progress import Display
from orchestrator.runners import Runners
from orchestrator.schedule import raise_unless_succeeded
from orchestrator.store import Run

_NO_EVALUATION = Phrase("{framework}: the job {job_id} reported no evaluation.")
_OTHER_SAMPLES = Phrase(
    "{framework} evaluated {found} logits, where the run has {kept} of {trained}: the two did not "
    "have the same test samples."
)


@dataclass(frozen=True, slots=True)
class Request:
    """``framework`` evaluates what ``trained`` has trained in its trial of that ``number``."""

    run: Run
    framework: str
    trained: str
    number: int

    @property
    def name(self) -> str:
        """As its files are named."""
        by = "" if self.framework == self.trained else f"-from-{self.trained}"
        return f"{self.framework}-{self.number}{by}"


def evaluate(request: Request, runners: Runners, display: Display) -> Evaluation:
    """Also keeps it in the run. Raises OrchestratorError."""
    from orchestrator import plots  # noqa: PLC0415 - takes a while to import

    run, name = request.run, request.framework
    weights = run.weights(request.trained, request.number)
    client = runners.get(name)
    submitted = client.evaluate(run.spec(), weights, request_id=uuid.uuid4().hex)
    finished: job_pb2.EvaluationFinished | None = None
    for event in client.watch(submitted.job_id):
        display.event(name, event)
        if event.HasField("evaluation_finished"):
            finished = event.evaluation_finished
    raise_unless_succeeded(client.job(submitted.job_id), name)
    if finished is None:
        raise JobFailed(english(_NO_EVALUATION, framework=name, job_id=submitted.job_id))
    of_trained = None
    if name != request.trained:
        held = evidence.logits(run.logits(request.trained, request.number), request.trained)
        of_trained = held[0]
    found = evidence.logits(client.logits(submitted.job_id), name)
    if of_trained is not None and of_trained.shape != found[0].shape:
        shapes = {"found": found[0].shape, "kept": of_trained.shape}
        raise JobFailed(english(_OTHER_SAMPLES, framework=name, trained=request.trained, **shapes))
    made = evaluation(name, request.trained, finished, found, of_trained)
    run.write_evaluation(request.name, as_dict(made))
    run.write_figures(plots.evaluation_canvas(made, request.name).drawing().files())
    return made
